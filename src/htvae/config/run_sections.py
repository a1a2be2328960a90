"""The sections of the settings on training, the prior and the folders of results; see ``sections.py``."""

from dataclasses import dataclass

from htvae.config.checks import check_kinds, check_range, is_plain, require
from htvae.config.choices import Device, Precision


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """Optimisation, its length, precision and the device."""

    batch_size: int | None = None
    """Windows per optimiser step. None: windows with batch_frames frames in all, which suits short and long
    recordings."""
    batch_frames: int = 2048
    """Frames per optimiser step where batch_size is None. Smaller steps learn more per frame; larger ones use
    a GPU or several processes better."""
    batch_growth: bool = True
    """Whether steps grow to 8192 frames as training goes on: twice as many after 1 M frames, four times after
    3 M. Late in a run larger steps learn as much per frame, and take less time. Not with batch_size."""
    micro_batch_frames: int = 16_384
    """Most frames that pass through the model at once; a step's windows are split into parts of this size.
    Padding may make a part up to four times as large, but hardly takes time or memory. Lower it where memory
    is short: results stay the same."""
    num_epochs: int | None = None
    """Passes over the training frames. None: the number that processes num_frames."""
    num_frames: int = 15_000_000
    """Frames to process where num_epochs is None, so that a run takes about the same time on any data."""
    max_minutes: float | None = None
    """Longest time (minutes) of training. A run that is stopped leaves a checkpoint to resume from."""
    learning_rate: float = 1e-3
    """Highest learning rate, for both Muon and AdamW (Muon's updates are scaled to AdamW's size)."""
    weight_decay: float = 0.01
    """Decoupled weight decay of matrices."""
    warmup_steps: int = 50
    """Optimiser steps in which the learning rate rises to its highest value; then it falls along a cosine."""
    gradient_clip: float = 1.0
    """Largest norm of the gradient; larger gradients are scaled down. 0 switches clipping off."""
    ema_decay: float = 0.995
    """Decay per step of the averaged weights that are validated and saved. 0 switches averaging off."""
    patience: int = 20
    """Validations without a better result after which training stops early."""
    validation_interval: int = 200
    """Optimiser steps between two validations."""
    precision: Precision = "auto"
    """``bf16``, ``32`` or ``auto``, which is bf16 where the hardware multiplies it fast, else 32."""
    device: Device = "auto"
    """``auto``, ``cpu``, ``cuda`` or ``mps``; auto takes the fastest one present."""
    compile_model: bool = False
    """Whether the network is compiled first, which takes a minute and makes steps on a GPU faster."""
    seed: int = 0
    """Seed of weights, order, augmentation and noise."""
    init_from: str | None = None
    """Checkpoint with the weights that training starts from; landmarks are matched by name."""
    resume: bool = False
    """Whether training continues from last_model.pt of this experiment."""

    def __post_init__(self) -> None:
        check_kinds(self)
        counts = ("batch_size", "batch_frames", "micro_batch_frames", "num_epochs", "num_frames", "patience")
        for name in (*counts, "validation_interval"):
            check_range(self, name, 1)
        for name in ("max_minutes", "weight_decay", "warmup_steps", "gradient_clip"):
            check_range(self, name, 0)
        check_range(self, "learning_rate", 1e-12)
        check_range(self, "ema_decay", 0, 1, open_high=True)
        check_range(self, "seed", 0, 2**32 - 1)


@dataclass(frozen=True, kw_only=True)
class PriorConfig:
    """The prior, which is fitted to the trained VAE's latents and generates motion."""

    prior_steps: int = 4000
    """Optimiser steps of the prior. 0: no prior is fitted; the model then reconstructs but cannot
    generate."""
    prior_batch_size: int = 16
    """Windows per optimiser step of the prior."""
    prior_embed_dim: int = 256
    """Width of the prior's transformer; a multiple of 2 * prior_num_heads."""
    prior_num_heads: int = 8
    """Attention heads of the prior."""
    prior_num_layers: int = 4
    """Layers of the prior. Time and memory grow with their number."""
    prior_dropout: float | None = None
    """Share (0..1) of hidden units dropped while fitting, so that less is learned by heart. None: 0.1 where
    the training recordings have fewer than 500 chunks, else 0. Larger shares learn more slowly."""
    prior_learning_rate: float = 2e-3
    """Highest learning rate of the prior."""
    prior_label_dropout: float = 0.4
    """Chance (0..1), while fitting, that the label of a recording is left open, and an equal chance that the
    labels of its spans are. So the prior can generate with both, one or none of them; guidance needs this."""
    prior_known_probability: float = 0.6
    """Chance (0..1) that some latents are given, so that the prior learns to continue and to fill in."""
    prior_ema_decay: float = 0.995
    """Decay per step of the averaged weights that are validated and saved."""
    prior_validation_interval: int = 200
    """Optimiser steps between two validations; the state is saved after each validation. A validation draws
    motion, which takes about as long as 10 to 20 steps."""
    prior_patience: int = 10
    """Validations without a better result after which fitting stops early. Better means motion nearer to
    validation motion (Frechet distance), or a lower loss if there are fewer than 8 validation sequences."""

    def __post_init__(self) -> None:
        check_kinds(self)
        sizes = ("batch_size", "embed_dim", "num_heads", "num_layers", "validation_interval", "patience")
        for name in sizes:
            check_range(self, f"prior_{name}", 1)
        check_range(self, "prior_steps", 0)
        check_range(self, "prior_learning_rate", 1e-12)
        for name in ("prior_dropout", "prior_ema_decay"):
            check_range(self, name, 0, 1, open_high=True)
        for name in ("prior_label_dropout", "prior_known_probability"):
            check_range(self, name, 0, 1)
        require(
            self.prior_embed_dim % (2 * self.prior_num_heads) == 0,
            f"prior_embed_dim must be a multiple of 2 * prior_num_heads={2 * self.prior_num_heads}, but got "
            f"{self.prior_embed_dim}. Change one of them.",
        )


@dataclass(frozen=True, kw_only=True)
class ExperimentConfig:
    """The folders of results."""

    experiments_dir: str = "experiments"
    """Folder of all experiments, and of the cache of parsed recordings."""
    experiment_name: str | None = None
    """Subfolder of experiments_dir for this run. None: experiments_dir itself."""

    def __post_init__(self) -> None:
        check_kinds(self)
        name = self.experiment_name
        require(
            name is None or is_plain(name),
            'experiment_name must be a plain folder name (at most 60 characters, no / \\ : * ? " < > |, no '
            f"space or dot at its ends), but got {name!r}. Choose another.",
        )
        taken = ("archive", "cache", "checkpoints", "logs", "tensorboard")
        require(
            name not in taken, f"experiment_name must not be one of {', '.join(taken)}, but got {name!r}."
        )
