"""The picture of ``htvae norm score``: body maps and timelines of the recordings that deviate most."""

from pathlib import Path

import numpy as np

from htvae.analysis.norm.norm import Norm
from htvae.analysis.norm.score import NormScore, RecordingScore
from htvae.cli.spans import place_span
from htvae.data.processing import PoseDataProcessor
from htvae.plots import norm as plots

MOST_RECORDINGS = 6
"""Recordings in the picture."""


def draw_scores(processor: PoseDataProcessor, score: NormScore, path: Path) -> Path:
    """Draw the recordings with the largest measures, and return the path."""

    def largest(recording: RecordingScore) -> float:
        order = recording.placement.order
        return float(abs(recording.placement.z[order[0]])) if len(order) else -1.0

    chosen = sorted(score.recordings, key=largest, reverse=True)[:MOST_RECORDINGS]
    panels = [_make_panel(processor, recording, score.norm) for recording in chosen]
    return plots.draw_scores(
        panels, path, f"Beside {score.norm.num_subjects} controls: where, when and by how much"
    )


def _make_panel(processor: PoseDataProcessor, recording: RecordingScore, norm: Norm) -> plots.ScorePanel:
    processed, placement = recording.processed, recording.placement
    length, spans = len(processed.pose), recording.deviations.shape[1]
    places = [place_span(processed, s * norm.span, min((s + 1) * norm.span, length)) for s in range(spans)]
    unit = "frames" if processed.source.fps is None else "seconds"
    kind = "second" if unit == "seconds" else "frame"
    borders = [place[f"start_{kind}"] for place in places] + [places[-1][f"stop_{kind}"]]
    return plots.ScorePanel(
        title=processed.name.rsplit("/", 1)[-1],
        pose=_typical_pose(processed.pose[:, : len(processor.landmarks)]),
        edges=processor.edges,
        landmark_deviations=recording.landmark_deviations,
        groups=[group.name for group in norm.groups],
        deviations=recording.deviations,
        borders=np.array(borders, np.float64),
        unit=unit,
        measures=[(norm.measures[i].name, float(placement.z[i])) for i in placement.order],
        limit=norm.largest_z,
    )


def _typical_pose(pose: np.ndarray) -> np.ndarray:
    """Return the median place (L, 2) of each landmark in the picture's plane, NaN where never seen."""
    typical = np.full((pose.shape[1], 2), np.nan)
    for k in np.flatnonzero(np.isfinite(pose[..., 0]).any(axis=0)):
        typical[k] = np.median(pose[np.isfinite(pose[:, k, 0]), k, :2], axis=0)
    return typical
