"""What can be read off the latents by a linear model that has not seen the subject, beside three controls.

Controls: shuffled labels (chance), the mean pose, and hand-made statistics of the poses. A latent that is no
better than these two holds no more than they do.

Axes: ``n`` recordings, ``m`` moments, ``d`` features, ``T`` frames, ``L`` landmarks, ``D`` coordinates.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from htvae.analysis.doubts import Doubt
from htvae.analysis.groups.study import Cells
from htvae.analysis.groups.study_columns import parse_numbers
from htvae.analysis.latents.gather import FRAME_LABEL, MOST_MOMENTS, RecordedLatents, spread_evenly
from htvae.metrics.leak_test import read_off_labels, read_off_numbers
from htvae.metrics.probe import yardstick_features
from htvae.utils.progress import track

NUM_SHUFFLES = 99
CONTROLS = ("mean_pose", "hand_made_statistics")
"""Features that need no model."""
MOST_VALUES = 100
"""Different values of a column up to which it is probed."""
_FEWEST_NUMBERS = 6
"""Different numbers from which a column is a quantity."""
Features = Mapping[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Probe:
    """How well one column is read off one kind of features."""

    column: str
    rows: str
    """``recordings`` or ``moments``."""
    features: str
    """``z``, ``chunk_mean``, ``chunk_mean_and_spread``, ``chunk``, ``z_and_chunk``, or one
    of `CONTROLS`."""
    measure: str
    """``balanced accuracy``, or ``R squared`` for a column of numbers."""
    score: float
    chance: float
    """Mean score of shuffled values."""
    chance_high: float
    """95th percentile of the score of shuffled values."""
    p: float
    """Share of orders of the values, the true one included, that score as well."""
    num_rows: int
    num_values: int
    folds_by: str
    """What training and test folds do not share: ``subject`` or ``recording``."""


def probe_latents(
    latents: RecordedLatents, num_landmarks: int, seed: int = 0
) -> tuple[list[Probe], list[Doubt]]:
    """Return the probes of every column, and why some columns have none.

    Args:
        latents: latents of recordings.
        num_landmarks: points of a pose that are landmarks, the first ones.
        seed: seed of folds and shufflings.
    """
    features = _describe_recordings(latents, num_landmarks)
    names = np.array([p.name for p in latents.recordings])
    jobs: list[tuple[_Question, Features]] = []
    for column, cells in latents.columns.items():
        by, groups = ("recording", names) if column == "subject" else ("subject", latents.subjects)
        jobs.append((_Question(column, "recordings", cells, by, groups), features))
    if any(latents.moment_labels):
        jobs.append(_ask_of_moments(latents, num_landmarks))
    probes: list[Probe] = []
    doubts = []
    for asked, known in track("Probing", jobs):
        try:
            probes += _ask(asked, known, seed)
        except _CannotProbeError as error:
            doubts.append(Doubt("not_probed", str(error)))
    return probes, doubts + _find_doubts(latents)


def _find_doubts(latents: RecordedLatents) -> list[Doubt]:
    """Return what is missing of columns that matter."""
    doubts = []
    if "label" not in latents.columns:
        text = "No recording has a label, so none is probed. Fill in the column label of manifest.csv."
        doubts.append(Doubt("no_label", text))
    if "subject" not in latents.columns:
        text = (
            "No recording names a subject, so each counts as a subject of its own. If people were recorded "
            "more than once, fill in the column subject of manifest.csv, or probes look too good."
        )
        doubts.append(Doubt("no_subject", text))
    return doubts


class _CannotProbeError(ValueError):
    """A column cannot be probed; the text says why."""


@dataclass(frozen=True, eq=False)
class _Question:
    """A column of rows, and what folds must not share."""

    column: str
    rows: str
    cells: Cells
    folds_by: str
    groups: np.ndarray


def _ask(asked: _Question, features: Features, seed: int) -> Iterator[Probe]:
    """Return the probes of one column.

    Raises:
        _CannotProbeError: the column cannot be probed.
    """
    known = np.array([bool(cell) for cell in asked.cells])
    texts = np.array([cell or "" for cell in asked.cells])
    numbers = parse_numbers(texts[known].tolist())
    if numbers is not None and len(set(numbers.tolist())) >= _FEWEST_NUMBERS:
        if len(set(asked.groups[known])) < 2:
            raise _CannotProbeError(
                f"{asked.column} is not probed: it is known for one {asked.folds_by} only."
            )
        return _read_numbers(asked, features, known, numbers, seed)
    return _read_labels(asked, features, _choose_rows(asked, texts), texts, seed)


def _choose_rows(asked: _Question, texts: np.ndarray) -> np.ndarray:
    """Return the rows (n,) bool whose value at least two groups have."""
    values = sorted(set(texts) - {""})
    shared = [value for value in values if len(set(asked.groups[texts == value])) > 1]
    by = asked.folds_by
    if len(shared) < 2:
        raise _CannotProbeError(
            f"{asked.column} is not probed: two values must have at least two {by}s each, but "
            f"{len(shared)} of {len(values)} values {'has' if len(shared) == 1 else 'have'}."
        )
    if len(values) > MOST_VALUES:
        raise _CannotProbeError(
            f"{asked.column} is not probed: it may have at most {MOST_VALUES} different values, but has "
            f"{len(values)}."
        )
    chosen: np.ndarray = np.isin(texts, shared)
    return chosen


def _read_labels(
    asked: _Question, features: Features, rows: np.ndarray, texts: np.ndarray, seed: int
) -> Iterator[Probe]:
    for name, values in features.items():
        rng = np.random.default_rng((seed, 5))
        found = read_off_labels(values[rows], texts[rows], asked.groups[rows], NUM_SHUFFLES, rng)
        yield Probe(
            column=asked.column,
            rows=asked.rows,
            features=name,
            measure="balanced accuracy",
            score=found.accuracy,
            chance=found.chance,
            chance_high=found.chance_high,
            p=found.p,
            num_rows=int(rows.sum()),
            num_values=len(set(texts[rows])),
            folds_by=asked.folds_by,
        )


def _read_numbers(
    asked: _Question, features: Features, rows: np.ndarray, numbers: np.ndarray, seed: int
) -> Iterator[Probe]:
    for name, values in features.items():
        rng = np.random.default_rng((seed, 5))
        found = read_off_numbers(values[rows], numbers, asked.groups[rows], NUM_SHUFFLES, rng)
        yield Probe(
            column=asked.column,
            rows=asked.rows,
            features=name,
            measure="R squared",
            score=found.r_squared,
            chance=found.chance,
            chance_high=found.chance_high,
            p=found.p,
            num_rows=int(rows.sum()),
            num_values=len(set(numbers.tolist())),
            folds_by=asked.folds_by,
        )


def _describe_recordings(latents: RecordedLatents, num_landmarks: int) -> dict[str, np.ndarray]:
    """Return the features (n, d) of recordings, by name."""
    features = {"z": latents.sequences}
    if latents.moments.shape[1]:
        mean = np.stack([e.chunk_latents.mean(axis=0) for e in latents.encodings])
        spread = np.stack([e.chunk_latents.std(axis=0) for e in latents.encodings])
        features |= {"chunk_mean": mean, "chunk_mean_and_spread": np.hstack([mean, spread])}
    return features | yardstick_features([p.pose[:, :num_landmarks] for p in latents.recordings])


def _ask_of_moments(latents: RecordedLatents, num_landmarks: int) -> tuple[_Question, Features]:
    """Return the question what happens in a moment, and the features (m, d) of moments."""
    chosen = spread_evenly(len(latents.owner), MOST_MOMENTS)
    owner = latents.owner[chosen]
    features = {"z": latents.sequences[owner]}
    if latents.moments.shape[1]:
        chunk = latents.moments[chosen]
        features |= {"chunk": chunk, "z_and_chunk": np.hstack([features["z"], chunk])}
    features |= yardstick_features(_cut_moments(latents, chosen, num_landmarks))
    labels = [latents.moment_labels[i] for i in chosen]
    return _Question(FRAME_LABEL, "moments", labels, "subject", latents.subjects[owner]), features


def _cut_moments(latents: RecordedLatents, chosen: np.ndarray, num_landmarks: int) -> list[np.ndarray]:
    """Return the poses (T, L, D) of moments."""
    return [
        latents.recordings[i].pose[start:stop, :num_landmarks]
        for i, (start, stop) in zip(latents.owner[chosen], latents.spans[chosen].tolist(), strict=True)
    ]
