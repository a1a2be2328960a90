"""Scenes: what a difference between groups looks like, as motion.

- Landmarks differ in speed or range: each subject shows a moment at which the rest of its body does the same;
  the latents of these moments are averaged over each group's subjects and decoded. Beside them stand real
  moments of two subjects, each near its group's mean.
- A component of the latents differs: one real movement is decoded with the component at either group's mean.
- A motif differs in how much, how long or how often it is shown, or in what follows it: its most typical clip
  in either group.

Axes: ``n`` recordings, ``u`` rows (units), ``m`` measures, ``T`` frames, ``N`` points, ``L`` landmarks, ``D``
coordinates, ``S`` seconds bins.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from htvae.analysis.groups.comparison import Comparison
from htvae.analysis.groups.differences import order_measures
from htvae.analysis.groups.motif_measures import FAMILIES as MOTIF_FAMILIES
from htvae.analysis.groups.study_doubts import LEVEL

SceneKind = Literal["landmarks", "latent", "motif"]
MOST_SCENES = 3
MOST_UNSURE = 5
"""Measures, the strongest first, from which scenes are made where no difference holds."""


@dataclass(frozen=True, eq=False)
class Clip:
    """A span of a recording."""

    recording: int
    start: int
    """First model frame."""
    stop: int
    """Model frame after the last one."""
    pose: np.ndarray
    """(T, L, D), hidden points as the model reconstructs them."""


@dataclass(frozen=True, eq=False, kw_only=True)
class MeanMotion:
    """The same movement, as either group does it on average."""

    poses: tuple[np.ndarray, np.ndarray]
    """(T, L, D) of the first and of the second group, decoded."""
    num_subjects: tuple[int, int]
    """Subjects that show the movement."""
    seconds: np.ndarray
    """Middles (S,) of spans; frames where no frame rate is known."""
    distance: np.ndarray
    """(S, L) between the two, torso lengths."""
    chance: np.ndarray
    """(S, L) distance below which 95 % of shuffled groups stay at this moment; NaN for components, where
    it has no meaning."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Scene:
    """A difference, drawn as motion."""

    kind: SceneKind
    measures: tuple[int, ...]
    """Measures that it shows, the strongest first, asymmetries last."""
    holds: bool
    """Whether the first measure has q below 0.05."""
    groups: tuple[int, int]
    """The two groups: with more than two, the lowest and the highest."""
    means: MeanMotion | None
    """None for motifs."""
    clips: tuple[Clip | None, Clip | None]
    """A real clip of each group; None where the group shows none."""
    body: np.ndarray
    """(L, D) a pose that shows all landmarks."""
    values: np.ndarray
    """(L,) the landmarks' effects; for components the largest distances; NaN for motifs."""
    is_sure: np.ndarray
    """(L,) whether the landmark's effect has q below 0.05."""


@dataclass(frozen=True)
class ScenePlan:
    """What a scene will show."""

    kind: SceneKind
    measures: tuple[int, ...]
    motifs: tuple[int, ...] = ()
    """Motif, or the two motifs of a transition."""


def plan_scenes(comparison: Comparison) -> list[ScenePlan]:
    """Return at most `MOST_SCENES` scenes that show all differences which hold, the strongest first.

    Where none holds, the strongest measures are shown all the same. The measures of all landmarks share a
    scene, those of a motif do, and of components of the latents the strongest has one.
    """
    result, measures = comparison.result, comparison.table.measures
    order = [i for i in order_measures(result) if np.isfinite(result.p[i]) and np.isfinite(result.effect[i])]
    shown = [i for i in order if result.q[i] < LEVEL] or order[:MOST_UNSURE]
    parts: dict[tuple[SceneKind, tuple[int, ...]], list[int]] = {}
    for i in shown:
        if measures[i].family in MOTIF_FAMILIES and comparison.motifs is not None:
            motifs = comparison.motifs.motifs_of(measures[i])
            if motifs:
                parts.setdefault(("motif", motifs), []).append(i)
        elif measures[i].family == "latent":
            parts.setdefault(("latent", ()), [i])
        elif measures[i].landmark:
            parts.setdefault(("landmarks", ()), []).append(i)
    plans = [
        ScenePlan(kind, tuple(sorted(own, key=lambda i: measures[i].family.startswith("asymmetry"))), motifs)
        for (kind, motifs), own in parts.items()
    ]
    return plans[:MOST_SCENES]


def choose_groups(comparison: Comparison, measure: int) -> tuple[int, int]:
    """Return the two groups of a measure: both, or the lowest and the highest of more."""
    means = comparison.result.means[:, measure]
    return (0, 1) if len(means) == 2 else (int(np.nanargmin(means)), int(np.nanargmax(means)))


def find_landmarks(
    comparison: Comparison, plan: ScenePlan, landmarks: Sequence[str]
) -> tuple[list[int], str, np.ndarray, np.ndarray]:
    """Return the landmarks that differ, the family that says it best, and every landmark's effect in it.

    Asymmetries count only where no speed or range differs.

    Returns:
        Indices of landmarks, the strongest first; ``speed`` or ``range``; effects (L,); whether (L,) they
        have q below 0.05.
    """
    measures, result = comparison.table.measures, comparison.result
    plain = [i for i in plan.measures if measures[i].family in ("speed", "range")]
    leading = measures[(plain or list(plan.measures))[0]]
    family = leading.family.removeprefix("asymmetry of ")
    named = [measures[i].landmark for i in plain]
    if plain and not result.q[plain[0]] < LEVEL:
        named = named[:1]
    names = set(named) or set(leading.landmark.split(" / "))
    place = {measures[i].landmark: i for i in range(len(measures)) if measures[i].family == family}
    effects, is_sure = np.full(len(landmarks), np.nan), np.zeros(len(landmarks), bool)
    for mark, name in enumerate(landmarks):
        if name in place:
            effects[mark], is_sure[mark] = result.effect[place[name]], result.q[place[name]] < LEVEL
    first = leading.landmark.split(" / ")[0]
    marks = [mark for mark, name in enumerate(landmarks) if name in names]
    return sorted(marks, key=lambda mark: landmarks[mark] != first), family, effects, is_sure
