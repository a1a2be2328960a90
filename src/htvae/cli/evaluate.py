"""``htvae evaluate``, ``encode`` and ``reconstruct``."""

import logging
import shlex
from collections.abc import Sequence

from htvae.cli.options import EncodeOptions, EvaluateOptions, ReconstructOptions
from htvae.cli.parsing import parse_with_model
from htvae.config.files import DEFAULT_FILE, load_config_file

log = logging.getLogger(__name__)


def evaluate(argv: Sequence[str]) -> None:
    """Score a trained model: errors, latents, pictures."""
    options = parse_evaluate(argv)

    from htvae.evaluation import evaluator

    evaluator.evaluate(options, evaluator.DEFAULT_METRICS, load_config_file(options.config).build_model)


def parse_evaluate(argv: Sequence[str], prog: str = "htvae evaluate") -> EvaluateOptions:
    """Return what to score and where results go."""
    return parse_with_model(EvaluateOptions, argv, prog)[0]


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
        build_model=build_model,
        build_model_file=(options.config or DEFAULT_FILE) if build_model else None,
        command=shlex.join(["htvae", "encode", *argv]),
    )
    for path in encode_corpus(request):
        log.info("%s", path)


def reconstruct(argv: Sequence[str]) -> None:
    """Write recordings as the model returns them."""
    options, build_model = parse_with_model(
        ReconstructOptions, argv, "htvae reconstruct", positional=["inputs"]
    )

    from htvae.generation.model import load
    from htvae.io.inputs import read_inputs
    from htvae.io.pose_csv import write_pose_csv
    from htvae.io.writing import fit_name
    from htvae.utils.files import path_inside

    model = load(options.checkpoint, options.device, build_model)
    recordings = read_inputs(options.inputs, model.config.data, options.experiments_dir / "cache")
    processed = [model.process(recording) for recording in recordings.sequences]
    for reconstruction in model.reconstruct_all(processed, options.refine_steps):
        path = path_inside(options.output_dir, f"{fit_name(reconstruction.processed.name)}.csv")
        write_pose_csv(path, model.to_source(reconstruction))
        log.info("%s", path)
