"""Measures what each part of the model brings: the default beside variants with one part taken out each.

    python benchmarks/ablation.py DIR                          one seed of all variants
    python benchmarks/ablation.py DIR --seeds 3 --frames 2     three seeds, 2 million frames each
    python benchmarks/ablation.py DIR --variants default "no linear start"

- Each run sees the same number of frames, so that the load of the machine does not matter. Muon is taken out
  by a change of the benchmark's own; all other parts have a setting.
- A seed decides weights and order, and deals training, validation and test people anew unless the manifest
  names the parts. A variant is compared with the default of the same seed.
- Runs are short, so they are validated eight times or more; otherwise settings are the defaults.
- Finished cells are kept in the output and skipped by the next call, so that a run may be interrupted, and
  more variants or seeds may be added.
"""

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from ablation_show import describe, render_table
from htvae_cells import Clock, fit_htvae, score_htvae
from kept_cells import RESULTS, measure_missing, open_result, run_command, start_result
from quality_cells import Bench

import htvae.training.optimizer
from htvae.config import REFINE_STEPS, Config
from htvae.evaluation.completion import measure_completion
from htvae.evaluation.controls import measure_linear_code
from htvae.evaluation.levels import measure_rates, swap_level
from htvae.evaluation.likelihood import measure_likelihood
from htvae.inference.model import Reconstruction, TrainedModel

DEFAULT = "default"
NO_MUON = "AdamW alone, no Muon"
VARIANTS: dict[str, dict[str, Any]] = {
    DEFAULT: {},
    "no linear start": {"linear_path": False},
    "no chunk latents": {"chunk_latent_dim": 0},
    "sequence latent of 1 number": {"latent_dim": 1},
    "no variation of bodies and views": {
        "limb_range": 0.0, "stretch_range": 0.0, "shear_range": 0.0, "mirror_probability": 0.0,
        "rotation_degrees": 0.0, "scale_range": 0.0, "time_warp": 0.0,
    },
    NO_MUON: {},
    "no velocity term": {"velocity_weight": 0.0},
    "no output smoothing": {"output_smoothing": 1},
    "no averaged weights": {"ema_decay": 0.0},
    "no hidden chunk latents": {"latent_span_dropout": 0.0},
    "z from whole windows alone": {"sequence_span_probability": 0.0},
    "no plain last epochs": {"plain_share": 0.0},
    "chunk latents' prior N(0, I)": {"conditional_prior": False},
    "no statistics task": {"statistics_weight": 0.0},
    "no statistics pooling": {"statistics_pooling": False},
    "no hidden points": {"landmark_dropout": 0.0, "burst_dropout": 0.0, "span_dropout": 0.0},
    "no other limbs": {"limb_range": 0.0},
    "no stretch, no shear": {"stretch_range": 0.0, "shear_range": 0.0},
    "no mirroring": {"mirror_probability": 0.0},
    "no turning, scaling, warping": {"rotation_degrees": 0.0, "scale_range": 0.0, "time_warp": 0.0},
    "bone term (weight 1)": {"bone_weight": 1.0},
    "chunk latents of 16 numbers": {"chunk_latent_dim": 16},
    "8 frames a token": {"frames_per_token": 8},
    "1 frame a token": {"frames_per_token": 1},
}  # fmt: skip
"""Settings of each variant that differ from the default's, in the order in which they run."""
SAME = ("question", "recordings", "content", "frames", "machine", "splits")
"""Entries that an output must share with the run that goes on with it."""
NUM_VALIDATIONS = 8
COMPLETED = ("bursts", "gap_30")
"""Kinds of hidden points whose error is kept, see `measure_completion`."""
NUM_EXCERPTS = 8
"""Most excerpts that are completed."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    arguments = parse(argv)
    return run_command(partial(run, arguments), arguments.output)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    add = parser.add_argument
    add("data_dir", type=Path, help="folder of recordings")
    add("--frames", type=float, default=0.8, help="million frames that each run sees")
    add("--seeds", type=int, default=1, help="runs of each variant")
    add("--variants", nargs="+", choices=VARIANTS, help="all, if none is named", metavar="VARIANT")
    add("--output", type=Path, help="default: benchmarks/results/ablation_NAME.json, NAME the folder's")
    arguments = parser.parse_args(argv)
    if min(arguments.frames, arguments.seeds) <= 0:
        parser.error("--frames and --seeds must be above 0.")
    name = arguments.data_dir.resolve().name
    parts = [f"python benchmarks/ablation.py {name} --frames {arguments.frames:g} --seeds {arguments.seeds}"]
    parts += ["--variants", *(f'"{v}"' for v in arguments.variants)] if arguments.variants else []
    arguments.command = " ".join(parts)
    arguments.output = arguments.output or RESULTS / f"ablation_{name}.json"
    return arguments


def run(arguments: argparse.Namespace) -> None:
    """Measure the cells that the output lacks, and show the table."""
    with tempfile.TemporaryDirectory() as folder:
        config = shorten(
            Config().replace(data_dir=str(arguments.data_dir), experiments_dir=folder), arguments
        )

        @cache
        def bench(seed: int) -> Bench:
            return Bench(config.replace(seed=seed, split_seed=seed), 0.0)

        first = start_result(
            "ablation", arguments.data_dir, bench(0), arguments.command, range(arguments.seeds)
        )
        first |= {"frames": arguments.frames, "variants": VARIANTS}
        result = open_result(arguments.output, first, SAME)
        result["variants"] = VARIANTS
        wanted = arguments.variants or VARIANTS
        cells = [{"variant": v, "seed": s} for s in range(arguments.seeds) for v in VARIANTS if v in wanted]
        measure_missing(result, arguments.output, cells, lambda variant, seed: measure(bench(seed), variant))
    print(f"\n{describe(result)}\n\n{render_table(result)}\n\nFigures: {arguments.output}")


def shorten(config: Config, arguments: argparse.Namespace) -> Config:
    """Return the settings of runs that are so short."""
    frames = round(1e6 * arguments.frames)
    steps = frames // config.training.batch_frames
    interval = max(1, min(config.training.validation_interval, steps // NUM_VALIDATIONS))
    return config.replace(num_frames=frames, validation_interval=interval)


def measure(bench: Bench, variant: str) -> dict[str, Any]:
    """Train a variant and return the figures of its cell."""
    clock = Clock()
    with taken_out(variant):
        model = fit_htvae(bench, bench.config.replace(**VARIANTS[variant]), clock)
    answers, encoder = score_htvae(bench, model, 0)
    refined = score_htvae(bench, model, REFINE_STEPS)[1]
    return {
        **refined,
        **measure_linear_code(model, bench.test),
        "encoder_mpjpe": encoder["mpjpe"],
        "nats": measure_nats(model, answers),
        **measure_exchanged(bench, model, answers),
        **measure_filled(bench, model),
        "test_people": sorted({p.source.subject or p.name for p in bench.test}),
        "parameters": sum(p.numel() for p in model.model.parameters()),
        "frames": sum(frames for _, frames in clock.steps),
        "seconds": clock.spent,
    }


@contextlib.contextmanager
def taken_out(variant: str) -> Iterator[None]:
    """Take out a part that has no setting: without hidden matrices, AdamW moves all weights."""
    if variant == NO_MUON:
        with patch.object(htvae.training.optimizer, "HIDDEN", ()):
            yield
    else:
        yield


def measure_nats(model: TrainedModel, answers: Sequence[Reconstruction]) -> float:
    """Return the negative ELBO (nats per frame), by the noise that is calibrated on validation recordings.

    Latents are the means of the encoder's posteriors.
    """
    likelihood, rates = measure_likelihood(model, answers), measure_rates(model, answers)
    nll = likelihood.get("nll_calibrated", likelihood["nll_learned"])
    return nll + rates["sequence_rate"] + rates["chunk_rate"]


def measure_exchanged(
    bench: Bench, model: TrainedModel, answers: Sequence[Reconstruction]
) -> dict[str, float]:
    """Return the encoder's error where z comes from another recording; empty for one recording."""
    if len(answers) < 2:
        return {}
    return {"exchanged_mpjpe": bench.score(bench.test, swap_level(model, answers, "sequence"))["mpjpe"]}


def measure_filled(bench: Bench, model: TrainedModel) -> dict[str, float]:
    """Return the errors of filled-in points, and of linear interpolation; those that can be tried."""
    processor = bench.data.processor
    fallback = np.asarray(processor.pose_mean, np.float32)[: len(processor.landmarks)]
    figures = measure_completion(model, bench.test, fallback, NUM_EXCERPTS)
    names = [f"complete_{kind}_{ending}" for kind in COMPLETED for ending in ("mpjpe", "linear_mpjpe")]
    return {name: figures[name] for name in names if name in figures}


if __name__ == "__main__":
    sys.exit(main())
