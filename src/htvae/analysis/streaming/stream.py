"""`AnalysisStream`: latents, surprise and motif of each chunk of a recording that is still going on.

Latents come from `PoseStream`. Surprise and motif of chunk c are exactly those of an excerpt taken for a
recording of its own: as many frames as ``context_chunks`` full chunks have, up to the end of the look-ahead
(at the end of the recording, up to its last frame). They stand on this floor, since they need the analyses,
which the stream of latents, on the floor of inference, may not know.

Axes: ``T`` frames of the excerpt, ``Z`` latent_dim, ``K`` chunk_latent_dim.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from htvae.analysis.motifs.motifs import Motifs
from htvae.analysis.motion_series import make_group
from htvae.analysis.surprise.measures import measure_recordings
from htvae.analysis.surprise.scale import SurpriseScale
from htvae.data.processing import ProcessedSequence, TransformRecord
from htvae.inference.streaming.stream import PoseStream, StreamedChunk
from htvae.metrics.agreement import NOTHING
from htvae.poses.sequence import PoseSequence

CONTEXT_CHUNKS = 4
"""Chunks of an excerpt: two before the chunk and the look-ahead after it, about 7 s by default."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AnalysedChunk(StreamedChunk):
    """A finished chunk with its surprise and its motif."""

    surprise: Mapping[str, float] | None = None
    """Kind to the highest score of the chunk's frames; NaN where nothing is observed. 1 is worth a look. None
    without a scale."""
    motif: int | None = None
    """Index of the motif that most of the chunk's frames have; -1 where none fits, None without motifs."""
    motif_confidence: float | None = None
    """Mean probability of this motif over its frames in the chunk, 0..1."""


class AnalysisStream(PoseStream):
    """A stream that also scores and names each chunk.

    Args:
        model: a `TrainedModel` of the default architecture.
        fps: frames per second of the source. None: the model's.
        surprise: what is usual, from `htvae.analysis.surprise.surprise.fit_surprise`. None: no scores.
        motifs: fitted motifs. None: no motifs.
        context_chunks: chunks of the excerpt, the look-ahead among them, at least 2. More come closer to what
            the whole recording gives, and take longer.
        options: see `PoseStream`.
    """

    def __init__(
        self,
        model: Any,
        fps: float | None = None,
        surprise: SurpriseScale | None = None,
        motifs: Motifs | None = None,
        context_chunks: int = CONTEXT_CHUNKS,
        **options: Any,
    ) -> None:
        if context_chunks < 2:
            raise ValueError(f"context_chunks must be at least 2, but got {context_chunks}.")
        self.num_kept = context_chunks
        super().__init__(model, fps, **options)
        self.surprise, self.motifs = surprise, motifs

    def _describe(self, chunk: StreamedChunk) -> StreamedChunk:
        if self.surprise is None and self.motifs is None:
            return AnalysedChunk(**vars(chunk))
        excerpt, (start, stop) = self._cut_excerpt(), self._span(chunk.index)
        found: dict[str, Any] = {}
        if self.surprise is not None:
            (measures,) = measure_recordings(self.model, [excerpt], self.surprise.usual)
            scores = self.surprise.score(measures).frames
            found["surprise"] = {kind: _highest(own[start:stop]) for kind, own in scores.items()}
        if self.motifs is not None:
            (series,) = make_group(self.model, [excerpt], self.motifs.kind)
            segmentation = self.motifs.segmenter.apply(series)
            labels, confidence = segmentation.labels[start:stop], segmentation.confidence[start:stop]
            values, counts = np.unique(labels, return_counts=True)
            motif = int(values[counts.argmax()])
            found["motif"] = motif
            found["motif_confidence"] = (
                None if motif == NOTHING else float(confidence[labels == motif].mean())
            )
        return AnalysedChunk(**vars(chunk), **found)

    def _cut_excerpt(self) -> ProcessedSequence:
        """Return the recent frames as a recording of their own."""
        recent, fps = self._recent, self.processor.fps or self.fps
        record = TransformRecord(
            anchor=recent.anchor,
            unit=recent.unit,
            rotation=recent.rotation,
            source_frames=recent.source_frames,
            fps=fps,
            landmarks=self.landmarks,
        )
        places = self.processor.inverse(recent.pose, record)
        source = PoseSequence.from_array(places, self.processor.landmarks, "stream", fps)
        return ProcessedSequence(name="stream", pose=recent.pose, record=record, source=source)


def _highest(scores: np.ndarray) -> float:
    known = scores[np.isfinite(scores)]
    return float(known.max()) if len(known) else float("nan")
