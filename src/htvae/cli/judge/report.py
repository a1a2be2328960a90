"""The verdict of ``htvae judge`` in plain words."""

from collections.abc import Iterator
from math import isfinite

from htvae.analysis.judge.controls import CHANCE
from htvae.analysis.judge.judge import Judgement
from htvae.analysis.judge.trust import SURE, UNSEEN, Trust
from htvae.analysis.judge.verdicts import Verdict
from htvae.cli.spans import place_span
from htvae.utils.text import list_names, printable

_NUM_NAMED = 10


def describe_judgement(judgement: Judgement, what: str) -> list[str]:
    """Return the verdict: how often the judge is right, then the doubtful labels.

    Args:
        judgement: what the judge says.
        what: ``recordings`` or ``spans``.
    """
    lines = [*_describe_trust(judgement, what), _describe_reliability(judgement, what)]
    doubtful = [v for v in judgement.verdicts if v.looks_otherwise]
    labelled = sum(v.given is not None for v in judgement.verdicts)
    if labelled:
        lines.append(f"{len(doubtful)} of {labelled} {what} look like another label than theirs.")
    lines += [f"  {describe_verdict(v, judgement)}" for v in doubtful[:_NUM_NAMED]]
    if len(doubtful) > _NUM_NAMED:
        lines.append(f"  ... and {len(doubtful) - _NUM_NAMED} more, see the table.")
    lines += _describe_unlabelled(judgement, what)
    return lines


def describe_verdict(verdict: Verdict, judgement: Judgement) -> str:
    """Return one verdict as a sentence."""
    best, against = verdict.labels[verdict.best], verdict.labels[verdict.against]
    low, high = verdict.log_odds_interval
    if verdict.looks_otherwise:
        claim = f"looks like {best}, not like its label {against}"
    else:
        claim = f"looks like {best} rather than {against}"
    probability = verdict.probability(judgement.calibration.temperature)[verdict.best]
    said = f" (probability {probability:.2f})" if judgement.calibration.num_recordings else ""
    text = f"{name_place(verdict)} {claim}{said}: {verdict.log_odds:.1f} nats ({low:.1f} to {high:.1f})"
    return printable(text) + (", too close to call." if low <= 0 else _describe_decisive(verdict))


def name_place(verdict: Verdict) -> str:
    """Return the name of a recording, or of a span with its frames in the source."""
    processed = verdict.processed
    if verdict.frames == (0, len(processed.pose)):
        return processed.name
    place = place_span(processed, *verdict.frames)
    return f"{processed.name}, frames {place['start_frame']} to {place['stop_frame']},"


def _describe_decisive(verdict: Verdict) -> str:
    """Return where half of the log-odds come from."""
    if verdict.decisive_frames is None:
        return "."
    place = place_span(verdict.processed, *verdict.decisive_frames)
    if place["start_second"] is None:
        return f", half of it at frames {place['start_frame']} to {place['stop_frame']}."
    return f", half of it at {place['start_second']:.1f} to {place['stop_second']:.1f} s."


def _describe_trust(judgement: Judgement, what: str) -> Iterator[str]:
    trust = judgement.trust
    if trust is None:
        yield f"No {what[:-1]} has a label that the prior knows ({list_names(judgement.labels)})."
        yield "How far the judge can be trusted is unknown."
        return
    own = trust.scores["judge"]
    low, high = own.interval
    yield (
        f"On {_describe_parts(trust, what)}, the judge names the label in {own.accuracy:.0%} ({low:.0%} to "
        f"{high:.0%})."
    )
    for name, score in trust.scores.items():
        if name != "judge":
            low, high = (100 * end for end in score.difference_interval)
            interval = f" ({low:+.0f} to {high:+.0f})" if isfinite(low) else ""
            yield (
                f"  {name}: {score.accuracy:.0%}; judge minus this: {100 * score.judge_is_better_by:+.0f} "
                f"points{interval}"
            )
    yield from _warn(judgement, trust)


def _describe_parts(trust: Trust, what: str) -> str:
    subjects = f"{trust.num_subjects} subject" + ("s" if trust.num_subjects != 1 else "")
    return f"{trust.num_judged} {what} ({' and '.join(trust.parts)}) of {subjects}"


def _warn(judgement: Judgement, trust: Trust) -> Iterator[str]:
    """Yield what makes the accuracy or the probabilities doubtful."""
    if not set(trust.parts) & set(UNSEEN):
        seen = "in training" if "train" in trust.parts else "while the prior was chosen"
        yield f"Note: the model saw these labels {seen}, so the accuracy is too high. Judge new recordings."
    for name, score in trust.scores.items():
        if name not in CHANCE and score.judge_is_better_by < 0:
            yield f"Note: {name}: better than the judge here; rather use it."
    if len(trust.scores) == 1:
        yield "Note: no controls, since no labelled training recordings were found (--training_dir)."
    if not judgement.calibration.num_recordings:
        yield "Note: probabilities are not calibrated, since no labelled validation recordings were found."
        return
    yield (
        f"Probabilities are calibrated on {judgement.calibration.num_recordings} validation recordings; "
        f"calibration error {trust.calibration_error:.2f}. Of {trust.num_sure} verdicts with a probability "
        f"of {SURE:g} or more, {trust.num_sure_right} are right."
    )


def _describe_reliability(judgement: Judgement, what: str) -> str:
    found = judgement.reliability
    if not any(map(isfinite, found.value.tolist())):
        return (
            f"Whether the halves of {what} favour the same label is unknown: they are too few or too short."
        )
    low = [name for name, own in zip(judgement.labels, found.is_low, strict=True) if own]
    if not low:
        return f"The halves of {what} favour the same labels (reliability 0.5 and above)."
    return (
        f"Reliability of the evidence below 0.5 (halves of {what}): {list_names(low)}. Other seconds of the "
        "same recording might favour another label."
    )


def _describe_unlabelled(judgement: Judgement, what: str) -> Iterator[str]:
    open_ones = [v for v in judgement.verdicts if v.given is None]
    unknown = sorted({v.label for v in open_ones if v.label is not None})
    if unknown:
        yield (
            f"The prior does not know these labels, so they are not judged: {list_names(unknown)}. "
            "It knows " + list_names(judgement.labels) + "."
        )
    if open_ones:
        yield f"{len(open_ones)} {what} without a label that the prior knows:"
    yield from (f"  {describe_verdict(v, judgement)}" for v in open_ones[:_NUM_NAMED])
