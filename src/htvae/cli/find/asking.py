"""``htvae find --detector NAME``: ask about clips, learn a detector, and say how good it is."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from htvae.analysis.model import AnalysisModel
from htvae.analysis.search.clicks import Answer, Lesson, Proposal, Quality, Score
from htvae.analysis.search.search import Search
from htvae.cli.analysis_files import write_json
from htvae.cli.find.answers import append_answer, begin_answers, place_clip, read_answers
from htvae.cli.find.detector_file import save_detector
from htvae.cli.find.files import draw_clips
from htvae.cli.find.options import FindOptions
from htvae.cli.spans import place_span
from htvae.data.processing import ProcessedSequence

CLIP = "clip.gif"
"""Picture of the clip that is asked about."""


def learn_detector(
    options: FindOptions,
    model: AnalysisModel,
    recordings: Sequence[ProcessedSequence],
    found: Search,
) -> list[Path]:
    """Take or ask answers, learn a detector, print how good it is, and return the files written.

    Raises:
        ValueError: there is no answer yet, or none is yes, or the file of answers is faulty.
    """
    assert options.detector is not None
    lesson = Lesson(found, [p.source.subject or p.name for p in recordings], seed=options.seed)
    path = options.answers or options.output_dir / f"{options.detector}_answers.csv"
    if options.answers is not None:
        answers = read_answers(path, recordings)
    else:
        answers = _resume(path, recordings, found)
    for answer in answers:
        lesson = lesson.answer(answer)
    if options.answers is None:
        lesson = _ask(options, model, recordings, lesson, path)
    _check_answers(path, lesson)
    quality, following = lesson.measure(), lesson.propose()
    _say(options.detector, lesson, quality, following, recordings)
    target = options.output_dir / f"{options.detector}.npz"
    save_detector(target, lesson.detector, quality, options.features, model)
    report = write_json(
        target.with_suffix(".json"), options, _summarise(lesson, quality, following, recordings)
    )
    return [path, target, report]


def _resume(path: Path, recordings: Sequence[ProcessedSequence], found: Search) -> list[Answer]:
    """Return the answers given earlier; begin the file where there is none."""
    place = place_span(found.query.recording, found.query.start, found.query.stop)
    query = place["recording"], place["start_frame"], place["stop_frame"]
    if path.is_file():
        return read_answers(path, recordings, query)
    begin_answers(path, query)
    return []


def _ask(
    options: FindOptions,
    model: AnalysisModel,
    recordings: Sequence[ProcessedSequence],
    lesson: Lesson,
    path: Path,
) -> Lesson:
    """Ask until there are enough answers, the user ends, or no clip is left."""
    picture = options.output_dir / CLIP
    while len(lesson.answers) < options.num_answers:
        clip = lesson.propose()
        if clip is None:
            print("Every clip was answered.")
            break
        title = f"{len(lesson.answers) + 1} of {options.num_answers}"
        draw_clips(model, recordings, lesson.search, [clip], picture, title)
        said = _read_answer(f"{title}: {_describe(clip, recordings)} Like the query? {picture} [y/n/q] ")
        if said is None:
            break
        answer = Answer(clip.recording, clip.start, clip.stop, said, clip.reason)
        append_answer(path, recordings, answer)
        lesson = lesson.answer(answer)
    picture.unlink(missing_ok=True)
    return lesson


def _read_answer(question: str) -> bool | None:
    """Return what the user says; None to end, also where the input ends."""
    while True:
        try:
            said = input(question).strip().lower()
        except EOFError:
            return None
        if said in ("y", "yes", "n", "no"):
            return said.startswith("y")
        if said in ("q", "quit"):
            return None


def _check_answers(path: Path, lesson: Lesson) -> None:
    said = [answer.is_yes for answer in lesson.answers]
    if not any(said):
        found = f"all {len(said)} are no" if said else "there is none yet"
        raise ValueError(
            f"{path}: at least one answer must be yes to learn a detector, but {found}. Answer more clips, "
            "or give another span to look for."
        )


def _say(
    name: str,
    lesson: Lesson,
    quality: Quality,
    following: Proposal | None,
    recordings: Sequence[ProcessedSequence],
) -> None:
    said = [answer.is_yes for answer in lesson.answers]
    print(
        f"Detector {name}: {sum(said)} answers of yes, {len(said) - sum(said)} of no, from "
        f"{len({lesson.subjects[a.recording] for a in lesson.answers})} subjects."
    )
    print(f"  {len(lesson.detections)} clips detected in the recordings searched.")
    print(f"  Precision on new subjects {_spell(quality.precision)}")
    print(f"  Recall of clips asked about {_spell(quality.recall)}")
    for note in quality.notes:
        print(f"  Note: {note}")
    if following is not None:
        print(f"  To improve it most, answer next: {_describe(following, recordings)}")


def _spell(score: Score) -> str:
    if not score.cases:
        return "is unknown: no answer tells of it."
    return f"{score.value:.2f} ({score.low:.2f} to {score.high:.2f}, from {score.cases} answers)."


def _describe(clip: Proposal, recordings: Sequence[ProcessedSequence]) -> str:
    place = place_span(recordings[clip.recording], clip.start, clip.stop)
    seconds = place["start_second"], place["stop_second"]
    when = "" if seconds[0] is None else f" ({seconds[0]:.1f} to {seconds[1]:.1f} s)"
    return f"{place['recording']} {place['start_frame']}:{place['stop_frame']}{when}, {clip.reason}."


def _summarise(
    lesson: Lesson, quality: Quality, following: Proposal | None, recordings: Sequence[ProcessedSequence]
) -> dict[str, Any]:
    following_place = None
    if following is not None:
        name, start, stop = place_clip(recordings[following.recording], following)
        following_place = {"recording": name, "start_frame": start, "stop_frame": stop}
    said = [answer.is_yes for answer in lesson.answers]
    return {
        "answers": {"yes": sum(said), "no": len(said) - sum(said)},
        "detections": len(lesson.detections),
        "quality": asdict(quality),
        "next": following_place,
    }
