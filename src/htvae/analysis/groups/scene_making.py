"""Makes the scenes of a comparison; see `htvae.analysis.groups.scenes`.

Axes: ``n`` recordings, ``u`` rows (units), ``T`` frames, ``N`` points, ``L`` landmarks, ``D`` coordinates.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from htvae.analysis.groups.alike_moments import STRIDE_SECONDS, Contrast, Moment, find_alike_moments
from htvae.analysis.groups.comparison import Comparison
from htvae.analysis.groups.mean_motion import (
    average_moments,
    encode_moments,
    find_usual_span,
    move_along_component,
)
from htvae.analysis.groups.scenes import (
    Clip,
    Scene,
    ScenePlan,
    choose_groups,
    find_landmarks,
    plan_scenes,
)
from htvae.analysis.groups.study_doubts import LEVEL
from htvae.analysis.motifs.motifs import CLIP_SECONDS, Motifs
from htvae.analysis.motion_series import make_series
from htvae.data.processing import ProcessedSequence
from htvae.inference.model import TrainedModel
from htvae.poses.body_groups import group_landmarks

MOMENT_SECONDS = 3.0
"""Length of the movement that both groups show."""
LEAST_MATCHED = 0.25
"""Share of landmarks that must be left to be alike; else all are."""


def make_scenes(
    model: TrainedModel, recordings: Sequence[ProcessedSequence], comparison: Comparison
) -> list[Scene]:
    """Return what the differences of a comparison look like, the strongest first.

    Args:
        model: the trained model.
        recordings: those that were compared.
        comparison: from `htvae.analysis.groups.comparison.compare_recordings`.

    Returns:
        Scenes, fewer than differences; see `plan_scenes`. Measures that cannot be drawn have none.
    """
    plans = plan_scenes(comparison)
    if not plans:
        return []
    maker = _Maker(model, recordings, comparison, make_series(model, recordings, "filled"))
    made = {"landmarks": maker.show_landmarks, "latent": maker.show_component, "motif": maker.show_motif}
    scenes = [made[plan.kind](plan) for plan in plans]
    return [scene for scene in scenes if scene is not None]


def widest_pose(pose: np.ndarray) -> np.ndarray:
    """Return the frame (L, D) of a motion (T, L, D) in which the body is widest: it hides least."""
    widths = np.ptp(pose[..., 0], axis=1)
    widest: np.ndarray = pose[int(np.argmax(widths))]
    return widest


@dataclass(frozen=True, eq=False)
class _Maker:
    model: TrainedModel
    recordings: Sequence[ProcessedSequence]
    comparison: Comparison
    series: list[np.ndarray]

    @property
    def num_landmarks(self) -> int:
        """L."""
        return len(self.model.processor.landmarks)

    def show_landmarks(self, plan: ScenePlan) -> Scene | None:
        """Return how the landmarks that differ move while the rest of the body does the same."""
        comparison, units = self.comparison, self.comparison.result.units
        groups = choose_groups(comparison, plan.measures[0])
        marks, family, effects, is_sure = find_landmarks(comparison, plan, self.model.processor.landmarks)
        leading = comparison.table.names.index(f"{family} of {self.model.processor.landmarks[marks[0]]}")
        rows = (np.flatnonzero(units.groups == groups[0]), np.flatnonzero(units.groups == groups[1]))
        moments = self._find_moments(self._matched(marks), Contrast(marks, rows))
        means = average_moments(
            self.model, self.recordings, self.series, moments, units, groups, comparison.request.seed
        )
        if means is None:
            return None
        first, second = (self._typical_moment(moments, group, leading) for group in groups)
        scene = self._frame(plan, groups)
        if not scene.holds:
            means = replace(means, chance=np.full(means.chance.shape, np.inf))
        body = widest_pose(means.poses[0])
        return replace(scene, means=means, clips=(first, second), body=body, values=effects, is_sure=is_sure)

    def show_component(self, plan: ScenePlan) -> Scene | None:
        """Return one real movement with a component of the latents at either group's mean."""
        comparison, result = self.comparison, self.comparison.result
        groups = choose_groups(comparison, plan.measures[0])
        latents = np.stack([encoding.sequence_latent for encoding in comparison.encodings])
        used = result.units.rows_of_recordings >= 0
        length = self._moment_frames()
        span = find_usual_span(self.series, latents, used, self.num_landmarks, length)
        if span is None:
            return None
        recording, start = span
        row = int(result.units.rows_of_recordings[recording])
        moment = Moment(row, recording, start, start + length, 0.0)
        names = [measure.name for measure in comparison.table.measures if measure.family == "latent"]
        component = comparison.axes.components[names.index(comparison.table.names[plan.measures[0]])]
        places = [float(result.means[group, plan.measures[0]]) for group in groups]
        sizes = [int((result.units.groups == group).sum()) for group in groups]
        means = move_along_component(
            self.model,
            encode_moments(self.model, self.recordings, self.series, [moment]),
            (comparison.axes.mean, component),
            (places[0], places[1]),
            (sizes[0], sizes[1]),
            length,
        )
        body, values = widest_pose(means.poses[0]), means.distance.max(axis=0)
        return replace(self._frame(plan, groups), means=means, body=body, values=values)

    def show_motif(self, plan: ScenePlan) -> Scene | None:
        """Return typical clips of a motif, or of the change from one to another, in either group."""
        found, units = self.comparison.found, self.comparison.result.units
        if found is None:
            return None
        groups = choose_groups(self.comparison, plan.measures[0])
        clips = []
        for group in groups:
            rows = units.rows_of_recordings
            own = np.flatnonzero((rows >= 0) & (units.groups[rows] == group))
            clips.append(self._motif_clip(found, plan.motifs, own))
        if clips == [None, None]:
            return None
        return replace(self._frame(plan, groups), clips=(clips[0], clips[1]))

    def _frame(self, plan: ScenePlan, groups: tuple[int, int]) -> Scene:
        """Return a scene without motion."""
        count = self.num_landmarks
        body = np.array(self.model.processor.pose_mean)[:count]
        return Scene(
            kind=plan.kind,
            measures=plan.measures,
            holds=bool(self.comparison.result.q[plan.measures[0]] < LEVEL),
            groups=groups,
            means=None,
            clips=(None, None),
            body=body,
            values=np.full(count, np.nan),
            is_sure=np.zeros(count, bool),
        )

    def _matched(self, marks: Sequence[int]) -> list[int]:
        """Return the landmarks outside of the parts of the body that differ; all where few are left."""
        processor = self.model.processor
        parts = group_landmarks(processor.landmarks, processor.edges)
        differ = {i for part in parts if set(part.landmarks) & set(marks) for i in part.landmarks}
        rest = [i for i in range(self.num_landmarks) if i not in differ]
        return rest if len(rest) >= LEAST_MATCHED * self.num_landmarks else list(range(self.num_landmarks))

    def _moment_frames(self) -> int:
        """Return the length of moments: most rows have a recording that is twice as long."""
        rows = self.comparison.result.units.rows_of_recordings
        longest = [
            max(len(one) for one, row in zip(self.series, rows, strict=True) if row == own)
            for own in np.unique(rows[rows >= 0])
        ]
        wanted = round(MOMENT_SECONDS * (self.model.processor.fps or 30.0))
        return max(2, min(wanted, int(np.quantile(longest, 0.25)) // 2))

    def _find_moments(self, matched: Sequence[int], contrast: Contrast) -> list[Moment]:
        rows = self.comparison.result.units.rows_of_recordings
        stride = max(1, round(STRIDE_SECONDS * (self.model.processor.fps or 30.0)))
        seed = self.comparison.request.seed
        return find_alike_moments(self.series, rows, matched, self._moment_frames(), stride, contrast, seed)

    def _typical_moment(self, moments: Sequence[Moment], group: int, measure: int) -> Clip | None:
        """Return the moment of a subject that is near its group's mean and shows the moment well."""
        result = self.comparison.result
        own = [moment for moment in moments if result.units.groups[moment.row] == group]
        mean = result.means[group, measure]
        if not own:
            return None
        away = np.abs(result.values[[moment.row for moment in own], measure] - mean)
        apart = np.array([moment.distance for moment in own])
        scores = away / max(float(np.nanmean(away)), 1e-9) + apart / max(float(apart.mean()), 1e-9)
        best = own[int(np.argmin(np.nan_to_num(scores, nan=np.inf)))]
        return self._clip(best.recording, best.start, best.stop)

    def _clip(self, recording: int, start: int, stop: int) -> Clip:
        pose = self.series[recording][start:stop, : self.num_landmarks]
        return Clip(recording, start, stop, pose)

    def _motif_clip(self, found: Motifs, motifs: tuple[int, ...], own: np.ndarray) -> Clip | None:
        """Return the most typical clip of a motif in some recordings, or around a change between two."""
        if len(motifs) == 1:
            part = replace(found, segmentations=[found.segmentations[i] for i in own])
            best = part.typical_bouts()[motifs[0]]
            return self._clip(int(own[best[0].recording]), best[0].start, best[0].stop) if best else None
        half = round(CLIP_SECONDS / 2 * (found.fps or 30.0))
        changes = []
        for a, b in zip(found.bouts[:-1], found.bouts[1:], strict=True):
            is_change = (a.motif, b.motif) == motifs and a.recording == b.recording and a.stop == b.start
            if is_change and a.recording in own:
                start, stop = max(a.start, b.start - half), min(b.stop, b.start + half)
                changes.append((stop - start, a.confidence + b.confidence, a.recording, start, stop))
        return self._clip(*max(changes)[2:]) if changes else None
