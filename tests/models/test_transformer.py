"""Attention: local with one chunk is full attention, maps are what the fast path used, masks hold."""

import pytest
import torch

from htvae.models.attention import SHORT, VECTOR, VERY_SHORT, Attention, Rotary, attend
from htvae.models.transformer import BUCKET, AdaptiveNorm, HierarchicalAttention, Transformer

MASKS = {
    "begins of windows": torch.arange(13) < torch.tensor([2, 5, 13])[:, None],
    "parts of windows": torch.tensor([[1, 0, 1, 1], [1, 1, 0, 0], [0, 0, 0, 1]], dtype=torch.bool),
    "nothing masked": torch.ones(3, 5, dtype=torch.bool),
}


def test_attention_map_times_values_is_what_the_fast_path_returns():
    torch.manual_seed(0)
    attention, x = Attention(16, 2), torch.randn(3, 7, 16)
    angles, mask = Rotary(8)(7), torch.rand(3, 1, 1, 7) > 0.3
    mask[..., 0] = True
    projected = attention.query_key_value(x)
    weights = attention.compute_weights(projected, angles, mask)
    _, _, value = attention._split(projected, angles)
    by_hand = attention.output((weights @ value).transpose(1, 2).flatten(2))
    torch.testing.assert_close(by_hand, attention(projected, angles, mask))
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, 2, 7))
    assert (weights[~mask.expand_as(weights)] == 0).all()


def test_rotary_scores_depend_on_distance_alone():
    torch.manual_seed(0)
    attention = Attention(16, 2)
    x = torch.randn(1, 1, 16).expand(1, 9, 16)
    query, key, _ = attention._split(attention.query_key_value(x), Rotary(8)(9))
    scores = query @ key.transpose(-1, -2)
    torch.testing.assert_close(scores[..., 0, 3], scores[..., 5, 8])


def test_masked_positions_change_nothing_elsewhere():
    torch.manual_seed(0)
    stack, x = Transformer(16, 2, 2), torch.randn(2, 6, 16)
    mask = torch.tensor([[True] * 4 + [False] * 2] * 2)
    other = x.clone()
    other[:, 4:] = 7.0
    torch.testing.assert_close(stack(x, mask)[:, :4], stack(other, mask)[:, :4])


def test_one_full_length_chunk_is_full_attention():
    torch.manual_seed(0)
    attention = HierarchicalAttention(16, 2, num_layers=2, tokens_per_chunk=9)
    tokens, everywhere = torch.randn(2, 9, 16), torch.ones(2, 9, dtype=torch.bool)
    full = torch.cat([attention.summary_token.expand(2, 1, -1), tokens], dim=1)
    full = attention.local_transformer(full, torch.ones(2, 10, dtype=torch.bool))
    summary = attention.pool(full[:, 1:].flatten(1)) + full[:, 0]
    torch.testing.assert_close(attention.summarise(tokens, everywhere, everywhere[:, :1])[:, 0], summary)


def test_chunks_attend_locally_within_themselves_only():
    torch.manual_seed(0)
    attention = HierarchicalAttention(16, 2, num_layers=1, tokens_per_chunk=4)
    tokens, everywhere = torch.randn(3, 4, 16), torch.ones(3, 4, dtype=torch.bool)
    other = tokens.clone()
    other[2] += 1.0
    chunks = everywhere[None, :, 0]
    before = attention.summarise(tokens, everywhere, chunks)
    after = attention.summarise(other, everywhere, chunks)
    torch.testing.assert_close(before[:, :2], after[:, :2])
    assert not torch.allclose(before[:, 2], after[:, 2])
    _, chunks_before = attention.attend_globally(before, chunks)
    _, chunks_after = attention.attend_globally(after, chunks)
    assert not torch.allclose(chunks_before[:, 0], chunks_after[:, 0])


def test_chunks_of_padding_take_no_part():
    torch.manual_seed(0)
    attention = HierarchicalAttention(16, 2, num_layers=1, tokens_per_chunk=4)
    tokens, token_mask = torch.randn(4, 4, 16), torch.ones(4, 4, dtype=torch.bool)
    chunk_mask = torch.tensor([[True, True, True], [True, False, False]])
    both = attention.summarise(tokens, token_mask, chunk_mask)
    alone = attention.summarise(tokens[3:], token_mask[3:], chunk_mask[1:, :1])
    torch.testing.assert_close(both[1, 0], alone[0, 0])
    assert (both[1, 1:] == 0).all()


@pytest.mark.parametrize("length", [7, 15, VECTOR, VERY_SHORT + 1, SHORT + 1])
def test_attention_is_the_same_in_either_precision(length):
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 1, 2, length, 8).unbind(0)
    mask = torch.ones(1, 1, 1, length, dtype=torch.bool)
    mask[..., -3:] = False
    expected = (query @ key.transpose(-1, -2) / 8**0.5).masked_fill(~mask, -torch.inf).softmax(-1) @ value
    torch.testing.assert_close(attend(query, key, value, mask), expected)
    with torch.autocast("cpu", torch.bfloat16):
        halves = attend(*(part.bfloat16() for part in (query, key, value)), mask)
    assert halves.dtype == torch.bfloat16
    torch.testing.assert_close(halves.float(), expected, atol=0.03, rtol=0.03)  # bf16 keeps 8 bits


@pytest.mark.parametrize("length", [1, 14, VECTOR, VERY_SHORT + 1])
def test_gradients_of_attention_are_those_of_its_formula(length):
    torch.manual_seed(0)
    parts = torch.randn(3, 2, 2, length, 8, requires_grad=True)
    weight = torch.randn(2, 2, length, 8)
    found, expected = (
        torch.autograd.grad((result * weight).sum(), parts)[0]
        for result in (
            attend(*parts.unbind(0), mask=None),
            (parts[0] @ parts[1].transpose(-1, -2) / 8**0.5).softmax(-1) @ parts[2],
        )
    )
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("adaptive", [False, True])
@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
def test_packed_rows_give_the_same_output_and_gradient(adaptive, mask):
    torch.manual_seed(0)
    plain, packed = (Transformer(16, 2, num_layers=2, adaptive=adaptive, packed=p) for p in (False, True))
    for parameter in plain.parameters():
        torch.nn.init.normal_(parameter, std=0.2)  # adaptive norms would start at zero
    packed.load_state_dict(plain.state_dict())
    x, condition = torch.randn(*mask.shape, 16), torch.randn(3, 16) if adaptive else None
    weight, found = torch.randn(*mask.shape, 16) * mask[..., None], []
    for stack in (plain, packed):
        x.requires_grad_()
        output = stack(x, mask, condition)
        (output * weight).sum().backward()
        gradients = [p.grad for p in (*stack.parameters(), x)]
        found.append((output.detach()[mask], *gradients))
        x = x.detach().clone()
    assert output.shape == x.shape
    for expected, other in zip(*found, strict=True):
        torch.testing.assert_close(other, expected, rtol=1e-4, atol=1e-4)


def test_padding_is_not_computed_in_training_alone():
    stack, counts = Transformer(16, 2, num_layers=1, packed=True), []
    stack.blocks[0].mlp.register_forward_pre_hook(lambda _, inputs: counts.append(inputs[0].shape[:-1]))
    mask = torch.arange(40) < torch.tensor([[2], [40]])
    stack(torch.randn(2, 40, 16), mask)
    stack.eval()(torch.randn(2, 40, 16), mask)
    assert counts == [(-(-42 // BUCKET) * BUCKET,), (2, 40)]


def test_attention_maps_have_rows_that_sum_to_one():
    attention = HierarchicalAttention(16, 2, num_layers=2, tokens_per_chunk=4)
    tokens, mask = torch.randn(5, 4, 16), torch.ones(5, 4, dtype=torch.bool)
    chunk_mask = torch.tensor([[True, True, True], [True, True, False]])
    local, overall = attention.compute_attention(tokens, mask, chunk_mask)
    assert local.shape == (2, 2, 3, 2, 5, 5) and overall.shape == (2, 2, 2, 4, 4)
    torch.testing.assert_close(local.sum(-1), chunk_mask[:, :, None, None].expand(2, 2, 3, 2, 5).float())
    torch.testing.assert_close(overall.sum(-1), torch.ones(2, 2, 2, 4))


def test_condition_does_nothing_at_first_and_something_once_trained():
    norm, x = AdaptiveNorm(8), torch.randn(2, 5, 8)
    torch.testing.assert_close(norm(x, torch.randn(2, 8)), norm(x, torch.randn(2, 8)))
    torch.nn.init.normal_(norm.modulation.weight)
    assert not torch.allclose(norm(x, torch.randn(2, 8)), norm(x, torch.randn(2, 8)))
