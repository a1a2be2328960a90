"""The model as judge: which label recordings and spans look like, and how far that can be trusted.

- Each recording gets a likelihood with each label that the prior knows; see `htvae.models.label_evidence`.
- The temperature of the probabilities is fitted on validation recordings, whose labels the prior has not
  learned from.

Axes: ``G`` labels.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from htvae.analysis.judge.evidence import measure_label_evidence, measure_span_evidence
from htvae.analysis.judge.halves import relate_halves
from htvae.analysis.judge.trust import Calibration, Trust, calibrate, measure_trust
from htvae.analysis.judge.verdicts import Verdict, cut_spans, sort_verdicts
from htvae.data.processing import ProcessedSequence
from htvae.generation.sampler import MotionSampler
from htvae.metrics.reliability import Reliability
from htvae.poses.sequence import content_hash
from htvae.utils.progress import Progress

NUM_ROUNDS = 8
"""Independent estimates of each likelihood."""

JudgeOne = Callable[[ProcessedSequence, str], list[Verdict]]
"""Verdicts about a recording of a split."""


@dataclass(frozen=True, eq=False)
class Judgement:
    """What the judge says about recordings, or about their labelled spans."""

    labels: tuple[str, ...]
    """Labels (G,) that the prior knows."""
    verdicts: list[Verdict]
    """One for each recording or span, the most doubtful labels first."""
    calibration: Calibration
    """How probabilities are made of likelihoods."""
    trust: Trust | None
    """How often the judge is right; None where nothing has a label that the prior knows."""
    reliability: Reliability
    """Of the evidence for each label (G,): whether the halves of what is judged favour it alike."""


def judge_recordings(
    model: MotionSampler,
    recordings: Sequence[ProcessedSequence],
    reference: Sequence[ProcessedSequence] = (),
    num_rounds: int = NUM_ROUNDS,
    seed: int = 0,
) -> Judgement:
    """Say which label each recording looks like.

    Args:
        model: a model whose prior knows at least two labels of recordings.
        recordings: those to judge, at least one; a label is not needed.
        reference: the model's own recordings: those of training teach the controls, those of validation
            calibrate the probabilities. Such recordings among those to judge are used, too.
        num_rounds: independent estimates of each likelihood, at least 2; the interval is over them.
        seed: seed of noise, times and latents.

    Raises:
        ValueError: the prior is missing or knows fewer than two labels, or there is nothing to judge.
    """
    _check(model, model.labels, "recordings", "the column label of manifest.csv")
    judge = partial(_judge_recording, model, num_rounds, seed)
    return _judge(model, recordings, reference, model.labels, judge, _label_whole, num_rounds, seed)


def judge_spans(
    model: MotionSampler,
    recordings: Sequence[ProcessedSequence],
    reference: Sequence[ProcessedSequence] = (),
    num_rounds: int = NUM_ROUNDS,
    seed: int = 0,
) -> Judgement:
    """Say which label each labelled span looks like, given the labels of the other spans.

    A span that is too short to hold one of the prior's places (a quarter of a chunk) is left out.

    Args:
        model: a model whose prior knows at least two labels of spans.
        recordings: as for `judge_recordings`, with labelled spans.
        reference: as for `judge_recordings`.
        num_rounds: as for `judge_recordings`.
        seed: as for `judge_recordings`.

    Raises:
        ValueError: the prior is missing or knows fewer than two labels of spans, or there are no spans.
    """
    _check(model, model.chunk_labels, "spans", "frame_labels.csv")
    if recordings and not any(p.source.frame_labels for p in recordings):
        raise ValueError(
            "Spans to judge must have labels, but no recording has any. Add frame_labels.csv to the folder, "
            "or judge whole recordings."
        )
    judge = partial(_judge_spans, model, num_rounds, seed)
    return _judge(model, recordings, reference, model.chunk_labels, judge, cut_spans, num_rounds, seed)


def _check(model: MotionSampler, labels: Sequence[str], what: str, source: str) -> None:
    if not model.has_prior:
        raise ValueError(
            "The model must have a prior to judge, but has none. Add one: htvae train-prior --checkpoint "
            "FILE."
        )
    if len(labels) < 2:
        found = f"only {labels[0]!r}" if labels else "none"
        raise ValueError(
            f"The prior must know at least two labels of {what}, but knows {found}. Fill {source} of the "
            "training recordings, then: htvae train-prior --checkpoint FILE."
        )


def _judge(
    model: MotionSampler,
    recordings: Sequence[ProcessedSequence],
    reference: Sequence[ProcessedSequence],
    labels: tuple[str, ...],
    judge: JudgeOne,
    cut: Callable[[ProcessedSequence], list[tuple[ProcessedSequence, str]]],
    num_rounds: int,
    seed: int,
) -> Judgement:
    if not recordings:
        raise ValueError("There must be a recording to judge, but there is none.")
    if num_rounds < 2:
        raise ValueError(f"num_rounds must be at least 2, for an interval, but got {num_rounds}.")
    own, others = _list_once(model, recordings), _list_once(model, reference)
    for content in own:
        others.pop(content, None)
    usable = [*own.values(), *others.values()]
    asked = [(p, split) for p, split in others.values() if split == "val" and cut(p)]
    verdicts = _run(judge, [(p, _split(model, p)) for p in recordings])
    calibration = calibrate([*verdicts, *_run(judge, asked, "Calibrating")])
    training = [pair for p, split in usable if split == "train" for pair in cut(p) if pair[1] in labels]
    trust = measure_trust(model, verdicts, training, calibration, seed)
    reliability = relate_halves(verdicts, len(labels), seed)
    return Judgement(labels, sort_verdicts(verdicts), calibration, trust, reliability)


def _run(
    judge: JudgeOne, recordings: Sequence[tuple[ProcessedSequence, str]], name: str = "Judging"
) -> list[Verdict]:
    progress = Progress(name, len(recordings), unit="recordings")
    verdicts: list[Verdict] = []
    try:
        for done, (processed, split) in enumerate(recordings, 1):
            verdicts += judge(processed, split)
            progress.update(done)
    finally:
        progress.close()
    return verdicts


def _split(model: MotionSampler, processed: ProcessedSequence) -> str:
    return model.splits.of(processed.name, content_hash(processed.source))


def _list_once(
    model: MotionSampler, recordings: Iterable[ProcessedSequence]
) -> dict[str, tuple[ProcessedSequence, str]]:
    """Return recordings with their splits by content, so that no recording counts twice."""
    return {content_hash(p.source): (p, _split(model, p)) for p in recordings}


def _label_whole(processed: ProcessedSequence) -> list[tuple[ProcessedSequence, str]]:
    label = processed.source.label
    return [] if label is None else [(processed, label)]


def _judge_recording(
    model: MotionSampler, num_rounds: int, seed: int, processed: ProcessedSequence, split: str
) -> list[Verdict]:
    windows = model.windowed.encode([processed.pose])[0]
    return [
        Verdict(
            processed=processed,
            split=split,
            frames=(0, len(processed.pose)),
            labels=model.labels,
            label=processed.source.label,
            evidence=measure_label_evidence(model, windows, num_rounds, seed),
            chunk_spans=model.grid.spans(len(processed.pose)),
        )
    ]


def _judge_spans(
    model: MotionSampler, num_rounds: int, seed: int, processed: ProcessedSequence, split: str
) -> list[Verdict]:
    spans = model.grid.spans(len(processed.pose))
    windows = model.windowed.encode([processed.pose])[0]
    return [
        Verdict(
            processed=processed,
            split=split,
            frames=found.frames,
            labels=model.chunk_labels,
            label=found.label,
            evidence=found.evidence,
            chunk_spans=spans[slice(*found.chunks)],
        )
        for found in measure_span_evidence(model, processed, windows, num_rounds, seed)
    ]
