"""The prior: known latents stay, padding and labels, and sampling follows the network's direction."""

import pytest
import torch

from htvae.config import PriorConfig
from htvae.models.chunking import LABELS_PER_CHUNK
from htvae.models.prior import NO_LABEL, Condition, Known, LatentPrior, Latents

Z, K, B, C, Q = 5, 3, 2, 7, LABELS_PER_CHUNK
SMALL = PriorConfig(prior_embed_dim=16, prior_num_heads=2, prior_num_layers=2)


@pytest.fixture
def prior():
    torch.manual_seed(0)
    prior = LatentPrior(SMALL, Z, K, num_labels=2, num_chunk_labels=3).eval()
    for last in (prior.sequence_output, prior.chunk_output):  # they start at zero
        torch.nn.init.normal_(last.weight)
    prior.fit_scale(2 * torch.randn(50, Z) + 1, 0.5 * torch.randn(50, K) - 3)
    return prior


def make_latents(seed, chunks=C):
    generator = torch.Generator().manual_seed(seed)
    return Latents(
        torch.randn(B, Z, generator=generator), torch.randn(B, 9, K, generator=generator)[:, :chunks]
    )


def make_condition(chunks=C, padding=0):
    mask = torch.arange(chunks + padding).expand(B, -1) < chunks
    labels = torch.ones(B, dtype=torch.long)
    return Condition(torch.full((B,), 300), mask, labels, mask.long()[..., None].expand(-1, -1, Q))


def make_known(sequence=False, chunks=()):
    known = torch.zeros(B, C, dtype=torch.bool)
    known[:, list(chunks)] = True
    return Known(torch.full((B,), sequence), known)


def test_standardising_and_back(prior):
    latents = make_latents(0)
    back = prior.restore(prior.standardise(latents))
    torch.testing.assert_close(back, latents, rtol=0, atol=1e-5)  # float32
    torch.testing.assert_close(
        prior.standardise(Latents(prior.sequence_mean, prior.chunk_mean)).chunks, torch.zeros(K)
    )


def test_what_is_known_comes_back_and_the_rest_does_not_depend_on_what_stood_there(prior):
    noise, known = make_latents(1), make_known(sequence=True, chunks=[0, 3])
    first, second = make_latents(2), make_latents(2)
    second.chunks[:, [1, 5]] = 100.0
    drawn, again = (
        prior.sample(noise, make_condition(), known, given, num_steps=4) for given in (first, second)
    )
    torch.testing.assert_close(drawn, again, rtol=0, atol=0)
    assert torch.equal(drawn.sequence, first.sequence)
    assert torch.equal(drawn.chunks[:, [0, 3]], first.chunks[:, [0, 3]])
    assert not torch.isclose(drawn.chunks[:, 1], first.chunks[:, 1]).any()


def test_what_is_known_matters(prior):
    noise, known = make_latents(1), make_known(chunks=[0])
    drawn = [prior.sample(noise, make_condition(), known, make_latents(s), num_steps=4) for s in (2, 3)]
    assert not torch.allclose(drawn[0].chunks[:, 1:], drawn[1].chunks[:, 1:], atol=1e-3)


def test_padding_changes_nothing(prior):
    latents, noise = make_latents(0), make_latents(1)
    pad = [
        Latents(x.sequence, torch.cat([x.chunks, torch.full((B, 2, K), 9.0)], 1)) for x in (latents, noise)
    ]
    known = make_known(chunks=[1])
    padded_known = Known(known.sequence, torch.nn.functional.pad(known.chunks, (0, 2)))
    time = torch.tensor([0.3, 0.8])
    loss = prior.compute_loss(latents, noise, time, known, make_condition())
    padded = prior.compute_loss(*pad, time, padded_known, make_condition(padding=2))
    torch.testing.assert_close(padded, loss, rtol=1e-5, atol=1e-6)  # sums in another order


def test_the_loss_by_hand(prior):
    """A network whose output is zero leaves the direction of independent normal latents."""
    for last in (prior.sequence_output, prior.chunk_output):
        torch.nn.init.zeros_(last.weight)
    latents, noise = make_latents(0), make_latents(1)
    time, known = torch.tensor([0.3, 0.8]), make_known(sequence=False, chunks=[0, 1, 2])
    loss = prior.compute_loss(latents, noise, time, known, make_condition())
    level = zip(latents, noise, (time[:, None], time[:, None, None]), strict=True)
    errors = [x - e - ((1 - t) * e + t * x) * (2 * t - 1) / (t**2 + (1 - t) ** 2) for x, e, t in level]
    expected = errors[0].square().mean(-1) + errors[1][:, 3:].square().mean((1, 2))
    torch.testing.assert_close(loss, expected)
    known = make_known(sequence=True, chunks=range(C))
    assert torch.equal(prior.compute_loss(latents, noise, time, known, make_condition()), torch.zeros(B))


def test_guidance(prior):
    noise, condition = make_latents(1), make_condition()
    draw = lambda condition, guidance: prior.sample(noise, condition, guidance=guidance, num_steps=3)  # noqa: E731
    plain = draw(condition.without_labels(), 1.0)
    torch.testing.assert_close(draw(condition, 0.0), plain, rtol=0, atol=0)
    assert not torch.allclose(draw(condition, 1.0).chunks, plain.chunks, atol=1e-3)
    shifts = [(draw(condition, g).chunks - plain.chunks).norm() for g in (1.0, 2.0)]
    assert shifts[1] > 1.3 * shifts[0]
    assert (condition.without_labels().labels == NO_LABEL).all()


def test_sampling_follows_a_straight_field(prior, monkeypatch):
    """With the true direction to a single point, one step reaches it."""
    target = make_latents(4)

    def towards(latents, time, known, condition):
        left = (1 - time).clamp(min=1e-6)
        return Latents(
            (target.sequence - latents.sequence) / left[:, None],
            (target.chunks - latents.chunks) / left[:, None, None],
        )

    monkeypatch.setattr(prior, "forward", towards)
    for steps in (1, 2, 5):
        drawn = prior.sample(make_latents(1), make_condition(), num_steps=steps)
        torch.testing.assert_close(drawn, prior.restore(target), rtol=0, atol=1e-4)


def test_a_network_whose_output_is_zero_draws_normal_latents(prior):
    """The direction of independent normal latents leads from noise to itself: nothing widens or shrinks."""
    for last in (prior.sequence_output, prior.chunk_output):
        torch.nn.init.zeros_(last.weight)
    noise = make_latents(1)
    drawn = prior.standardise(prior.sample(noise, make_condition()))
    torch.testing.assert_close(drawn, noise, rtol=0.01, atol=0)  # ten steps: 0.6 %


def test_a_chunk_distinguishes_which_of_two_labels_comes_first(prior):
    """Each place in a chunk has a table of its own, of 3 labels and "any"; the embedding is their mean."""
    tables = prior.chunk_label.weight.unflatten(0, (Q, 4))
    asked = make_condition()._replace(chunk_labels=torch.ones(B, C, Q, dtype=torch.long))
    seen = []
    prior.transformer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    for labels in ([1, 1, 1, 1], [1, 1, 2, 2], [2, 2, 1, 1]):
        asked.chunk_labels[:, 3] = torch.tensor(labels)
        prior(make_latents(0), torch.full((B,), 0.5), make_known(), asked)
    for place, tokens in (([2, 3], seen[1]), ([0, 1], seen[2])):
        difference = (tokens - seen[0])[:, 1:]
        expected = (tables[place, 2] - tables[place, 1]).sum(0) / 4
        torch.testing.assert_close(difference[:, 3], expected.expand(B, -1))
        assert not difference[:, [0, 1, 2, 4, 5, 6]].any()
