"""Fitting the prior to the latents of a trained VAE, in a plain loop that resumes exactly.

What is unusual: all random numbers of a step are a function of (seed, step), so that a resumed run equals an
uninterrupted one; windows are drawn in proportion to their chunks, so that every frame counts alike and long
windows are learned.

Axes: ``B`` batch, ``C`` chunks.
"""

import copy
import logging
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from htvae.config import PriorConfig
from htvae.data.batching import cut_micro_batches
from htvae.inference.checkpoint import PriorState, read_plain
from htvae.models.latent import Gaussian
from htvae.models.prior import NO_LABEL, Condition, Known, LatentPrior, Latents
from htvae.training.module import averaging, learning_rate_factor
from htvae.training.optimizer import MuonWithAdamW, build_optimizer
from htvae.training.prior_data import LatentWindows, PriorExamples
from htvae.utils.files import save_tensors
from htvae.utils.interruption import EndRequest
from htvae.utils.progress import Progress
from htvae.utils.random import random_seed

logger = logging.getLogger(__name__)

STATE_FORMAT = "htvae-prior-state-4"
"""Of the file that fitting resumes from."""
SCALE_WINDOWS = 2048
"""Windows by which the latents' spread is measured."""
MOST_CHUNKS = 512
"""Padded chunks that pass through the prior at once."""
TIME_CENTRE, TIME_SPREAD = -0.5, 1.0
"""Mean and standard deviation of the logits of times in training: what a sequence shall show is decided on
the first half of the way from noise. docs/experiments.md has the losses of other choices."""
WARMUP_STEPS = 50
WEIGHT_DECAY = 0.01
VALIDATION_DRAWS = 4
"""Times and noises that every validation window is scored at."""


@dataclass(frozen=True, kw_only=True)
class PriorRun:
    """What a run of fitting is made of."""

    config: PriorConfig
    examples: PriorExamples
    vae_hash: str
    state_file: Path
    seed: int
    device: str
    precision: str
    end_time: float = math.inf
    """On the clock of time.monotonic; the run ends then, to be resumed."""


class PriorFitter:
    """One run of fitting.

    Args:
        run: data, settings, where the state is kept.
    """

    def __init__(self, run: PriorRun) -> None:
        self.run, self.examples, config = run, run.examples, run.config
        torch.manual_seed(random_seed("prior", run.seed, 0))
        self.prior = LatentPrior(
            config,
            run.examples.train.sequence[0].shape[-1],
            run.examples.train.chunks[0].shape[-1],
            len(run.examples.vocabulary.labels),
            len(run.examples.vocabulary.chunk_labels),
        )
        self.prior.fit_scale(*self._draw_latents())
        self.prior.to(run.device)
        self.averaged: Any = torch.optim.swa_utils.AveragedModel(
            self.prior, multi_avg_fn=averaging(config.prior_ema_decay)
        )
        self.optimizer: MuonWithAdamW = build_optimizer(self.prior, config.prior_learning_rate, WEIGHT_DECAY)
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.step = 0
        self.best: dict[str, Any] = {"loss": math.inf, "step": 0, "state": None}

    def fit(self) -> PriorState:
        """Fit until done, stopped early or out of time; the result says which (``finished``).

        Raises:
            KeyboardInterrupt: the user interrupted; the state is saved.
        """
        config, progress = self.run.config, None
        try:
            with EndRequest() as request:
                progress = Progress("Prior", config.prior_steps, self.step)
                while self.step < config.prior_steps and not self._stands_still():
                    self.take_step()
                    figures = ""
                    if self.step % config.prior_validation_interval == 0 or self.step == config.prior_steps:
                        figures = self._validate()
                        self.save()
                    progress.update(self.step, figures)
                    if request.asked:
                        self.save()
                        raise KeyboardInterrupt(
                            f"Interrupted at step {self.step} of the prior. To go on: the same command with "
                            "--resume."
                        )
                    if time.monotonic() >= self.run.end_time:
                        self.save()
                        return self._result(finished=False)
        finally:
            if progress is not None:
                progress.close()
        return self._result(finished=True)

    def take_step(self) -> None:
        """Take one optimiser step; all of its random numbers follow from seed and step."""
        config, generator = self.run.config, self._generator("prior", self.step)
        factor = learning_rate_factor(self.step, WARMUP_STEPS, config.prior_steps)
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor
        self.prior.train()
        torch.manual_seed(random_seed("dropout", self.run.seed, self.step))
        index = self._draw_windows(config.prior_batch_size, generator)
        for part in _groups(self.examples.train, index):
            loss = self._loss(self.prior, self.examples.train.select(part), generator, crowd_times).sum()
            (loss / config.prior_batch_size).backward()
        torch.nn.utils.clip_grad_norm_(self.prior.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.averaged.update_parameters(self.prior)
        self.step += 1

    def save(self) -> None:
        """Write the whole state of fitting."""
        values = {
            "format": STATE_FORMAT,
            "vae_hash": self.run.vae_hash,
            "config": asdict(self.run.config),
            "step": self.step,
            "prior": self.prior.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "best": self.best,
        }
        save_tensors(self.run.state_file, values)

    def resume(self) -> bool:
        """Take up the saved state where there is one of this VAE and these settings; say what was done."""
        if not self.run.state_file.is_file():
            return False
        values = read_plain(self.run.state_file)
        mine = {"format": STATE_FORMAT, "vae_hash": self.run.vae_hash, "config": asdict(self.run.config)}
        if any(values.get(name) != value for name, value in mine.items()):
            logger.info(
                "%s is of another model, version or settings: the prior begins anew.", self.run.state_file
            )
            return False
        self.prior.load_state_dict(values["prior"])
        self.averaged.load_state_dict(values["averaged"])
        self.optimizer.load_state_dict(values["optimizer"])
        self.step, self.best = values["step"], values["best"]
        return True

    def _draw_latents(self) -> tuple[Tensor, Tensor]:
        """Return latents (n, Z) and (m, K) as they are learned: of windows drawn like a step's, sampled."""
        generator = self._generator("prior", self.run.config.prior_steps)  # a step that is never taken
        windows = self.examples.train.select(self._draw_windows(SCALE_WINDOWS, generator))
        real = torch.arange(windows.chunks[0].shape[1]) < windows.num_chunks[:, None]
        sequence, chunks = (
            Gaussian(*level).sample(torch.randn(level[0].shape, generator=generator))
            for level in (windows.sequence, windows.chunks)
        )
        return sequence, chunks[real]

    def _draw_windows(self, count: int, generator: torch.Generator) -> Tensor:
        """Return indices (count,) of training windows, drawn in proportion to their chunks."""
        weights = self.examples.train.num_chunks.float()
        return torch.multinomial(weights, count, replacement=True, generator=generator)

    @torch.no_grad()
    def _validate(self) -> str:
        """Score the averaged weights, keep them if they are the best so far, and return figures to show."""
        windows = self.examples.val
        self.averaged.eval()
        if windows is None:
            self.best = {"loss": math.nan, "step": self.step, "state": self._weights()}
            return "no validation recordings"
        generator, losses = self._generator("prior validation", 0), []
        for _ in range(VALIDATION_DRAWS):
            for part in _groups(windows, torch.arange(len(windows.num_frames))):
                losses.append(self._loss(self.averaged.module, windows.select(part), generator))
        loss = float(torch.cat(losses).mean())
        if not math.isfinite(loss):
            raise ValueError(
                f"The prior's loss must be finite, but is {loss} at step {self.step}. Lower "
                "--prior_learning_rate; the model is as it was."
            )
        if loss < self.best["loss"]:
            self.best = {"loss": loss, "step": self.step, "state": self._weights()}
        return f"loss {loss:.4f}"

    def _loss(
        self,
        prior: LatentPrior,
        windows: LatentWindows,
        generator: torch.Generator,
        place_times: Callable[[Tensor], Tensor] = lambda uniform: uniform,
    ) -> Tensor:
        """Return the loss (B,) of windows with latents, noise, times, labels and known parts drawn anew."""
        config, device = self.run.config, self.run.device

        def normal(like: Tensor) -> Tensor:
            return torch.randn(like.shape, generator=generator)

        def uniform(*shape: int) -> Tensor:
            return torch.rand(shape, generator=generator)

        batch, width = windows.chunk_labels.shape[:2]
        latents = Latents(*(Gaussian(*p).sample(normal(p[0])) for p in (windows.sequence, windows.chunks)))
        noise = Latents(normal(latents.sequence), normal(latents.chunks))
        places = (torch.arange(batch) + uniform(batch)) / batch  # stratified: each batch sees all of the way
        places = places[torch.randperm(batch, generator=generator)]
        mask = torch.arange(width) < windows.num_chunks[:, None]
        known = draw_known(mask, uniform(batch, 5), config.prior_known_probability)
        keeps = uniform(2, batch) >= config.prior_label_dropout
        labels = torch.where(keeps[0], windows.labels, NO_LABEL)
        chunk_labels = torch.where(keeps[1][:, None, None], windows.chunk_labels, NO_LABEL)
        values = (
            latents,
            noise,
            (place_times(places),),
            known,
            (windows.num_frames, mask, labels, chunk_labels),
        )
        latents_, noise_, time_, known_, condition = (
            tuple(part.to(device) for part in value) for value in values
        )
        standardised = prior.standardise(Latents(*latents_))
        with torch.autocast(device, torch.bfloat16, enabled=self.run.precision.startswith("bf16")):
            return prior.compute_loss(
                standardised, Latents(*noise_), time_[0], Known(*known_), Condition(*condition)
            )

    def _generator(self, purpose: Any, step: int) -> torch.Generator:
        return torch.Generator().manual_seed(random_seed(purpose, self.run.seed, step))

    def _weights(self) -> dict[str, Tensor]:
        return copy.deepcopy({k: v.cpu() for k, v in self.averaged.module.state_dict().items()})

    def _stands_still(self) -> bool:
        patience = self.run.config.prior_patience * self.run.config.prior_validation_interval
        stands = math.isfinite(self.best["loss"]) and self.step - self.best["step"] >= patience
        if stands:
            logger.info("The prior has not got better for %d steps: fitting ends early.", patience)
        return stands

    def _result(self, finished: bool) -> PriorState:
        if self.best["state"] is None:
            self._validate()
        figures = {"loss": self.best["loss"], "step": float(self.best["step"]), "finished": float(finished)}
        return PriorState(
            state=self.best["state"],
            config=self.run.config,
            labels=self.examples.vocabulary.labels,
            chunk_labels=self.examples.vocabulary.chunk_labels,
            label_shares=self.examples.train.label_shares(len(self.examples.vocabulary.labels)),
            ground_range=self.examples.ground_range,
            movement=self.examples.movement,
            scripts=self.examples.scripts,
            vae_hash=self.run.vae_hash,
            figures=figures,
        )


def crowd_times(uniform: Tensor) -> Tensor:
    """Return times (B,) that crowd around the first half of the way, from numbers evenly on (0, 1).

    Source: Esser et al. 2024, "Scaling Rectified Flow Transformers for High-Resolution Image Synthesis",
        section 3.1, logit-normal sampling; their times run the other way.
    """
    return torch.sigmoid(TIME_CENTRE + TIME_SPREAD * torch.special.ndtri(uniform.clamp(1e-6, 1 - 1e-6)))


def draw_known(chunk_mask: Tensor, uniform: Tensor, probability: float) -> Known:
    """Return which latents of a training window are given.

    With ``probability`` some are: z in half of these cases; all chunks but one span, which in a third
    of the cases reaches to the end (continuing), in a third lies anywhere (filling in), in a third is all.

    Args:
        chunk_mask: (B, C) bool.
        uniform: (B, 5) random numbers in [0, 1).
        probability: of giving anything.
    """
    gives, sequence, kind, length, place = uniform.unbind(1)
    some, count = gives < probability, chunk_mask.sum(1)
    size = torch.where(kind < 2 / 3, (length * count).floor().clamp(min=1), count)
    start = torch.where(kind < 1 / 3, count - size, (place * (count - size + 1)).floor())
    index = torch.arange(chunk_mask.shape[1])
    hidden = (index >= start[:, None]) & (index < (start + size)[:, None])
    return Known(some & (sequence < 0.5), some[:, None] & chunk_mask & ~hidden)


def _groups(windows: LatentWindows, index: Tensor) -> Iterator[Tensor]:
    """Yield the windows in groups of similar length, each small enough to pass at once."""
    order = index[windows.num_chunks[index].argsort(stable=True)]
    for cut in cut_micro_batches(windows.num_chunks[order].tolist(), MOST_CHUNKS):
        yield order[cut]
