"""A trained model that also analyses: ``htvae.load("best_model.pt").find_motifs(recordings)``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from htvae.analysis.attention.attention import AttentionAnalysis, analyse_attention
from htvae.analysis.judge.judge import Judgement, judge_recordings, judge_spans
from htvae.analysis.latents.latents import LatentAnalysis, LatentRequest, analyse_latents
from htvae.analysis.motifs.motifs import Motifs, apply_motifs, find_motifs
from htvae.analysis.motion_series import SeriesKind
from htvae.analysis.search.detector import Detection, Detector, apply_detector
from htvae.analysis.search.search import NUM_HITS, Search, build_index, place_query, search
from htvae.analysis.streaming.stream import CONTEXT_CHUNKS, AnalysisStream
from htvae.analysis.study_model import StudyingModel
from htvae.analysis.surprise.scale import SurpriseScale
from htvae.analysis.surprise.surprise import THRESHOLD, SurpriseReport, find_surprise, fit_surprise
from htvae.data.processing import ProcessedSequence
from htvae.inference.checkpoint import BuildModel, load_checkpoint
from htvae.inference.model import Recording


class AnalysisModel(StudyingModel):
    """A trained model that generates and analyses; what `htvae.load` returns also shows."""

    def analyse_attention(
        self, recordings: Sequence[Recording | ProcessedSequence], map_bytes: int = 0, seed: int = 0
    ) -> AttentionAnalysis:
        """Return what the encoder attends to, and what each chunk contributes to the sequence latent.

        Args:
            recordings: files, sequences, arrays, or recordings in the model's coordinates.
            map_bytes: most bytes of attention weights to keep; see `htvae.analysis.attention.attention`.
            seed: of the bootstrap intervals.

        Raises:
            ValueError: the network has no attention, or a recording cannot be read.
        """
        return analyse_attention(self, self._process_all(recordings), map_bytes, seed)

    def analyse_latents(
        self, recordings: Sequence[Recording | ProcessedSequence], request: LatentRequest | None = None
    ) -> LatentAnalysis:
        """Return what the latents hold: maps, used numbers, probes, nearest recordings, directions as motion.

        Args:
            recordings: files, sequences, or recordings in the model's coordinates; their metadata are probed.
            request: what to look at. None: the defaults of `LatentRequest`.

        Raises:
            ValueError: a recording cannot be read, or UMAP is selected and not installed.
        """
        return analyse_latents(self, self._process_all(recordings), request or LatentRequest())

    def find_motifs(self, recordings: Sequence[Recording | ProcessedSequence], **options: Any) -> Motifs:
        """Return what recurs in recordings, and when; see `htvae.analysis.motifs.motifs.find_motifs`.

        Args:
            recordings: files, sequences, arrays, or recordings in the model's coordinates.
            options: num_motifs, bout_seconds, kind, seed.

        Raises:
            ValueError: a recording cannot be read, or all are too short for so many motifs.
        """
        return find_motifs(self, self._process_all(recordings), **options)

    def apply_motifs(self, recordings: Sequence[Recording | ProcessedSequence], motifs: Motifs) -> Motifs:
        """Return the same motifs in other recordings.

        Args:
            recordings: as for `find_motifs`.
            motifs: from `find_motifs`.

        Raises:
            ValueError: a recording cannot be read.
        """
        return apply_motifs(self, self._process_all(recordings), motifs.segmenter, motifs.kind)

    def find(
        self,
        query: Recording | ProcessedSequence,
        frames: tuple[int, int],
        recordings: Sequence[Recording | ProcessedSequence],
        kind: SeriesKind = "filled",
        num_hits: int = NUM_HITS,
    ) -> Search:
        """Find every place in recordings that resembles a span, the most alike first.

        Args:
            query: recording that holds the span, as for `find_motifs`.
            frames: its frames, (first, one after the last).
            recordings: those to search, as for `find_motifs`.
            kind: what is compared, see `htvae.analysis.motion_series.make_series`.
            num_hits: most places to return.

        Raises:
            ValueError: the span lies outside of its recording, is hardly observed, or is longer than every
                recording.
        """
        searched = self._process_all(recordings)
        asked = place_query(self._process_all([query])[0], frames)
        return search(self, build_index(self, searched, kind), searched, asked, kind, num_hits)

    def detect(
        self,
        detector: Detector,
        recordings: Sequence[Recording | ProcessedSequence],
        kind: SeriesKind = "filled",
    ) -> list[Detection]:
        """Return the clips of recordings that a detector takes for its behaviour, the surest first.

        Args:
            detector: from `htvae.analysis.search.clicks.Lesson`.
            recordings: as for `find_motifs`.
            kind: what the detector looks at, as when it was learned.

        Raises:
            ValueError: a recording cannot be read, or all are shorter than the detector's clips.
        """
        return apply_detector(self, detector, self._process_all(recordings), kind)

    def surprise(
        self,
        recordings: Sequence[Recording | ProcessedSequence],
        reference: Sequence[Recording | ProcessedSequence] | None = None,
        threshold: float = THRESHOLD,
        refine_steps: int = 0,
    ) -> SurpriseReport:
        """Return where recordings are unlike what the model expects, and why.

        Args:
            recordings: files, sequences, arrays, or recordings in the model's coordinates.
            reference: recordings that say what is usual. None: the recordings themselves.
            threshold: score from which a frame belongs to a span; lower finds more.
            refine_steps: steps that fit the chunk latents to each recording.

        Raises:
            ValueError: no recordings, or one cannot be read.
        """
        usual = self._process_all(reference) if reference else None
        return find_surprise(
            self, self._process_all(recordings), usual, threshold=threshold, refine_steps=refine_steps
        )

    def fit_surprise(self, reference: Sequence[Recording | ProcessedSequence]) -> SurpriseScale:
        """Return what is usual in recordings, for `stream`.

        Args:
            reference: files, sequences, arrays, or recordings in the model's coordinates.

        Raises:
            ValueError: no recordings, or one cannot be read.
        """
        return fit_surprise(self, self._process_all(reference))

    def stream(
        self,
        fps: float | None = None,
        *,
        surprise: SurpriseScale | None = None,
        motifs: Motifs | None = None,
        context_chunks: int = CONTEXT_CHUNKS,
        **options: Any,
    ) -> AnalysisStream:
        """Return a stream that encodes frames as they come, and scores and names each chunk.

        Args:
            fps: frames per second of the source. None: the model's.
            surprise: from `fit_surprise`. None: chunks get no scores.
            motifs: from `find_motifs`. None: chunks get no motif.
            context_chunks: chunks that scores and motifs are computed from; see `AnalysisStream`.
            options: landmarks, unit, first_frame, max_frames; see `PoseStream`.

        Raises:
            ValueError: an argument is not allowed, or the model is of another architecture.
        """
        return AnalysisStream(self, fps, surprise, motifs, context_chunks, **options)

    def judge(
        self,
        recordings: Sequence[Recording | ProcessedSequence],
        reference: Sequence[Recording | ProcessedSequence] = (),
        spans: bool = False,
        **options: Any,
    ) -> Judgement:
        """Return which label each recording looks like, by how much, where, and how far that can be trusted.

        Args:
            recordings: files, sequences, arrays, or recordings in the model's coordinates.
            reference: the recordings that the model was trained on, for calibration and controls.
            spans: judge the labelled spans of the recordings instead.
            options: num_rounds, seed; see `htvae.analysis.judge.judge`.

        Raises:
            ValueError: the prior is missing or knows fewer than two labels, or a recording cannot be read.
        """
        judge = judge_spans if spans else judge_recordings
        return judge(self, self._process_all(recordings), self._process_all(reference), **options)


def load(path: str | Path, device: str = "auto", build_model: BuildModel | None = None) -> AnalysisModel:
    """Load a trained model.

    Args:
        path: ``best_model.pt`` of a run, or the folder of ``htvae export``.
        device: "auto", "cpu", "cuda" or "mps".
        build_model: function that builds the user's own architecture. None: the model has the default one.

    Raises:
        FileNotFoundError: the file does not exist.
        ValueError: the file is damaged or foreign, or the device is absent.
    """
    return AnalysisModel(load_checkpoint(path), device, build_model)
