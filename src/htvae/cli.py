"""The commands: each reads its flags, then calls one function of a lower floor.

Settings come from, first wins: a flag; the file given with ``--config``; ``configs/config.py`` of the working
folder; the defaults. Heavy imports stand inside the commands, after their flags are known to be right, so
that ``--help`` and mistakes are answered at once.
"""

import argparse
import logging
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from htvae import __version__
from htvae.config import Config, PriorConfig, setting_names
from htvae.config_file import ConfigFile, load_config_file
from htvae.flags import field_docs, parse_flags, peek
from htvae.options import (
    CheckDataOptions,
    CompleteOptions,
    ContinueOptions,
    DemoDataOptions,
    DemoOptions,
    EditOptions,
    EncodeOptions,
    EvaluateOptions,
    GenerateOptions,
    InterpolateOptions,
    ModelOptions,
    ReconstructOptions,
    SettingsOptions,
    TrainOptions,
    TrainPriorOptions,
)
from htvae.utils.world import World

log = logging.getLogger(__name__)
Settings = TypeVar("Settings", bound=SettingsOptions)
UsesModel = TypeVar("UsesModel", bound=ModelOptions)

DEMO_SCRIPT = "walk:6s,wave:4s,walk:4s,squat:6s"
"""What the demo's generated people do."""
READING = ("y_up", "image_size", "confidence_column", "min_confidence", "max_frame_gap")
"""Settings that matter to a command which only reads recordings."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``htvae COMMAND ...`` and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="htvae",
        usage="htvae COMMAND [OPTIONS], or htvae COMMAND --help",
        description="Learn from folders of pose recordings with a hierarchical transformer VAE.",
        epilog=_list_commands(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"htvae {__version__}")
    parser.add_argument("command", choices=COMMANDS, help=argparse.SUPPRESS)
    argv = sys.argv[1:] if argv is None else argv
    return run_command(COMMANDS[parser.parse_args(argv[:1]).command], argv[1:])


def run_command(command: Callable[[Sequence[str]], None], argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; the one place where errors become messages.

    What a user can cause is raised as ValueError (wrong content) or OSError (files); it ends in a message and
    exit code 1. Wrong flags have left with 2 before. Anything else is a fault of the program and keeps its
    traceback, as everything does with HTVAE_DEBUG=1 in the environment.
    """
    with _log_to_stderr():
        try:
            command(sys.argv[1:] if argv is None else argv)
        except KeyboardInterrupt as interruption:
            if World.from_environment().rank == 0:
                print(str(interruption) or "Interrupted.", file=sys.stderr)
            return 130
        except BrokenPipeError:  # whoever read the output has left, e.g. head
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except (ValueError, OSError) as error:
            if os.environ.get("HTVAE_DEBUG", "0") != "0":
                raise
            print(f"error: {_describe(error)}", file=sys.stderr)
            return 1
    return 0


def train(argv: Sequence[str]) -> None:
    """Train a model on a folder of pose CSVs."""
    run = parse_train(argv)

    from htvae.training.trainer import HTVAETrainer

    HTVAETrainer(run.config, build_model=run.build_model).fit()


def parse_train(argv: Sequence[str], prog: str = "htvae train") -> ConfigFile:
    """Return the settings of a run, and the user's own model if the settings file builds one."""
    options, file = _parse_with_settings(TrainOptions, argv, prog)
    for sentence in options.settings.idle_settings():
        log.warning(sentence)
    return replace(file, config=options.settings)


def evaluate(argv: Sequence[str]) -> None:
    """Score a trained model: errors, latents, pictures."""
    options = parse_evaluate(argv)

    from htvae.evaluation import evaluator

    evaluator.evaluate(options, evaluator.DEFAULT_METRICS, load_config_file(options.config).build_model)


def parse_evaluate(argv: Sequence[str], prog: str = "htvae evaluate") -> EvaluateOptions:
    """Return what to score and where results go."""
    return _parse_with_model(EvaluateOptions, argv, prog)[0]


def encode(argv: Sequence[str]) -> None:
    """Save the latents of recordings."""
    options, build_model = _parse_with_model(EncodeOptions, argv, "htvae encode", positional=["inputs"])

    from htvae.evaluation.encode import encode_corpus

    for path in encode_corpus(options, build_model, shlex.join(["htvae", "encode", *argv])):
        log.info("%s", path)


def reconstruct(argv: Sequence[str]) -> None:
    """Write recordings as the model returns them."""
    options, build_model = _parse_with_model(
        ReconstructOptions, argv, "htvae reconstruct", positional=["inputs"]
    )

    from htvae.data.inputs import read_inputs
    from htvae.data.pose_csv import write_pose_csv
    from htvae.generation.model import load
    from htvae.utils.utils import path_inside

    model = load(options.checkpoint, options.device, build_model)
    recordings = read_inputs(options.inputs, model.config.data, options.experiments_dir / "cache")
    processed = [model.process(recording) for recording in recordings.sequences]
    for reconstruction in model.reconstruct_all(processed, options.refine_steps):
        path = path_inside(options.output_dir, f"{reconstruction.processed.name}.csv")
        write_pose_csv(path, model.to_source(reconstruction))
        log.info("%s", path)


def train_prior(argv: Sequence[str]) -> None:
    """Fit a prior to an existing model, to generate from."""
    fitting = {*field_docs(PriorConfig), *("seed", "device", "precision", "max_minutes", "resume")}
    own = {*fitting, "data_dir", "experiments_dir"}
    options, file = _parse_with_settings(
        TrainPriorOptions, argv, "htvae train-prior", without=set(setting_names()) - own
    )

    from htvae.training.prior import add_prior_to

    given = {name for name in own if any(flag.split("=")[0] == f"--{name}" for flag in argv)}
    add_prior_to(options.checkpoint, options.settings, "data_dir" in given, file.build_model)


def generate(argv: Sequence[str]) -> None:
    """Draw new motion."""
    _write_motion(GenerateOptions, argv, "generate")


def continue_(argv: Sequence[str]) -> None:
    """Go on where a recording ends."""
    _write_motion(ContinueOptions, argv, "continue", ["recording"])


def complete(argv: Sequence[str]) -> None:
    """Fill in what a recording lacks."""
    _write_motion(CompleteOptions, argv, "complete", ["recording"])


def interpolate(argv: Sequence[str]) -> None:
    """Go from one recording to another."""
    _write_motion(InterpolateOptions, argv, "interpolate", ["first", "second"])


def edit(argv: Sequence[str]) -> None:
    """Change what a recording is like."""
    _write_motion(EditOptions, argv, "edit", ["recording"])


def check_data(argv: Sequence[str]) -> None:
    """Say what is in a folder of pose CSVs, and what is wrong with it."""
    idle = set(setting_names()) - set(READING)
    options, _ = _parse_with_settings(
        CheckDataOptions, argv, "htvae check-data", positional=["folder"], without=idle
    )

    from htvae.data.checks import check_folder, format_report

    report = check_folder(options.folder, options.settings.data)
    print(format_report(report))
    if report.faults:
        raise ValueError(f"{options.folder} must be without faults, but has {len(report.faults)}. See above.")


def demo_data(argv: Sequence[str]) -> None:
    """Write made-up recordings for trying things out."""
    options = parse_flags(DemoDataOptions, argv, "htvae demo-data", positional=["out_dir"])

    from htvae.data.demo import write_demo_data

    write_demo_data(options.out_dir, kind=options.kind, seed=options.seed)
    log.info("Recordings: %s", options.out_dir)


def demo(argv: Sequence[str]) -> None:
    """Write demo recordings, train on them, evaluate, draw pictures, generate."""
    options = parse_flags(DemoOptions, argv, "htvae demo")

    from htvae.data.demo import write_demo_data
    from htvae.evaluation import evaluator
    from htvae.generation import commands
    from htvae.training.prior import add_prior_to
    from htvae.training.trainer import HTVAETrainer

    data = write_demo_data(options.output_dir / "pose_csvs", seed=options.seed)
    config = _demo_config(options, data.recordings)
    run = HTVAETrainer(config.replace(prior_steps=0, max_minutes=options.minutes * 2 / 3)).fit()
    add_prior_to(run.best_model, config.replace(max_minutes=options.minutes / 3))
    scored = EvaluateOptions(
        checkpoint=run.best_model,
        output_dir=options.output_dir / "evaluation_results",
        truth_dir=data.truth,
        experiments_dir=options.output_dir / "experiments",
        visualize=True,
        extract_latents=True,
        num_excerpts=3,
        device=options.device,
    )
    evaluator.evaluate(scored, evaluator.DEFAULT_METRICS)
    generated = GenerateOptions(
        checkpoint=run.best_model,
        output_dir=options.output_dir / "generated",
        num_sequences=3,
        script=DEMO_SCRIPT,
        seed=options.seed,
        device=options.device,
    )
    commands.remove_earlier(generated.output_dir)
    commands.generate(generated)
    print(
        f"\nRecordings: {data.recordings}\nModel: {run.best_model}\nTables and pictures: {scored.output_dir}"
        f"\nNew motion ({DEMO_SCRIPT}): {generated.output_dir}"
    )


COMMANDS: dict[str, Callable[[Sequence[str]], None]] = {
    "train": train,
    "evaluate": evaluate,
    "encode": encode,
    "reconstruct": reconstruct,
    "train-prior": train_prior,
    "generate": generate,
    "continue": continue_,
    "complete": complete,
    "interpolate": interpolate,
    "edit": edit,
    "check-data": check_data,
    "demo-data": demo_data,
    "demo": demo,
}


def _describe(error: ValueError | OSError) -> str:
    """Return the message of an error; one that comes from the operating system is put into our form."""
    if not isinstance(error, OSError) or error.errno is None:
        return str(error)
    return (
        f"{error.filename or 'A file'}: must be accessible, but the system says: {error.strerror}. "
        "Check the path, its permissions and the space on the disk."
    )


def _list_commands() -> str:
    lines = [f"  {name:<13} {command.__doc__}" for name, command in COMMANDS.items()]
    return "\n".join(["commands:", *lines, "", "HTVAE_DEBUG=1 shows the traceback of an error."])


def _parse_with_settings(
    options: type[Settings], argv: Sequence[str], prog: str, **flags: Any
) -> tuple[Settings, ConfigFile]:
    """Read the settings file first: what it says are the defaults of the flags, in ``--help`` too."""
    path, preset = peek(argv, "config", "preset")
    file = load_config_file(Path(path) if path else None, preset)
    return parse_flags(options, argv, prog, settings=file.config, **flags), file


def _parse_with_model(
    options: type[UsesModel], argv: Sequence[str], prog: str, **flags: Any
) -> tuple[UsesModel, Callable[..., Any] | None]:
    """Return options, and the user's own model; a settings file says where the cache lies."""
    (path,) = peek(argv, "config")
    file = load_config_file(Path(path) if path else None)
    experiments_dir = Path(file.config.experiment.experiments_dir)
    return parse_flags(options, argv, prog, experiments_dir=experiments_dir, **flags), file.build_model


def _write_motion(
    options: type[ModelOptions], argv: Sequence[str], name: str, positional: Sequence[str] = ()
) -> None:
    """Run one of the commands of generation and say what was written."""
    parsed, build_model = _parse_with_model(options, argv, f"htvae {name}", positional=positional)

    from htvae.generation import commands

    run = getattr(commands, "continue_" if name == "continue" else name)
    for path in run(parsed, build_model):
        log.info("%s", path)


def _demo_config(options: DemoOptions, recordings: Path) -> Config:
    """Return the settings of the demo's training: a model that learns something in a few minutes."""
    return Config().replace(
        data_dir=str(recordings),
        experiments_dir=str(options.output_dir / "experiments"),
        embed_dim=128,
        num_layers=2,
        latent_dim=32,
        chunk_latent_dim=16,
        latent_span_dropout=0.05,
        max_frames=512,
        num_workers=1,
        batch_frames=3072,
        num_frames=1_800_000,
        learning_rate=3e-3,
        kl_warmup_steps=100,
        prior_steps=900,
        prior_batch_size=32,
        prior_learning_rate=3e-3,
        prior_label_dropout=0.2,
        prior_embed_dim=128,
        prior_num_layers=3,
        seed=options.seed,
        device=options.device,
    )


@contextmanager
def _log_to_stderr() -> Iterator[None]:
    """Send the package's log to stderr while a command runs: plain lines, warnings marked as such.

    Of several processes, all but the first send errors alone.
    """
    package, handler = logging.getLogger("htvae"), logging.StreamHandler()
    handler.setFormatter(_PlainFormatter())
    level = package.level
    package.addHandler(handler)
    package.setLevel(logging.INFO if World.from_environment().rank == 0 else logging.ERROR)
    try:
        yield
    finally:
        package.removeHandler(handler)
        package.setLevel(level)


class _PlainFormatter(logging.Formatter):
    """``message`` for information, ``warning: message`` for anything graver."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line = super().format(record)
        return f"{record.levelname.lower()}: {line}" if record.levelno >= logging.WARNING else line
