"""The work of the generating commands: options in, files out.

Each command writes pose CSVs with ``manifest.csv`` and ``frame_labels.csv`` (so that the folder can be
trained on), a picture, and ``generation.json`` with seed and settings.
"""

import json
import logging
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from htvae.analysis.model import load
from htvae.cli.durations import read_frames, read_span
from htvae.cli.motion_options import (
    CompleteOptions,
    ContinueOptions,
    EditOptions,
    GenerateOptions,
    InterpolateOptions,
    MotionOptions,
    RecordingOptions,
)
from htvae.generation.completion_files import write_completion
from htvae.generation.model import GenerativeModel
from htvae.inference.checkpoint import BuildModel
from htvae.io.writers.folders import write_sessions
from htvae.io.writers.registry import find_writer
from htvae.io.writing import write_folder
from htvae.poses.sequence import PoseSequence
from htvae.utils.files import atomic_write

logger = logging.getLogger(__name__)

PICTURE_SECONDS = 30
"""Longest GIF (s). An MP4 shows each sequence in full."""
PICTURE_PANELS = 4
"""Most sequences in a picture."""
RATE_REMEDY = "Add --fps FPS, give it in manifest.csv beside the recording, or give frames."
DEFAULT_FRAMES = 1000
"""Frames of a generated sequence if neither a length nor a script is given."""


def generate(options: GenerateOptions, build_model: BuildModel | None = None) -> list[Path]:
    """Draw new motion."""
    model = _open(options, build_model)
    sequences = model.generate(
        num_frames=_frames(options.num_frames, model) or (0 if options.script else DEFAULT_FRAMES),
        num_sequences=options.num_sequences,
        label=options.label,
        script=options.script,
        guidance=options.guidance,
        seed=options.seed,
    )
    return _write(options, model, sequences, options.label or "")


def continue_(options: ContinueOptions, build_model: BuildModel | None) -> list[Path]:
    """Continue a recording after its last frame."""
    model = _open(options, build_model)
    recording = model.read(options.recording)
    num_frames = max(1, read_frames(options.num_frames, recording.fps, "num_frames", RATE_REMEDY))
    sequences = model.continue_(recording, num_frames, options.num_samples, options.seed)
    return _write(options, model, sequences, f"after {options.recording.stem}")


def complete(options: CompleteOptions, build_model: BuildModel | None) -> list[Path]:
    """Fill in a recording's missing points."""
    model = _open(options, build_model)
    recording = model.read(options.recording)
    completion = model.complete(
        recording,
        num_samples=options.num_samples,
        seed=options.seed,
        keep_frames=[_parse_span(text, recording.fps) for text in options.keep_frames] or None,
        keep_landmarks=list(options.keep_landmarks) or None,
    )
    files = write_completion(options.output_dir, options.recording, completion)
    if options.format != "csv":
        folder = options.output_dir / options.format
        files += write_sessions(
            folder, [completion.sequence, *completion.samples], find_writer(options.format)
        )
    return [*files, *_describe(options, model, [completion.sequence], options.recording.stem)]


def interpolate(options: InterpolateOptions, build_model: BuildModel | None) -> list[Path]:
    """Change step by step from one recording into another."""
    model = _open(options, build_model)
    sequences = model.interpolate(options.first, options.second, options.steps, options.level, options.kind)
    return _write(options, model, sequences, f"{options.first.stem} to {options.second.stem}")


def edit(options: EditOptions, build_model: BuildModel | None) -> list[Path]:
    """Move a recording towards a label or another recording's style."""
    model = _open(options, build_model)
    if options.style_from is not None:
        edited = model.edit(options.recording, style_from=options.style_from)
        return _write(options, model, [edited], f"{options.recording.stem} like {options.style_from.stem}")
    training = model.encode_training(options.data_dir, options.experiments_dir)
    edited = model.edit(
        options.recording, towards=options.towards, strength=options.strength, training=training
    )
    return _write(options, model, [edited], f"{options.recording.stem} towards {options.towards}")


def remove_earlier(folder: Path) -> None:
    """Remove a folder if it has a generation.json, so that one of these commands wrote it."""
    if (folder / "generation.json").is_file():
        logger.info("Files that were generated earlier in %s are replaced.", folder)
        shutil.rmtree(folder)


def _open(options: MotionOptions, build_model: BuildModel | None) -> GenerativeModel:
    """Check that results can be written, then load the model."""
    endings = {".csv", "" if options.format == "csv" else find_writer(options.format).suffix} - {""}
    there = options.output_dir.rglob("*") if options.output_dir.is_dir() else []
    taken = sorted(path for path in there if path.name.endswith(tuple(endings)))
    if taken:
        raise FileExistsError(
            f"{options.output_dir} must hold no recordings yet, but has {len(taken)} ({taken[0].name}, ...). "
            "Give another --output_dir, so that nothing is overwritten."
        )
    if options.video == "mp4":
        from htvae.plots.movies import check_mp4

        check_mp4()
    model = load(options.checkpoint, options.device, build_model)
    if isinstance(options, RecordingOptions):
        model.config = model.config.replace(**options.reading.changes)
    return model


def _write(
    options: MotionOptions, model: GenerativeModel, sequences: Sequence[PoseSequence], title: str
) -> list[Path]:
    """Write sequences, a picture and the settings; return the files."""
    files = _write_recordings(options, sequences)
    return [*files, *_describe(options, model, sequences, title)]


def _write_recordings(options: MotionOptions, sequences: Sequence[PoseSequence]) -> list[Path]:
    """Write sequences in the wanted format, each to a file of its own."""
    if options.format == "csv":
        return write_folder(options.output_dir, sequences)
    alone = [replace(sequence, covariates={}) for sequence in sequences]
    return write_sessions(options.output_dir, alone, find_writer(options.format))


def _describe(
    options: MotionOptions, model: GenerativeModel, sequences: Sequence[PoseSequence], title: str
) -> list[Path]:
    """Draw a picture of the sequences, write generation.json, and return both files."""
    files = []
    if options.video != "none":
        files.append(_draw(model, sequences, options.output_dir / f"motion.{options.video}", title))
    path = options.output_dir / "generation.json"
    content = {
        "command": type(options).__name__.removesuffix("Options").lower(),
        "settings": {name: _plain(value) for name, value in asdict(options).items()},
        "sequences": [{"name": s.name, "frames": s.num_frames, "fps": s.fps} for s in sequences],
    }
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return [*files, path]


def _draw(model: GenerativeModel, sequences: Sequence[PoseSequence], path: Path, title: str) -> Path:
    from htvae.plots.visualizer import Visualizer

    processor, shown = model.processor, sequences[:PICTURE_PANELS]
    rate = shown[0].fps or 30.0
    frames = min(s.num_frames for s in shown)
    if path.suffix == ".gif":
        frames = min(frames, round(PICTURE_SECONDS * rate))
    order = [[s.landmarks.index(name) for name in processor.landmarks] for s in shown]
    return Visualizer(processor.landmarks, processor.edges, processor.sides).motion_picture(
        [s.pose[:frames, index] for s, index in zip(shown, order, strict=True)],
        path,
        fps=shown[0].fps,
        title=title,
        captions=[s.name.rsplit("/", 1)[-1] for s in shown],
    )


def _frames(length: int | str | None, model: GenerativeModel) -> int | None:
    """Return a length as frames of the model."""
    if length is None:
        return None
    remedy = "This model knows no frame rate: give the number of frames."
    return max(1, read_frames(length, model.processor.fps, "num_frames", remedy))


def _parse_span(text: str, fps: float | None) -> tuple[int, int]:
    return read_span(text, fps, "keep_frames", RATE_REMEDY)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return str(value) if isinstance(value, Path) else value
