"""The sections of the settings on recordings, the model and its loss.

- Each section is a frozen dataclass that checks its values when it is made; each field is one setting.
- The docstring under a field is the help of the field's flag.
- The sections on training, the prior and experiments are in ``run_sections.py``.
"""

from dataclasses import dataclass

from htvae.config.checks import check_kinds, check_range, require
from htvae.config.choices import KLSchedule, Likelihood
from htvae.config.reading import ReadingConfig


@dataclass(frozen=True, kw_only=True)
class DataConfig(ReadingConfig):
    """How recordings are read, cut into windows, and varied while training."""

    max_frames: int = 4096
    """Longest window (frames) that the model sees at once, at least chunk_size. Longer recordings are cut
    overlapping windows of whole chunks. Memory grows a little faster than max_frames."""
    fps: float | None = None
    """Frame rate (1/s) of the model, to which recordings are resampled; also the rate of recordings whose
    files and manifest name none. None: the commonest rate of the training recordings."""
    heading: tuple[str, str] | None = None
    """Two landmarks, tail and head of the body's axis. Every frame is turned so that the axis points up,
    which suits animals seen from above; in 3-D about the vertical, so that the axis, seen from above, points
    to the viewer. None: the orientation stays unchanged."""
    val_fraction: float = 0.1
    """Share of frames (0..1) held out to choose the best model. Whole subjects are held out."""
    test_fraction: float = 0.1
    """Share of frames (0..1) held out for evaluate.py. Whole subjects are held out."""
    split_seed: int = 0
    """Seed of the split into training, validation and test."""
    mirror_probability: float = 0.5
    """Chance (0..1) that a training window is mirrored, left and right names swapped. Mirroring is switched
    off automatically where no landmark names a side."""
    limb_range: float = 0.12
    """Largest share (0..1) by which each bone of a training window is lengthened or shortened, left and right
    nearly alike, so that the model learns bodies that no recording shows. Switched off automatically where no
    bones are known."""
    stretch_range: float = 0.12
    """Largest share (0..1) by which a training window is widened or narrowed, as if seen from another side;
    in 3-D along both axes of the ground, by a share each."""
    shear_range: float = 0.05
    """Largest slope (0..1) by which a training window leans, as if the camera were not level. In 2-D points
    are also drawn larger or smaller, by up to half of this per torso length upwards, as by a camera that
    stands higher or lower."""
    rotation_degrees: float = 5.0
    """Largest angle (degrees) by which a training window is turned, either way; in 3-D about the vertical."""
    scale_range: float = 0.1
    """Largest share (0..1) by which a training window is scaled, up or down."""
    time_warp: float = 0.1
    """Largest share (0..1) by which a training window is played faster or slower."""
    plain_share: float = 0.2
    """Share (0..1) of the epochs, the last ones, in which bodies, views and speeds are not varied (mirrored,
    scaled, stretched, sheared, turned, warped), so that training ends on unaltered recordings."""
    jitter: float = 0.0
    """Noise (torso lengths, standard deviation) added to the model's input; the target stays without it."""
    landmark_dropout: float = 0.02
    """Chance (0..1) that a landmark is hidden from the model for a whole window. The model must reconstruct
    it nevertheless."""
    burst_dropout: float = 0.1
    """Chance (0..1) that some landmarks of a window come and go, as when a tracker loses them. The model must
    reconstruct them nevertheless."""
    span_dropout: float = 0.03
    """Share (0..1) of frames hidden from the model, in spans of 4 to 256 frames. The model must reconstruct
    them nevertheless."""
    num_workers: int = 0
    """Processes that prepare batches beside the training process. 0 (none) is right for data that fits in
    memory."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self, "max_frames", 1)
        check_range(self, "fps", 1e-6)
        chances = ("mirror_probability", "landmark_dropout", "burst_dropout", "span_dropout", "plain_share")
        for name in chances:
            check_range(self, name, 0, 1)
        ranges = ("limb_range", "stretch_range", "shear_range", "scale_range", "time_warp")
        for name in ("val_fraction", "test_fraction", *ranges):
            check_range(self, name, 0, 1, open_high=True)
        check_range(self, "rotation_degrees", 0, 180)
        for name in ("jitter", "num_workers"):
            check_range(self, name, 0)
        require(
            self.heading is None or self.heading[0] != self.heading[1],
            f"heading must name two different landmarks, but got {self.heading}. Give tail and head.",
        )
        held_out = self.val_fraction + self.test_fraction
        require(held_out < 1, f"val_fraction + test_fraction must be below 1, but got {held_out:g}.")


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Sizes of the two-level transformer and of its latents."""

    chunk_size: int = 56
    """Frames in a chunk, the reach of local attention; a multiple of frames_per_token. Larger chunks cost
    slightly more per frame and make fewer chunk latents."""
    chunk_overlap: int | None = None
    """Frames that neighbouring chunks share, in [0, chunk_size). None: a seventh of chunk_size. A larger
    overlap needs more chunk latents."""
    frames_per_token: int = 4
    """Frames in one token of local attention. 1 is the finest and about three times slower than 4."""
    embed_dim: int = 256
    """Width of the transformers; a multiple of 2 * num_heads. Time and memory grow with its square."""
    num_heads: int = 8
    """Attention heads; embed_dim must be a multiple of 2 * num_heads."""
    num_layers: int = 3
    """Layers in each of the four stacks: local and global, encoder and decoder."""
    latent_dim: int = 64
    """Numbers in the sequence latent, which describes what the recording is."""
    chunk_latent_dim: int = 32
    """Numbers in each chunk latent, which describes what happens when. 0: the model has the sequence latent
    alone."""
    dropout: float = 0.0
    """Share (0..1) of hidden units dropped while training. Raise it where training data is scarce."""
    latent_span_dropout: float = 0.1
    """Share (0..1) of chunk latents hidden from the decoder, in spans, while training, so that the sequence
    latent learns what the recording is."""
    sequence_span_probability: float = 0.5
    """Chance (0..1), while training, that the sequence latent is computed from a part of the window alone, so
    that it holds what lasts."""
    statistics_pooling: bool = True
    """Whether the sequence latent is also computed from mean and spread of the global tokens."""
    conditional_prior: bool = True
    """Whether the KL of chunk latents is taken against a learned p(chunk | sequence) instead of N(0, I)."""
    linear_path: bool = True
    """Whether the networks add to a linear code that is fitted before training. So the model is not worse
    than that code from the first step on, nor on people that it has never seen."""
    output_smoothing: int = 7
    """Frames (odd) of the filter that removes jitter from the decoded movement; a second filter of about
    twice that width steadies points at rest. 1: no filter."""

    @property
    def resolved_chunk_overlap(self) -> int:
        """chunk_overlap (frames), with None resolved to a seventh of chunk_size."""
        return self.chunk_size // 7 if self.chunk_overlap is None else self.chunk_overlap

    @property
    def chunk_stride(self) -> int:
        """Frames from the beginning of one chunk to the beginning of the next."""
        return self.chunk_size - self.resolved_chunk_overlap

    def __post_init__(self) -> None:
        check_kinds(self)
        for name in ("chunk_size", "frames_per_token", "embed_dim", "num_heads", "num_layers", "latent_dim"):
            check_range(self, name, 1)
        check_range(self, "chunk_latent_dim", 0)
        check_range(self, "output_smoothing", 1)
        width = self.output_smoothing
        require(width % 2 == 1, f"output_smoothing must be odd, but got {width}. Try {width + 1}.")
        check_range(self, "dropout", 0, 1, open_high=True)
        check_range(self, "latent_span_dropout", 0, 1, open_high=True)
        check_range(self, "sequence_span_probability", 0, 1)
        size, tokens, overlap = self.chunk_size, self.frames_per_token, self.resolved_chunk_overlap
        require(
            size % tokens == 0,
            f"chunk_size must be a multiple of frames_per_token={tokens}, but got {size}. "
            f"Try {-(-size // tokens) * tokens}.",
        )
        require(0 <= overlap < size, f"chunk_overlap must be in [0, chunk_size={size}), but got {overlap}.")
        require(
            self.embed_dim % (2 * self.num_heads) == 0,
            f"embed_dim must be a multiple of 2 * num_heads={2 * self.num_heads}, but got {self.embed_dim}. "
            f"Change embed_dim or num_heads.",
        )


@dataclass(frozen=True, kw_only=True)
class LossConfig:
    """The terms of the loss and their weights. The loss is in nats per real frame."""

    likelihood: Likelihood = "gaussian"
    """Distribution of a point around its reconstruction, with a learned scale per landmark. ``laplace`` and
    ``student`` are more robust to outliers of the tracker."""
    min_scale: float = 0.02
    """Floor (torso lengths) of the learned scale; smaller errors hardly matter. A higher floor makes smoother
    latents that keep less detail."""
    kl_weight: float = 1.0
    """Weight of the sequence latent's KL. 1 is the ELBO; more makes a smoother, poorer latent."""
    chunk_kl_weight: float = 1.0
    """Weight of the chunk latents' KL. 1 is the ELBO; more makes smoother, poorer latents."""
    kl_schedule: KLSchedule = "linear"
    """How both KL weights reach their values: at once, linearly over kl_warmup_steps, in cycles of that
    length, or by a controller that holds the KL at target_rate."""
    kl_warmup_steps: int = 200
    """Optimiser steps until the KL weights reach their values; with ``cyclic``, the length of a cycle."""
    target_rate: float | None = None
    """KL (nats per frame, both levels) that ``kl_schedule="target_rate"`` steers to."""
    free_bits: float = 0.0
    """KL (nats per latent number) that costs nothing. A value above 0 keeps levels from collapsing."""
    statistics_weight: float = 1.0
    """Weight of a task for the sequence latent alone: predict mean, spread and speed of every point. More
    makes the latent easier to read and reconstruction worse; 0 switches the task off."""
    velocity_weight: float = 20.0
    """Weight of the error of velocities (frame differences), by the same likelihood. The weight is lowered
    where velocities would cost more than half a nat per coordinate. More makes smoother motion: the error of
    positions is hardly sensitive to jitter."""
    bone_weight: float = 0.0
    """Weight of the error in distance between landmarks that a bone joins."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_range(self, "min_scale", 1e-6)
        weights = ("kl_weight", "chunk_kl_weight", "statistics_weight", "velocity_weight", "bone_weight")
        for name in (*weights, "free_bits"):
            check_range(self, name, 0)
        check_range(self, "kl_warmup_steps", 0)
        steered = self.kl_schedule == "target_rate"
        require(
            steered == (self.target_rate is not None),
            "target_rate must be given with kl_schedule='target_rate' and only then, but got "
            f"kl_schedule={self.kl_schedule!r} and target_rate={self.target_rate}.",
        )
        check_range(self, "target_rate", 0)
