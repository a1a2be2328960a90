"""``htvae evaluate``, ``encode`` and ``reconstruct``."""

import logging
import shlex
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from htvae.cli.options import EncodeOptions, EvaluateOptions, ReconstructOptions
from htvae.cli.parsing import parse_with_model
from htvae.config.files import DEFAULT_FILE
from htvae.utils.text import format_duration

if TYPE_CHECKING:
    from htvae.data.loader import PoseDataLoader
    from htvae.evaluation.reconstruction import Metric
    from htvae.inference.checkpoint import BuildModel
    from htvae.inference.model import Encoding, TrainedModel

log = logging.getLogger(__name__)


def evaluate(argv: Sequence[str]) -> None:
    """Score a trained model: errors, latents, pictures."""
    options, build_model = parse_evaluate(argv)

    from htvae.evaluation.evaluator import DEFAULT_METRICS

    run_evaluation(options, DEFAULT_METRICS, build_model)


def parse_evaluate(
    argv: Sequence[str], prog: str = "htvae evaluate"
) -> tuple[EvaluateOptions, "BuildModel | None"]:
    """Return the options of an evaluation, and the user's own architecture or None."""
    return parse_with_model(EvaluateOptions, argv, prog)


def run_evaluation(
    options: EvaluateOptions, metrics: Mapping[str, "Metric"], build_model: "BuildModel | None" = None
) -> dict[str, float]:
    """Score a model, print a report, and write all figures to ``options.output_dir``.

    Args:
        options: checkpoint, recordings, files to write.
        metrics: metrics of reconstruction by name, the user's own among them.
        build_model: function that builds the user's own architecture. None: the model has the default one.

    Returns:
        All figures by name, as in ``metrics.json``.

    Raises:
        FileNotFoundError: the checkpoint or the folder does not exist.
        ValueError: files are faulty, or there are no recordings to score.
    """
    from htvae.analysis.model import load
    from htvae.cli.report_scores import print_report, write_figures
    from htvae.evaluation.evaluator import ScoreRequest, score_model
    from htvae.evaluation.pictures import draw_pictures

    started = time.monotonic()
    model = load(options.checkpoint, options.device, build_model)
    model.config = model.config.replace(**options.reading.changes)
    model.batch_frames = options.batch_size * model.config.data.max_frames
    data = _open_data(model, options)
    request = ScoreRequest(
        split=options.split,
        truth_dir=options.truth_dir,
        probe=options.probe,
        probe_groups=options.probe_groups or "subject",
        refine_steps=options.refine_steps,
        num_excerpts=options.num_excerpts,
    )
    scores = score_model(model, data, request, metrics)
    unit = model.processor.unit_words
    path = write_figures(options, scores, unit)
    print_report(scores.figures, path, unit)
    encodings = [r.encoding for r in scores.reconstructions]
    if options.extract_latents:
        encodings = _extract_latents(model, data, options)
    if options.visualize:
        log_file = options.checkpoint.parent.parent / "logs" / "metrics.csv"
        draw_pictures(model, scores.reconstructions, encodings, options.output_dir / "pictures", log_file)
    log.info("Written to %s in %s.", options.output_dir, format_duration(time.monotonic() - started))
    return scores.figures


def _open_data(model: "TrainedModel", options: EvaluateOptions) -> "PoseDataLoader":
    """Read recordings with the model's own settings and splits."""
    from htvae.data.loader import PoseDataLoader

    data_dir = str(options.data_dir or model.config.data.data_dir)
    config = model.config.replace(data_dir=data_dir, experiments_dir=str(options.experiments_dir))
    return PoseDataLoader(config, processor=model.processor, splits=model.splits)


def _extract_latents(
    model: "TrainedModel", data: "PoseDataLoader", options: EvaluateOptions
) -> list["Encoding"]:
    """Save the latents of every recording in the folder, of all splits, and return them."""
    from htvae.inference.latent_files import save_latents

    by_split = {split: data.processed(split) for split in ("train", "val", "test", "new")}
    splits = {p.name: split for split, part in by_split.items() for p in part}
    processed = sorted((p for part in by_split.values() for p in part), key=lambda p: p.name)
    encodings = model.encode_all(processed)
    for path in save_latents(options.output_dir / "latents", encodings, splits):
        log.info("%s", path)
    return encodings


def encode(argv: Sequence[str]) -> None:
    """Save the latents of recordings."""
    options, build_model = parse_with_model(EncodeOptions, argv, "htvae encode", positional=["inputs"])

    from htvae.inference.corpus import CorpusRequest, encode_corpus

    request = CorpusRequest(
        checkpoint=options.checkpoint,
        inputs=options.inputs,
        output_dir=options.output_dir,
        cache_dir=options.experiments_dir / "cache",
        device=options.device,
        format=options.format,
        build_model=build_model,
        build_model_file=(options.config or DEFAULT_FILE) if build_model else None,
        reading=options.reading.changes,
        command=shlex.join(["htvae", "encode", *argv]),
    )
    if options.ray_workers:
        from htvae.inference.ray_job import encode_with_ray

        files = encode_with_ray(request, options.ray_workers)
    else:
        files = encode_corpus(request)
    for path in files:
        log.info("%s", path)


def reconstruct(argv: Sequence[str]) -> None:
    """Write the model's reconstructions of recordings."""
    options, build_model = parse_with_model(
        ReconstructOptions, argv, "htvae reconstruct", positional=["inputs"]
    )

    from htvae.analysis.model import load
    from htvae.inference.reconstructions import Reconstructions
    from htvae.io.inputs import read_inputs
    from htvae.io.writers.folders import write_sessions
    from htvae.io.writers.registry import find_writer
    from htvae.io.writing import write_folder
    from htvae.utils.progress import Progress

    model = load(options.checkpoint, options.device, build_model)
    model.config = model.config.replace(**options.reading.changes)
    recordings = read_inputs(options.inputs, model.config.data, options.experiments_dir / "cache")
    for recording in recordings.sequences:
        model.check(recording)
    frames = sum(recording.num_frames for recording in recordings.sequences)
    progress = Progress("Reconstructing", frames, unit="frames")
    made = Reconstructions(model, recordings.sequences, options.refine_steps, progress.update)
    if options.format == "csv":
        files = write_folder(options.output_dir, made.sequences(), keeps_others=True)
    else:
        whole = [s.with_metadata(pose=s.pose[:]) for s in made.sequences()]
        files = write_sessions(options.output_dir, whole, find_writer(options.format))
    progress.close()
    for path in files:
        log.info("%s", path)
