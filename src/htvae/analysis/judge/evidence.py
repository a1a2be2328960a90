"""Evidence of each label in a recording or a span: how much likelier the label makes it, chunk by chunk.

A recording longer than the model's window is judged window by window. Where windows overlap, each chunk
counts in the window that keeps it, so that no second counts twice.

Axes: ``G`` labels, ``R`` rounds, ``C`` chunks of the recording, ``Q`` labels per chunk.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from htvae.analysis.judge.verdicts import find_spans
from htvae.data.processing import ProcessedSequence
from htvae.generation.sampler import MotionSampler
from htvae.inference.windows import WindowOutput
from htvae.models.chunking import LABELS_PER_CHUNK
from htvae.models.label_evidence import make_draws, measure_likelihoods
from htvae.models.prior import NO_LABEL, Condition
from htvae.utils.random import random_seed


class SpanEvidence(NamedTuple):
    """Evidence of each label in one labelled span."""

    frames: tuple[int, int]
    """Model frames of the span, (first, one after the last)."""
    label: str
    """Label of the span."""
    chunks: tuple[int, int]
    """Chunks of the recording that the evidence is of, (first, one after the last)."""
    evidence: np.ndarray
    """Evidence (G, R, C) of each label against none in the span, nats."""


def measure_label_evidence(
    model: MotionSampler, windows: Sequence[WindowOutput], num_rounds: int, seed: int
) -> np.ndarray:
    """Return the evidence (G, R, C) of each label of recordings against no label, in nats.

    The evidence of a window's sequence latent is spread evenly over the chunks that the window keeps.

    Args:
        model: a model whose prior knows labels.
        windows: posteriors of the recording's windows.
        num_rounds: R, independent estimates.
        seed: seed of the draws; it does not depend on other recordings.
    """
    labels = range(NO_LABEL, len(model.labels) + 1)
    parts = []
    for number, output in enumerate(windows):
        none = torch.full((len(output.chunks.mu), LABELS_PER_CHUNK), NO_LABEL)
        conditions = [make_condition(output, label, none) for label in labels]
        evidence = compare_conditions(model, output, conditions, num_rounds, seed, number)
        own = evidence[..., 1:][..., output.window.kept_part]
        parts.append(own + evidence[..., :1] / own.shape[-1])
    return np.concatenate(parts, axis=-1)


def measure_span_evidence(
    model: MotionSampler,
    processed: ProcessedSequence,
    windows: Sequence[WindowOutput],
    num_rounds: int,
    seed: int,
) -> Iterator[SpanEvidence]:
    """Yield the evidence of each label in each labelled span; all other spans keep their labels.

    A span is judged by the chunks whose places for labels it holds, each in the window that keeps the chunk.
    The label of the recording is left open.
    """
    spans, length = find_spans(processed), len(processed.pose)
    names: dict[str, int] = {name: index for index, name in enumerate(model.chunk_labels, start=1)}
    frame_labels = np.full(length, NO_LABEL)
    for frames, label in spans:
        frame_labels[slice(*frames)] = names.get(label, NO_LABEL)
    places = model.grid.label_places(length)
    script = torch.from_numpy(frame_labels)[places]
    for (first, stop), label in spans:
        inside = (places >= first) & (places < stop)
        scripts = [script.masked_fill(inside, index) for index in range(NO_LABEL, len(names) + 1)]
        chunks = np.flatnonzero(inside.any(1))
        parts = []
        for number, output in enumerate(windows):
            own = chunks[(chunks >= output.window.kept_chunks[0]) & (chunks < output.window.kept_chunks[1])]
            if not len(own):
                continue
            begin, end = output.window.chunks
            conditions = [make_condition(output, NO_LABEL, labels[begin:end]) for labels in scripts]
            evidence = compare_conditions(model, output, conditions, num_rounds, seed, number)
            parts.append(evidence[..., 1 + own - begin])
        if parts:
            held = int(chunks[0]), int(chunks[-1] + 1)
            yield SpanEvidence((first, stop), label, held, np.concatenate(parts, axis=-1))


def make_condition(output: WindowOutput, label: int, chunk_labels: Tensor) -> Condition:
    """Return the condition of one window: its label, and the labels (C, Q) of its chunks."""
    return Condition(
        torch.tensor([output.window.num_frames]),
        torch.ones(1, len(output.chunks.mu), dtype=torch.bool),
        torch.tensor([label]),
        chunk_labels[None],
    )


def compare_conditions(
    model: MotionSampler,
    output: WindowOutput,
    conditions: Sequence[Condition],
    num_rounds: int,
    seed: int,
    number: int,
) -> np.ndarray:
    """Return how much likelier than the first the other conditions make z and each chunk, in nats.

    Args:
        model: the model.
        output: posteriors of one window.
        conditions: at least two, the first without the label.
        num_rounds: R.
        seed: seed of the draws.
        number: place of the window in the recording.

    Returns:
        (conditions - 1, R, 1 + C).
    """
    generator = torch.Generator().manual_seed(random_seed("judge", seed, 0, number))
    draws = make_draws(model.prior, output.sequence, output.chunks, num_rounds, generator)
    found = measure_likelihoods(model.prior, draws, conditions).numpy()
    evidence: np.ndarray = found[1:] - found[:1]
    return evidence
