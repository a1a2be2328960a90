"""``check-data``: what training would make of a folder, and what is wrong with its labels and its splits."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from htvae.config import DataConfig
from htvae.data.processing import PoseDataProcessor
from htvae.data.rates import are_same, commonest_rate
from htvae.data.splits import Splits, split_recordings
from htvae.io.checks.confounds import find_confounds
from htvae.io.checks.finding import FolderFinding
from htvae.io.checks.metadata import collect_warnings
from htvae.io.checks.report import FolderReport, SplitReport, TrainingReport, count_subjects
from htvae.io.checks.words import count
from htvae.poses.sequence import SPLITS, PoseSequence

_MISTAKES = {
    "A subject must be in one split": "subject_in_splits",
    "A session must be in one split": "session_in_splits",
    "A recording must be in one split": "copies_in_splits",
    "A label must be shared by subjects": "label_is_subject",
}
"""Beginnings of a split's notes that say a mistake, and the kinds of their findings. Others are facts."""


def check_training(report: FolderReport, data_dir: Path, config: DataConfig) -> FolderReport:
    """Return the report with what training would make of the recordings."""
    sequences = report.sequences
    names = {sequence.name for sequence in sequences}
    if not names or len(names) < len(sequences):  # nothing to train on, or names twice, which the report says
        return report
    with collect_warnings("htvae.data.splits"):
        splits = split_recordings(sequences, config)
    mistakes = {note: kind for note in splits.notes if (kind := _kind_of(note))}
    findings = [_finding(note, kind) for note, kind in mistakes.items()]
    if "label_is_subject" not in mistakes.values():
        findings += find_confounds(sequences)
    facts = [note for note in splits.notes if note not in mistakes]
    return replace(
        report,
        faults=[*report.faults, *_find_faults(sequences, splits, data_dir, config)],
        findings=[*report.findings, *findings],
        training=TrainingReport(
            splits=tuple(_describe_splits(sequences, splits)),
            labels=dict(Counter(s.label for s in sequences if s.label is not None).most_common()),
            spans=_count_spans(sequences),
            notes=(*_describe_rates(sequences, splits, config), *facts),
        ),
    )


def _kind_of(note: str) -> str:
    return next((kind for start, kind in _MISTAKES.items() if note.startswith(start)), "")


def _finding(note: str, kind: str) -> FolderFinding:
    message, _, remedy = note.rpartition(". ")
    return FolderFinding(kind=kind, message=f"{message}.", remedy=remedy)


def _find_faults(
    sequences: Sequence[PoseSequence], splits: Splits, data_dir: Path, config: DataConfig
) -> Iterator[str]:
    """Yield what would end training at once."""
    if not splits.train:
        yield (
            f"{data_dir}: a recording must be left to train on, but all {len(sequences)} are held out. "
            "Correct the column split of manifest.csv."
        )
    processor = PoseDataProcessor(config)
    processor.fps = _model_rate(sequences, splits, config)
    for sequence in sequences:
        try:
            processor.check_rate(sequence)
        except ValueError as error:
            yield str(error)


def _describe_splits(sequences: Sequence[PoseSequence], splits: Splits) -> Iterator[SplitReport]:
    for name in SPLITS:
        names = set(getattr(splits, name))
        own = [sequence for sequence in sequences if sequence.name in names]
        frames = sum(sequence.num_frames for sequence in own)
        yield SplitReport(name=name, recordings=len(own), frames=frames, subjects=count_subjects(own))


def _count_spans(sequences: Sequence[PoseSequence]) -> dict[str, tuple[int, int]]:
    """Return the labelled spans and the frames in them, by label; spans that overlap count twice."""
    spans: Counter[str] = Counter()
    frames: Counter[str] = Counter()
    for sequence in sequences:
        first, stop = sequence.first_frame, sequence.first_frame + sequence.num_frames
        for span in sequence.frame_labels:
            spans[span.label] += 1
            frames[span.label] += max(min(span.stop, stop) - max(span.start, first), 0)
    return {label: (number, frames[label]) for label, number in spans.most_common()}


def _model_rate(sequences: Sequence[PoseSequence], splits: Splits, config: DataConfig) -> float | None:
    train = set(splits.train)
    return config.fps or commonest_rate([sequence for sequence in sequences if sequence.name in train])


def _describe_rates(sequences: Sequence[PoseSequence], splits: Splits, config: DataConfig) -> Iterator[str]:
    """Yield a sentence on what is resampled to what."""
    fps = _model_rate(sequences, splits, config)
    if fps is None:
        return
    others = Counter(s.fps for s in sequences if s.fps is not None and not are_same(s.fps, fps))
    if others:
        listed = ", ".join(f"{count(n, 'recording')} at {rate:g}" for rate, n in sorted(others.items()))
        origin = "as --fps says" if config.fps else "the commonest rate"
        yield f"Frame rates differ: resampled to {fps:g} frames per second ({origin}): {listed}."
