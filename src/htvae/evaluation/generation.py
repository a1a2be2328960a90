"""How real generated motion is: what is drawn, and which figures are made of it.

Reconstruction, posterior sample, prior sample and two controls stand side by side, compared as
`htvae.evaluation.likeness` says. There are two references:

- Figures without an ending compare with the **scored** recordings (held out, unless another split is asked
  for). One sequence is drawn for each, of its length (`MOST_OF_ONE` frames at most) and with its labels.
- Figures that end in ``_train`` compare with **training** recordings. Many sequences of some seconds are
  drawn, with labels in the proportion that training has them; and once more after scripts, with the chunk
  labels of parts of recordings. Elsewhere scripts are drawn, as `GenerativeModel.generate` draws them.

A handful of held-out recordings differs from everything by chance; where there are few, look at ``_train``.

Axes: ``L`` landmarks, ``D`` coordinates.
"""

from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np

from htvae.data.processing import ProcessedSequence
from htvae.evaluation.labels import measure_labels
from htvae.evaluation.likeness import SEEDS, Real, compare, compare_held_out, compare_nearest, compare_variety
from htvae.evaluation.motion_sets import (
    MotionSet,
    NormalLatents,
    draw_from,
    draw_from_prior,
    draw_set,
    take_modes,
)
from htvae.evaluation.plans import Wanted, choose_evenly, plan_like, plan_parts
from htvae.generation.sampler import MotionSampler
from htvae.inference.model import Reconstruction
from htvae.utils.progress import track

LEAST_WINDOWS = 32
"""Real windows below which a Frechet distance would mean nothing."""
MOST_REAL_FRAMES = 200_000
"""Frames of real recordings that motion is compared with, at most; more would hardly change a figure."""
MOST_OF_ONE = 20_000
"""Frames of one recording among them, at most."""
MOST_LIKE_SCORED = 30_000
"""Most frames drawn like scored recordings, in each draw of each kind."""
LIKE_TRAINING = 61_440
"""Most frames drawn like training recordings, in each draw of each kind. They are no more than a quarter of
the training frames, so that a small folder is scored in seconds. With a third of this, two seeds gave the
same prior 12 and 29."""
PART = 512
"""Frames of each sequence that is drawn like training."""


def measure_generation(
    model: MotionSampler,
    scored: Sequence[Reconstruction],
    training: Sequence[ProcessedSequence],
    fallback: np.ndarray,
    held_out: bool = True,
    refine_steps: int = 0,
) -> dict[str, float]:
    """Return all figures of generated motion; none where the model has no prior.

    Names as in `htvae.evaluation.figures.GENERATION_FIGURES`. Those that cannot be measured, for
    want of windows, labels or training recordings, are left out.

    Args:
        model: with a prior.
        scored: reconstructions of the recordings to score.
        training: recordings that the model was trained on; none where they are not at hand.
        fallback: (L, D), see `motion_features`.
        held_out: whether training did not see the scored recordings.
        refine_steps: steps of the reconstructions.
    """
    if not model.has_prior:
        return {}
    test = Real.of(_choose(model, scored, refine_steps), fallback)
    known = choose_evenly(training, MOST_REAL_FRAMES, MOST_OF_ONE)
    train = Real.of(model.reconstruct_all(known), fallback) if known else None
    controls = _build_controls(model, train or test)
    figures: dict[str, float] = {}
    if len(test.features) >= LEAST_WINDOWS:
        plan = plan_like(test.processed, MOST_LIKE_SCORED)
        draws = [
            draw_kinds(model, test, plan, controls, seed, scripts=False)
            for seed in track("Generating", SEEDS)
        ]
        figures |= compare(test, draws, "")
    if train is not None and len(train.features) >= LEAST_WINDOWS:
        figures |= _measure_like_training(model, train, test if held_out else None, controls)
    return figures


def _choose(
    model: MotionSampler, scored: Sequence[Reconstruction], refine_steps: int
) -> list[Reconstruction]:
    """Return the reconstructions that are compared, made anew for parts of long recordings."""
    chosen = choose_evenly([r.processed for r in scored], MOST_REAL_FRAMES, MOST_OF_ONE)
    by_name = {p.name: p for p in chosen}
    pairs = [(by_name[r.processed.name], r) for r in scored if r.processed.name in by_name]
    anew = iter(model.reconstruct_all([p for p, r in pairs if p is not r.processed], refine_steps))
    return [r if p is r.processed else next(anew) for p, r in pairs]


def _measure_like_training(
    model: MotionSampler, train: Real, test: Real | None, controls: Mapping[str, NormalLatents]
) -> dict[str, float]:
    """Return what is measured against training recordings; ``test``: held-out recordings, if any."""
    frames = sum(len(p.pose) for p in train.processed) // 4
    plan = plan_parts(train.processed, PART, min(LIKE_TRAINING, frames))
    draws = [
        draw_kinds(model, train, plan, controls, seed) for seed in track("Generating like training", SEEDS)
    ]
    figures = compare(train, draws, "_train")
    if test is not None and len(test.features) >= LEAST_WINDOWS:
        figures |= compare_held_out(model, train, test)
    figures |= compare_variety(train, draws)
    figures |= compare_nearest(model, train, test, draws)
    return figures | measure_labels(train.processed, plan, draws, train.fallback)


def _build_controls(model: MotionSampler, real: Real) -> dict[str, NormalLatents]:
    windows = list(chain.from_iterable(r.windows for r in real.reconstructions))
    return {
        "fitted_gaussian": NormalLatents.fit(windows),
        "standard_normal": NormalLatents.standard(*model.latent_dims),
    }


def draw_kinds(
    model: MotionSampler,
    real: Real,
    plan: Sequence[Wanted],
    controls: Mapping[str, NormalLatents],
    seed: int,
    scripts: bool = True,
) -> dict[str, MotionSet]:
    """Return motion of every kind, see `htvae.evaluation.figures.MOTION_KINDS`.

    Kinds that ask for labels are left out where the prior knows none of the plan's. The kind that asks for
    chunk labels is also left out where ``scripts`` is False.
    """
    sets = {
        "reconstruction": take_modes(real.reconstructions, len(real.fallback)),
        "posterior_sample": real.sample(model, seed),
        "prior_sample": draw_set(model, draw_from_prior(model, False, False), plan, seed),
    }
    if any(w.label in model.labels for w in plan):
        sets["prior_sample_labels"] = draw_set(model, draw_from_prior(model, True, False), plan, seed)
    if scripts and any(np.isin(w.frame_labels, model.chunk_labels).any() for w in plan):
        sets["prior_sample_scripts"] = draw_set(model, draw_from_prior(model, True, True), plan, seed)
    for name, latents in controls.items():
        sets[name] = draw_set(model, draw_from(model, latents), plan, seed)
    return sets
