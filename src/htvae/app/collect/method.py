"""How a report came about: the model, its training, the recordings, and what to keep in mind."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from htvae.app.collect.clock import Clock
from htvae.app.collect.material import Material
from htvae.app.payload import Method
from htvae.app.remembering import RememberingModel
from htvae.config import Config
from htvae.data.processing import ProcessedSequence
from htvae.utils.text import format_duration

FEW_SUBJECTS = 5
"""Subjects below which what is found says little of others."""
MUCH_MISSING = 0.2
"""Share of missing points from which it is mentioned."""


def describe_method(material: Material, lines: Sequence[str]) -> list[Method]:
    """Return the paragraphs on method and data.

    Args:
        material: of the report.
        lines: how this report was made.
    """
    model, recordings, splits, clock = material.model, material.recordings, material.splits, material.clock
    return [
        {"title": "Recordings", "lines": describe_data(recordings, splits, clock)},
        {"title": "Keep in mind", "lines": list_caveats(recordings, splits, clock)},
        {"title": "Model", "lines": describe_model(model)},
        {"title": "Training", "lines": describe_training(model.config)},
        {"title": "This report", "lines": [*lines, *_HOW]},
    ]


_HOW = (
    "Reconstructions are those of one pass through the model, without refinement. The page stores some poses "
    "per second and draws between them by Catmull-Rom splines.",
    "Moments are described by mean, spread and order of short windows of poses, missing points as the model "
    "fills them in; t-SNE and PCA place them. On t-SNE, neighbours mean something; distances between groups, "
    "their sizes and the axes do not.",
    "Surprise 1.0 is worth a look: for error, stillness, tremble and acceleration a multiple of what one "
    "frame in a hundred of usual recordings reaches, for exchanged sides and reversed time even odds.",
    "Motifs are states of a hidden Markov model of pose windows. Their number was chosen, not found.",
    "Speed is the mean speed of the reconstruction's landmarks; error is the mean distance between recording "
    "and reconstruction.",
)


def describe_data(recordings: Sequence[ProcessedSequence], splits: Sequence[str], clock: Clock) -> list[str]:
    """Return how many recordings, subjects and seconds there are, and what is missing."""
    sources = [recording.source for recording in recordings]
    frames = sum(source.num_frames for source in sources)
    subjects = {source.subject for source in sources} - {None}
    rates = Counter(f"{source.fps:g}" if source.fps else "unknown" for source in sources)
    found = ", ".join(f"{count} {split}" for split, count in sorted(Counter(splits).items()))
    lines = [
        f"{len(sources)} recordings ({found}) of {len(subjects) or 'unknown'} subjects.",
        f"{frames:,} frames; frames per second: {_count(rates)}.",
        f"{missing_share(recordings):.1%} of points are missing.",
        f"Labels of recordings: {_name(source.label for source in sources)}.",
        f"Labels of spans: {_name(own.label for source in sources for own in source.frame_labels)}.",
    ]
    if clock.rate is not None:
        seconds = sum(len(recording.pose) / (recording.record.fps or clock.rate) for recording in recordings)
        lines.insert(2, f"{format_duration(seconds)} in all.")
    return lines


def missing_share(recordings: Sequence[ProcessedSequence]) -> float:
    """Return the share of points that recordings lack."""
    missing = sum(int(np.isnan(recording.source.pose[..., 0]).sum()) for recording in recordings)
    return missing / max(1, sum(recording.source.pose[..., 0].size for recording in recordings))


def list_caveats(recordings: Sequence[ProcessedSequence], splits: Sequence[str], clock: Clock) -> list[str]:
    """Return what a reader must know before believing the report."""
    subjects = {recording.source.subject for recording in recordings} - {None}
    trained, missing = sum(split == "train" for split in splits), missing_share(recordings)
    lines = []
    if trained:
        lines.append(
            f"The model was trained on {trained} of the {len(recordings)} recordings: on these it is better "
            "than on others."
        )
    if not subjects:
        lines.append("Subjects are unknown, so nothing here tells whether a finding holds for other people.")
    elif len(subjects) < FEW_SUBJECTS:
        lines.append(f"Only {len(subjects)} subjects: what is found here says little of others.")
    if clock.rate is None:
        lines.append(
            "No common frame rate is known: times are frames, and windows assume 30 frames per second."
        )
    if missing >= MUCH_MISSING:
        lines.append(
            f"{missing:.0%} of points are missing; the model fills them in for maps, motifs and search."
        )
    lines.append("Poses come from a tracker. What it gets wrong everywhere, the model takes for normal.")
    return lines


def describe_model(model: RememberingModel) -> list[str]:
    """Return what the model is."""
    own, processor = model.config.model, model.processor
    count = sum(part.numel() for part in model.model.parameters())
    rate = "unknown" if processor.fps is None else f"{processor.fps:g}"
    return [
        f"Hierarchical transformer VAE, {count / 1e6:.1f} M parameters; chunks of {own.chunk_size} frames "
        f"that overlap by {own.resolved_chunk_overlap}.",
        f"Latents: {own.latent_dim} numbers a sequence, {own.chunk_latent_dim} a chunk.",
        f"{len(processor.landmarks)} landmarks, {processor.num_coordinates} coordinates, {rate} frames per "
        f"second; origin {processor.anchor}, unit {processor.unit}.",
        "With a prior, so it generates." if model.has_prior else "Without a prior: it does not generate.",
    ]


def describe_training(config: Config) -> list[str]:
    """Return the settings that matter."""
    data, loss, training = config.data, config.loss, config.training
    return [
        f"num_frames {training.num_frames:,}, max_minutes {training.max_minutes}, learning_rate "
        f"{training.learning_rate:g}, batch_frames {training.batch_frames}, seed {training.seed}.",
        f"kl_weight {loss.kl_weight:g}, chunk_kl_weight {loss.chunk_kl_weight:g}, velocity_weight "
        f"{loss.velocity_weight:g}, min_scale {loss.min_scale:g}, likelihood {loss.likelihood}.",
        f"max_frames {data.max_frames}, val_fraction {data.val_fraction:g}, test_fraction "
        f"{data.test_fraction:g}, split_seed {data.split_seed}.",
    ]


def _name(labels: Iterable[str | None]) -> str:
    return _count(Counter(label for label in labels if label is not None)) or "none"


def _count(counts: Counter[str]) -> str:
    return ", ".join(f"{name} ({count})" for name, count in counts.most_common())
