"""Linear maps: with and without oneDNN the same to rounding, and a gradient wherever one is asked for."""

import pytest
import torch
import torch.nn.functional as F
from torch.profiler import ProfilerActivity, profile

from htvae.models import linear
from htvae.models.linear import LEAST_ROWS, Linear


@pytest.fixture
def layer():
    return Linear(24, 40)


@pytest.mark.parametrize("shape", [(LEAST_ROWS, 24), (2, 50, 24), (1, 24), (3, LEAST_ROWS, 5, 24), (0, 24)])
@pytest.mark.parametrize("bias", [True, False])
def test_without_gradients_the_map_is_the_same_to_rounding(shape, bias):
    layer, x = Linear(24, 40, bias=bias), torch.randn(shape)
    with torch.inference_mode():
        found = layer(x)
    torch.testing.assert_close(found, F.linear(x, layer.weight, layer.bias), atol=1e-5, rtol=1e-5)
    assert found.shape == (*shape[:-1], 40)


def test_rows_that_are_not_contiguous_are_mapped_too(layer):
    x = torch.randn(24, 50).T
    with torch.no_grad():
        torch.testing.assert_close(layer(x), F.linear(x, layer.weight, layer.bias), atol=1e-5, rtol=1e-5)


@pytest.mark.skipif(linear._ONEDNN is None, reason="this PyTorch has no oneDNN")
def test_onednn_maps_many_rows_alone_and_only_without_gradients(layer):
    rows = torch.randn(LEAST_ROWS, 24)
    with torch.no_grad():
        assert "mkldnn::_linear_pointwise" in _operators(layer, rows)
        assert "mkldnn::_linear_pointwise" not in _operators(layer, rows[1:])
        with torch.autocast("cpu", torch.bfloat16):
            assert "mkldnn::_linear_pointwise" not in _operators(layer, rows)
            assert layer(rows).dtype == torch.bfloat16
    assert "mkldnn::_linear_pointwise" not in _operators(layer, rows)


def test_gradients_are_those_of_a_plain_map(layer):
    x = torch.randn(50, 24, requires_grad=True)
    layer(x).square().sum().backward()
    expected = torch.autograd.grad(F.linear(x, layer.weight, layer.bias).square().sum(), x)[0]
    torch.testing.assert_close(x.grad, expected)
    assert layer.weight.grad is not None


def test_a_wrong_width_is_named_in_pytorchs_words(layer):
    with torch.no_grad(), pytest.raises(RuntimeError, match="32x20 and 24x40"):
        layer(torch.ones(32, 20))


def test_without_onednn_the_map_is_pytorchs(layer, monkeypatch):
    x = torch.randn(50, 24)
    monkeypatch.setattr(linear, "_ONEDNN", None)
    with torch.no_grad():
        assert torch.equal(layer(x), F.linear(x, layer.weight, layer.bias))


def _operators(layer, x):
    with profile(activities=[ProfilerActivity.CPU]) as found:
        layer(x)
    return {event.name for event in found.events()}
