"""Fitting the prior: exact resumption, what is given, and that it learns."""

import math
import signal

import numpy as np
import pytest
import torch

from htvae.config import PriorConfig
from htvae.models.chunking import LABELS_PER_CHUNK
from htvae.models.prior import Condition, LatentPrior, Latents
from htvae.training.loop import Callback
from htvae.training.prior import _begin, build_loop
from htvae.training.prior_data import LatentWindows, PriorExamples, Vocabulary
from htvae.training.prior_task import (
    FEW_CHUNKS,
    FEW_DROPOUT,
    TIME_CENTRE,
    TIME_SPREAD,
    PriorTask,
    crowd_times,
    draw_known,
)
from htvae.utils.files import read_tensors
from htvae.utils.interruption import EndRequest

Z, K, C, Q = 4, 2, 6, LABELS_PER_CHUNK
TINY = {"prior_embed_dim": 32, "prior_num_heads": 2, "prior_num_layers": 1, "prior_batch_size": 16}


def make_windows(count=40, seed=0):
    """Two labels, z = +-2 by label, every chunk like z; lengths differ."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 2 + 1
    sign = (3 - 2 * labels).float()
    num_chunks = torch.randint(2, C + 1, (count,), generator=generator)
    narrow = -6.0
    return LatentWindows(
        sequence=(2 * sign[:, None].expand(-1, Z).clone(), torch.full((count, Z), narrow)),
        chunks=(sign[:, None, None].expand(-1, C, K).clone(), torch.full((count, C, K), narrow)),
        num_frames=48 * num_chunks,
        num_chunks=num_chunks,
        labels=labels,
        chunk_labels=torch.zeros(count, C, Q, dtype=torch.long),
    )


@pytest.fixture
def make_task():
    def make(val=True, vae_hash="abc", distance=None, num_chunks=160, **settings):
        examples = PriorExamples(
            train=make_windows(),
            val=make_windows(10, seed=1) if val else None,
            vocabulary=Vocabulary(("plus", "minus"), ()),
            ground_range=0.25,
            movement=0.05,
            scripts=((1, ((0, 60),)),),
            num_chunks=num_chunks,
        )
        return PriorTask(PriorConfig(**(TINY | settings)), examples, vae_hash, 0, "cpu", "32", distance)

    return make


@pytest.fixture
def make_loop(make_task, tmp_path):
    def make(seconds=None, resume=False, folder="prior", **settings):
        loop = build_loop(make_task(**settings), tmp_path / folder, EndRequest(seconds))
        _begin(loop, resume)
        return loop

    return make


def read_best(loop):
    return read_tensors(loop.checkpoint.best_path)


class SizeOfWeights:
    """Stands in for the distance of motion: a number that depends on the averaged weights alone."""

    def measure(self, prior):
        assert not prior.training
        return float(sum(p.double().square().sum() for p in prior.parameters()))


class Distances:
    """Stands in for the distance of motion: given numbers, one a validation."""

    def __init__(self, *values):
        self.values = iter(values)

    def measure(self, prior):
        return next(self.values)


@pytest.mark.parametrize("distance", [None, SizeOfWeights()])
def test_a_resumed_run_equals_an_uninterrupted_one(make_loop, distance):
    settings = {"prior_steps": 12, "prior_validation_interval": 4, "prior_dropout": 0.1, "distance": distance}
    whole = make_loop(folder="whole", **settings)
    assert whole.fit()
    late = make_loop(0, **settings)
    assert not late.fit() and late.step == 1  # ends after its first step
    for step in range(2, 7):
        late = make_loop(0, True, **settings)
        assert not late.fit() and late.step == step
    resumed = make_loop(None, True, **settings)
    assert resumed.fit()
    assert read_best(resumed)["figures"] == read_best(whole)["figures"]
    for name, value in read_best(whole)["state"].items():
        assert torch.equal(read_best(resumed)["state"][name], value), name


def test_the_state_of_another_model_or_of_other_settings_is_not_restored(make_loop, caplog):
    make_loop().save()
    with caplog.at_level("INFO", logger="htvae"):
        make_loop(resume=True)
        assert "The prior goes on at step 0" in caplog.text
        make_loop(resume=True, vae_hash="other")
    assert "belongs to another model or other settings: the prior begins anew" in caplog.text
    caplog.clear()
    loop = make_loop()
    loop.save()
    with caplog.at_level("INFO", logger="htvae"):
        make_loop(resume=True, prior_batch_size=3)
    assert "begins anew" in caplog.text
    assert not loop.checkpoint.last_path.exists()


def test_the_scale_is_that_of_samples_from_the_posteriors(make_task):
    """Means are +-2 and +-1; where the posteriors are as wide as 3, so must the scale be."""
    task = make_task()
    wide = 2 * math.log(3.0)
    for level in (task.examples.train.sequence, task.examples.train.chunks):
        level[1].fill_(wide)
    task.model.fit_scale(*task.draw_latents())
    expected = torch.full((Z,), math.hypot(2, 3)), torch.full((K,), math.hypot(1, 3))
    torch.testing.assert_close(task.model.sequence_scale, expected[0], rtol=0.06, atol=0)
    torch.testing.assert_close(task.model.chunk_scale, expected[1], rtol=0.06, atol=0)


def test_times_crowd_in_training_and_not_in_validation(make_task, monkeypatch):
    """Half of them lie before the centre, 16 % beyond one spread on either side; validation has all alike."""
    centre, spread = torch.tensor(TIME_CENTRE), TIME_SPREAD
    times = crowd_times((torch.arange(1000) + 0.5) / 1000)
    for share, expected in ((0.5, centre), (0.841, centre + spread), (0.159, centre - spread)):
        torch.testing.assert_close(times.quantile(share), expected.sigmoid(), rtol=0, atol=0.01)
    assert times.min() > 0 and times.max() < 1 and (times.diff() > 0).all()
    task, seen = make_task(), []
    compute = LatentPrior.compute_loss
    monkeypatch.setattr(LatentPrior, "compute_loss", lambda *args: (seen.append(args[3]), compute(*args))[1])
    for step in range(20):
        task.compute_gradients(task.draw(step), step)
    inside = (torch.cat(seen).logit() - centre).abs() < spread
    assert 0.6 < inside.double().mean() < 0.76  # 0.68
    seen.clear()
    with torch.no_grad():
        task.validate(task.model)
    torch.testing.assert_close(torch.cat(seen).sort()[0], torch.linspace(0, 1, 40), rtol=0, atol=0.1)


def test_the_shares_of_labels_are_those_of_chunks():
    windows = make_windows()
    windows.labels[0] = 0
    windows.num_chunks[0] += 40
    shares = windows.label_shares(2)
    assert sum(shares) == pytest.approx(1)
    assert shares[0] == pytest.approx(int(windows.num_chunks[0]) / int(windows.num_chunks.sum()))


@pytest.mark.parametrize(("num_chunks", "dropout"), [(FEW_CHUNKS - 1, FEW_DROPOUT), (FEW_CHUNKS, 0.0)])
def test_small_training_sets_have_dropout(make_task, caplog, num_chunks, dropout):
    with caplog.at_level("INFO", logger="htvae"):
        task = make_task(num_chunks=num_chunks)
    assert read_dropouts(task) == {dropout}
    assert f"drops {100 * dropout:.0f} % of its hidden units, chosen for {num_chunks} chunks" in caplog.text
    assert task.config.prior_dropout is None  # so that a finished fit is recognised


def test_a_dropout_that_is_given_holds(make_task, caplog):
    with caplog.at_level("INFO", logger="htvae"):
        assert read_dropouts(make_task(num_chunks=1, prior_dropout=0.0)) == {0.0}
    assert read_dropouts(make_task(num_chunks=10**9, prior_dropout=0.3)) == {0.3}
    assert "hidden units" not in caplog.text


def read_dropouts(task):
    return {part.p for part in task.model.modules() if isinstance(part, torch.nn.Dropout)}


class CtrlC(Callback):
    def on_step_end(self, loop):
        signal.raise_signal(signal.SIGINT)


def test_an_interruption_saves_and_says_how_to_resume(make_loop):
    loop = make_loop()
    loop.callbacks.append(CtrlC())
    with pytest.raises(
        KeyboardInterrupt, match=r"step 1 of the prior\. To go on: the same command with --resume"
    ):
        loop.fit()
    assert read_tensors(loop.checkpoint.last_path)["step"] == 1


def test_it_stops_early(make_loop, monkeypatch):
    loop = make_loop(prior_steps=50, prior_validation_interval=2, prior_patience=2)
    losses = iter([1.0, 2.0, 3.0, 4.0])
    monkeypatch.setattr(loop.task, "validate", lambda model: {"loss": next(losses)})
    assert loop.fit() and loop.step == 6
    assert read_best(loop)["figures"]["loss"] == 1.0 and read_best(loop)["figures"]["step"] == 2


def test_the_best_prior_has_the_least_mean_of_two_distances(make_loop):
    """A lucky 2.0 after 9.0 counts 5.5; 4.0 after 2.0 counts 3.0 and is the best; the next two are worse."""
    distance = Distances(9.0, 2.0, 4.0, 4.0, 5.0, 1.0)
    loop = make_loop(prior_steps=50, prior_validation_interval=2, prior_patience=2, distance=distance)
    assert loop.fit() and loop.step == 10
    found = read_best(loop)["figures"]
    assert (found["step"], found["frechet"], found["frechet_now"]) == (6, 3.0, 4.0)
    assert math.isfinite(found["loss"]) and loop.stopping.best == loop.checkpoint.best_value == 3.0


def test_without_validation_the_last_weights_are_taken(make_loop):
    loop = make_loop(val=False, prior_steps=3)
    assert loop.fit()
    assert read_best(loop)["figures"]["step"] == 3
    averaged = loop.averaged.module.state_dict()
    assert all(torch.equal(value, averaged[name]) for name, value in read_best(loop)["state"].items())


def test_a_loss_that_is_not_finite_is_said(make_loop):
    loop = make_loop(prior_steps=1)
    for model in (loop.averaged.module, loop.model):
        model.sequence_output.bias.data.fill_(math.nan)
    before = [p.clone() for p in loop.model.parameters()]
    with pytest.raises(ValueError, match="The gradient of the prior must be finite, but is nan at step 0"):
        loop.fit()
    for earlier, now in zip(before, loop.model.parameters(), strict=True):
        torch.testing.assert_close(now, earlier, rtol=0, atol=0, equal_nan=True)
    with pytest.raises(ValueError, match="The loss of the prior must be finite"):
        loop.validate()
    assert not loop.checkpoint.last_path.exists() and not loop.checkpoint.best_path.exists()


def test_it_learns_labels_and_that_chunks_follow_z(make_loop):
    loop = make_loop(prior_steps=300, prior_validation_interval=300, prior_learning_rate=3e-3)
    assert loop.fit()
    prior = LatentPrior(loop.task.config, Z, K, 2, 0).eval()
    prior.load_state_dict(read_best(loop)["state"])
    generator = torch.Generator().manual_seed(5)
    noise = Latents(torch.randn(64, Z, generator=generator), torch.randn(64, C, K, generator=generator))

    def draw(label):
        mask = torch.ones(64, C, dtype=torch.bool)
        open_labels = torch.zeros(64, C, Q, dtype=torch.long)
        condition = Condition(torch.full((64,), 48 * C), mask, torch.full((64,), label), open_labels)
        return prior.sample(noise, condition)

    for label, sign in ((1, 1.0), (2, -1.0)):
        drawn = draw(label)
        assert (drawn.sequence.mean(1).sign() == sign).float().mean() > 0.9  # as asked
        assert drawn.chunks.mean() == pytest.approx(sign, abs=0.3)
    anything = draw(0)
    signs = anything.sequence.mean(1).sign()
    assert 0.2 < (signs > 0).float().mean() < 0.8  # both kinds
    agree = anything.chunks.mean((1, 2)).sign() == signs
    assert agree.float().mean() > 0.9  # one choice for both levels


def test_what_is_given_in_training():
    rng = torch.Generator().manual_seed(0)
    mask = torch.arange(10).expand(6000, -1) < torch.tensor([10, 4, 1]).repeat(2000)[:, None]
    known = draw_known(mask, torch.rand(6000, 5, generator=rng), 0.6)
    assert not (known.chunks & ~mask).any()
    hidden = mask & ~known.chunks
    assert hidden.any(1).all()  # something is left to draw
    starts = np.diff(np.pad(hidden.numpy().astype(int), ((0, 0), (1, 0))), axis=1) == 1
    assert (starts.sum(1) == 1).all()  # in one piece
    assert known.sequence.float().mean() == pytest.approx(0.3, abs=0.02)  # three standard deviations
    nothing = draw_known(mask, torch.rand(6000, 5, generator=rng), 0.0)
    assert not nothing.sequence.any() and not nothing.chunks.any()
