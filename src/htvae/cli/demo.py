"""``htvae demo``: write recordings, train on them, evaluate, generate new motion, show all in a report."""

from collections.abc import Sequence
from pathlib import Path

from htvae.cli.flags import parse_flags
from htvae.cli.motion_options import GenerateOptions
from htvae.cli.options import DemoOptions, EvaluateOptions
from htvae.cli.report.options import ReportOptions
from htvae.config import Config

DEMO_SCRIPT = "walk:6s,wave:4s,walk:4s,squat:6s"
"""Script of the demo's generated motion."""


def demo(argv: Sequence[str]) -> None:
    """Write demo recordings, train on them, evaluate, generate, and make a report."""
    options = parse_flags(DemoOptions, argv, "htvae demo")

    from htvae.cli import motion
    from htvae.cli.evaluate import run_evaluation
    from htvae.cli.report.command import make_report
    from htvae.cli.report.opening import open_in_browser
    from htvae.demo.recordings import write_demo_data
    from htvae.evaluation.evaluator import DEFAULT_METRICS
    from htvae.training.prior import add_prior_to
    from htvae.training.trainer import HTVAETrainer

    data = write_demo_data(options.output_dir / "pose_csvs", seed=options.seed, dimensions=options.dimensions)
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
    run_evaluation(scored, DEFAULT_METRICS)
    generated = GenerateOptions(
        checkpoint=run.best_model,
        output_dir=options.output_dir / "generated",
        num_sequences=3,
        script=DEMO_SCRIPT,
        seed=options.seed,
        device=options.device,
    )
    motion.remove_earlier(generated.output_dir)
    motion.generate(generated)
    shown = ReportOptions(
        checkpoint=run.best_model,
        data_dir=data.recordings,
        output=options.output_dir / "report.html",
        title="HT-VAE demo",
        by="label",
        evaluation=scored.output_dir,
        experiments_dir=options.output_dir / "experiments",
        seed=options.seed,
        device=options.device,
    )
    report = make_report(shown, command="htvae demo")
    print(
        f"\nRecordings: {data.recordings}\nModel: {run.best_model}\nTables and pictures: {scored.output_dir}"
        f"\nNew motion ({DEMO_SCRIPT}): {generated.output_dir}\nOpen this in a browser: {report}"
    )
    open_in_browser(report)


def _demo_config(options: DemoOptions, recordings: Path) -> Config:
    """Return the settings of the demo's training: a small model that learns within a few minutes."""
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
        batch_growth=False,  # so short a run would learn less
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
