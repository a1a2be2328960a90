"""Training the prior on the latents of a trained VAE.

- All random numbers of a step are a function of (seed, step): a resumed run equals an uninterrupted one.
- Windows are drawn in proportion to their chunks: every frame counts alike, and long windows are learned.

Axes: ``B`` batch, ``C`` chunks.
"""

import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from htvae.config import PriorConfig
from htvae.data.batching import MOST_PADDING, cut_micro_batches
from htvae.models.latent import Gaussian
from htvae.models.prior import NO_LABEL, Condition, Known, LatentPrior, Latents
from htvae.training.prior_data import LatentWindows, PriorExamples
from htvae.training.prior_distance import MotionDistance
from htvae.utils.files import save_tensors
from htvae.utils.random import random_seed

logger = logging.getLogger(__name__)

SCALE_WINDOWS = 2048
"""Windows from which the latents' spread is measured."""
MOST_CHUNKS = 1024
"""Chunks that pass through the prior at once."""
TIME_CENTRE, TIME_SPREAD = -0.5, 1.0
"""Mean and standard deviation of the logits of times in training. What a sequence shows is decided on the
first half of the way from noise; docs/log has the losses of other choices."""
FEW_CHUNKS, FEW_DROPOUT = 500, 0.1
"""Training sets with fewer chunks get this dropout, larger ones none (figures: docs/architecture.md)."""
VALIDATION_DRAWS = 4
"""Times and noises at which every validation window is scored."""


class PriorTask:
    """The prior's side of the training loop.

    Args:
        config: settings of the prior.
        examples: latents to learn from.
        vae_hash: hash of the VAE's weights.
        seed: seed of all random numbers.
        device: "cpu", "cuda" or "mps".
        precision: "bf16" or "32".
        distance: distance of drawn motion from validation motion, which the best prior and patience follow.
            None: they follow the validation loss.
    """

    name = "the prior"
    unit = "steps"
    loss_unit = "(flow matching)"

    def __init__(
        self,
        config: PriorConfig,
        examples: PriorExamples,
        vae_hash: str,
        seed: int,
        device: str,
        precision: str,
        distance: MotionDistance | None = None,
    ) -> None:
        self.config, self.examples, self.vae_hash = config, examples, vae_hash
        self.seed, self.device, self.precision = seed, device, precision
        self.distance, self.last_distance = distance, math.nan
        self.followed = "frechet" if distance else "loss"
        torch.manual_seed(random_seed("prior", seed, 0))
        self.model: Any = LatentPrior(
            replace(config, prior_dropout=resolve_dropout(config, examples.num_chunks)),
            examples.train.sequence[0].shape[-1],
            examples.train.chunks[0].shape[-1],
            len(examples.vocabulary.labels),
            len(examples.vocabulary.chunk_labels),
        )
        self.model.fit_scale(*self.draw_latents())
        self.model.to(device)
        self.generator = torch.Generator()
        self.done, self.total, self.total_steps = 0, config.prior_steps, config.prior_steps
        self.growth = 1.0

    def is_done(self, step: int) -> bool:
        """Return whether all steps are taken."""
        return step >= self.config.prior_steps

    def draw(self, step: int) -> LatentWindows:
        """Return the windows of a step."""
        self.generator = self._generator("prior", step)
        return self.examples.train.select(self._draw_windows(self.config.prior_batch_size, self.generator))

    def compute_gradients(self, batch: LatentWindows, step: int) -> dict[str, float]:
        """Add up the gradients of a step, and return its loss."""
        total = 0.0
        for part in _groups(batch, MOST_PADDING):
            loss = self.compute_losses(self.model, batch.select(part), self.generator, crowd_times).sum()
            loss = loss / self.config.prior_batch_size
            loss.backward()
            total += float(loss.detach())
        return {"total": total}

    def finish_step(self, losses: dict[str, float]) -> dict[str, float]:
        """Count the step."""
        self.done += 1
        return {}

    def validate(self, model: Any) -> dict[str, float]:
        """Return the mean loss of the validation windows, and how far drawn motion is; none without any.

        ``frechet`` is the mean of the last two distances, so that a lucky draw does not make a best prior;
        ``frechet_now`` is the newest.
        """
        windows = self.examples.val
        if windows is None:
            return {}
        model.eval()
        generator = self._generator("prior validation", 0)
        losses = [
            self.compute_losses(model, windows.select(part), generator)
            for _ in range(VALIDATION_DRAWS)
            for part in _groups(windows)
        ]
        loss = float(torch.cat(losses).mean())
        if self.distance is None or not math.isfinite(loss):
            return {"loss": loss}
        newest = self.distance.measure(model)
        before = newest if math.isnan(self.last_distance) else self.last_distance
        self.last_distance = newest
        return {"loss": loss, "frechet": (before + newest) / 2, "frechet_now": newest}

    def write_model(self, path: Path, state: dict[str, Tensor], figures: dict[str, float]) -> None:
        """Write the prior's weights and figures."""
        save_tensors(
            path, {"state": {name: value.cpu() for name, value in state.items()}, "figures": figures}
        )

    def identity(self) -> dict[str, Any]:
        """Return the VAE's hash and the settings."""
        return {"vae_hash": self.vae_hash, "config": asdict(self.config), "seed": self.seed}

    def state_dict(self) -> dict[str, Any]:
        """Return the steps taken and the newest distance."""
        return {"done": self.done, "last_distance": self.last_distance}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a saved state."""
        self.done, self.last_distance = int(state["done"]), float(state["last_distance"])

    def draw_latents(self) -> tuple[Tensor, Tensor]:
        """Sample latents (n, Z) and (m, K) as a training step does, from which their spread is measured."""
        generator = self._generator("prior", self.config.prior_steps)  # a step that is never taken
        windows = self.examples.train.select(self._draw_windows(SCALE_WINDOWS, generator))
        real = torch.arange(windows.chunks[0].shape[1]) < windows.num_chunks[:, None]
        sequence, chunks = (
            Gaussian(*level).sample(torch.randn(level[0].shape, generator=generator))
            for level in (windows.sequence, windows.chunks)
        )
        return sequence, chunks[real]

    def compute_losses(
        self,
        prior: LatentPrior,
        windows: LatentWindows,
        generator: torch.Generator,
        place_times: Callable[[Tensor], Tensor] = lambda uniform: uniform,
    ) -> Tensor:
        """Return the loss (B,) of windows; latents, noise, times, labels and known parts are drawn anew."""

        def normal(like: Tensor) -> Tensor:
            return torch.randn(like.shape, generator=generator)

        def uniform(*shape: int) -> Tensor:
            return torch.rand(shape, generator=generator)

        batch, width = windows.chunk_labels.shape[:2]
        latents = Latents(*(Gaussian(*p).sample(normal(p[0])) for p in (windows.sequence, windows.chunks)))
        noise = Latents(normal(latents.sequence), normal(latents.chunks))
        places = (torch.arange(batch) + uniform(batch)) / batch  # stratified: each batch sees all of the way
        time = place_times(places[torch.randperm(batch, generator=generator)])
        mask = torch.arange(width) < windows.num_chunks[:, None]
        known = draw_known(mask, uniform(batch, 5), self.config.prior_known_probability)
        keeps = uniform(2, batch) >= self.config.prior_label_dropout
        labels = torch.where(keeps[0], windows.labels, NO_LABEL)
        chunk_labels = torch.where(keeps[1][:, None, None], windows.chunk_labels, NO_LABEL)
        device = self.device
        condition = Condition(*(x.to(device) for x in (windows.num_frames, mask, labels, chunk_labels)))
        standardised = prior.standardise(Latents(*(part.to(device) for part in latents)))
        with torch.autocast(device, torch.bfloat16, enabled=self.precision == "bf16"):
            return prior.compute_loss(
                standardised,
                Latents(*(part.to(device) for part in noise)),
                time.to(device),
                Known(*(part.to(device) for part in known)),
                condition,
            )

    def _draw_windows(self, count: int, generator: torch.Generator) -> Tensor:
        """Return indices (count,) of training windows, drawn in proportion to their chunks."""
        weights = self.examples.train.num_chunks.float()
        return torch.multinomial(weights, count, replacement=True, generator=generator)

    def _generator(self, purpose: Any, step: int) -> torch.Generator:
        return torch.Generator().manual_seed(random_seed(purpose, self.seed, step))


def resolve_dropout(config: PriorConfig, num_chunks: int) -> float:
    """Return the configured dropout, or one chosen by the number of chunks of training recordings."""
    if config.prior_dropout is not None:
        return config.prior_dropout
    chosen = FEW_DROPOUT if num_chunks < FEW_CHUNKS else 0.0
    logger.info(
        "The prior drops %.0f %% of its hidden units, chosen for %d chunks of training recordings "
        "(--prior_dropout sets another share).",
        100 * chosen,
        num_chunks,
    )
    return chosen


def crowd_times(uniform: Tensor) -> Tensor:
    """Return times (B,) that crowd around the first half of the way, from numbers evenly on (0, 1).

    Source: Esser et al. 2024, "Scaling Rectified Flow Transformers for High-Resolution Image Synthesis",
        section 3.1, logit-normal sampling; their times run the other way.
    """
    return torch.sigmoid(TIME_CENTRE + TIME_SPREAD * torch.special.ndtri(uniform.clamp(1e-6, 1 - 1e-6)))


def draw_known(chunk_mask: Tensor, uniform: Tensor, probability: float) -> Known:
    """Return which latents of a training window are given.

    With ``probability`` some are: z in half of these cases; all chunks but one span, which in a third of the
    cases reaches to the end (continuing), in a third lies anywhere (filling in), in a third is all.

    Args:
        chunk_mask: (B, C) bool.
        uniform: (B, 5) random numbers in [0, 1).
        probability: chance that anything is given.
    """
    gives, sequence, kind, length, place = uniform.unbind(1)
    some, count = gives < probability, chunk_mask.sum(1)
    size = torch.where(kind < 2 / 3, (length * count).floor().clamp(min=1), count)
    start = torch.where(kind < 1 / 3, count - size, (place * (count - size + 1)).floor())
    index = torch.arange(chunk_mask.shape[1])
    hidden = (index >= start[:, None]) & (index < (start + size)[:, None])
    return Known(some & (sequence < 0.5), some[:, None] & chunk_mask & ~hidden)


def _groups(windows: LatentWindows, padding: int = 1) -> Iterator[Tensor]:
    """Yield windows in groups of similar length that may pass at once, see `cut_micro_batches`."""
    order = windows.num_chunks.argsort(stable=True)
    for cut in cut_micro_batches(windows.num_chunks[order].tolist(), MOST_CHUNKS, padding):
        yield order[cut]
