"""Reliability of attention: heads that agree, heads that do not, and figures of heads that differ."""

import numpy as np
import pytest

from htvae.analysis.attention.contributions import PartLatents
from htvae.analysis.attention.heads import HeadSums, RowFigures
from htvae.analysis.attention.maps import AttentionMaps, summarise_maps
from htvae.analysis.attention.reliability import MEASURES, measure_chunks, measure_heads
from htvae.models.chunking import ChunkWindow

LAYERS, HEADS, CHUNKS, LATENTS, POSE = 2, 6, 9, 12, 4


def make_window(rng, agree, num_heads=HEADS):
    """A window whose heads, and numbers of z, share what chunks matter, or each have their own."""
    shape = (LAYERS, num_heads, 1 + CHUNKS, 1 + CHUNKS)
    shared = rng.normal(size=(1 + CHUNKS, 1 + CHUNKS))
    logits = 2 * shared * agree + rng.normal(size=shape) * (0.5 if agree else 2)
    weights = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    matter = np.exp(rng.normal(size=(CHUNKS, 1 if agree else LATENTS)))
    moved = matter * rng.normal(size=(CHUNKS, LATENTS)) * (1 if agree else 0) + (0 if agree else matter)
    mu = np.concatenate([np.zeros((1, LATENTS)), moved])
    window = ChunkWindow(0, 10 * CHUNKS, 0, 10 * CHUNKS, (0, CHUNKS), (0, CHUNKS))
    maps = AttentionMaps(window=window, local=np.zeros(0), token_mask=np.zeros(0), overall=weights)
    return summarise_maps(maps, PartLatents(mu, np.ones_like(mu)), 10, POSE)


@pytest.mark.parametrize("agree", [True, False])
def test_chunks_are_reliable_where_heads_and_latents_agree(agree):
    rng = np.random.default_rng(0)
    found = measure_chunks([make_window(rng, agree) for _ in range(30)], 0)
    for name, value in zip(MEASURES, found.value, strict=True):
        assert (value > 0.6) if agree else (value < 0.4), (name, value)


def test_a_single_head_has_no_halves():
    rng = np.random.default_rng(0)
    found = measure_chunks([make_window(rng, True, num_heads=1) for _ in range(30)], 0)
    assert np.isnan(found.value[:5]).all() and np.isfinite(found.value[5:]).all()
    assert not found.is_low[:5].any()


@pytest.mark.parametrize("differ", [True, False])
def test_heads_are_reliable_where_they_differ(differ):
    """Figures of 2 layers and 6 heads in 40 windows; entropy is a head's own, or noise."""
    rng, sums = np.random.default_rng(0), HeadSums("global", ("sequence", "chunks"))
    own = rng.normal(size=(LAYERS, 1, HEADS, 1)) * differ
    for _ in range(40):
        noise = rng.normal(size=(6, LAYERS, 1, HEADS, 5))
        figures = RowFigures(own + noise[0], *noise[1:])
        sums.add(figures, np.ones((1, 5), bool))
    found = measure_heads(sums, 0)
    assert set(found) == {"sequence", "chunks"}
    value = found["chunks"].value
    assert (value[0] > 0.9) if differ else found["chunks"].is_low[0]
    assert (np.abs(value[1:]) < 0.9).all()  # noise alone


def test_one_window_has_no_halves():
    sums = HeadSums("local", ("summary", "tokens"))
    sums.add(RowFigures(*np.zeros((6, 1, 1, 2, 3))), np.ones((1, 3), bool))
    assert measure_heads(sums, 0) == {}
