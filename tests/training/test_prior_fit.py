"""Fitting the prior: exact resumption, what is given, and that it learns."""

import math
import signal
import time

import numpy as np
import pytest
import torch

from htvae.config import PriorConfig
from htvae.inference.checkpoint import read_plain
from htvae.models.chunking import LABELS_PER_CHUNK
from htvae.models.prior import Condition, LatentPrior, Latents
from htvae.training.prior_data import LatentWindows, PriorExamples, Vocabulary
from htvae.training.prior_fit import TIME_CENTRE, TIME_SPREAD, PriorFitter, PriorRun, crowd_times, draw_known
from htvae.utils.files import save_tensors

Z, K, C, Q = 4, 2, 6, LABELS_PER_CHUNK
TINY = {"prior_embed_dim": 32, "prior_num_heads": 2, "prior_num_layers": 1, "prior_batch_size": 16}


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """Bits are equal only with equal numbers of threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


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
def make_fitter(tmp_path):
    def make(val=True, end_time=math.inf, vae_hash="abc", **settings):
        return PriorFitter(
            PriorRun(
                config=PriorConfig(**(TINY | settings)),
                examples=PriorExamples(
                    train=make_windows(),
                    val=make_windows(10, seed=1) if val else None,
                    vocabulary=Vocabulary(("plus", "minus"), ()),
                    ground_range=0.25,
                    movement=0.05,
                    scripts=((1, ((0, 60),)),),
                ),
                vae_hash=vae_hash,
                state_file=tmp_path / "last_prior.pt",
                seed=0,
                device="cpu",
                precision="32-true",
                end_time=end_time,
            )
        )

    return make


def test_a_resumed_run_equals_an_uninterrupted_one(make_fitter):
    settings = {"prior_steps": 12, "prior_validation_interval": 4, "prior_dropout": 0.1}
    whole = make_fitter(**settings).fit()
    late = make_fitter(**settings, end_time=time.monotonic())
    assert not late.fit().figures["finished"] and late.step == 1  # ends after its first step
    for _ in range(5):
        late = make_fitter(**settings, end_time=time.monotonic())
        assert late.resume()
        late.fit()
    assert late.step == 6
    resumed = make_fitter(**settings)
    assert resumed.resume()
    result = resumed.fit()
    assert result.figures == whole.figures
    for name, value in whole.state.items():
        assert torch.equal(result.state[name], value), name


def test_the_state_of_another_model_is_not_taken_up(make_fitter, caplog):
    fitter = make_fitter()
    fitter.save()
    assert make_fitter().resume()
    with caplog.at_level("INFO", logger="htvae"):
        assert not make_fitter(vae_hash="other").resume()
    assert "of another model, version or settings" in caplog.text
    assert not make_fitter(prior_batch_size=3).resume()


def test_a_state_of_an_earlier_version_is_not_taken_up(make_fitter, caplog):
    fitter = make_fitter()
    fitter.save()
    save_tensors(fitter.run.state_file, read_plain(fitter.run.state_file) | {"format": "htvae-prior-state-1"})
    with caplog.at_level("INFO", logger="htvae"):
        assert not make_fitter().resume()
    assert "the prior begins anew" in caplog.text


def test_the_scale_is_that_of_samples_from_the_posteriors(make_fitter):
    """Means are +-2 and +-1; where the posteriors are as wide as 3, so must the scale be."""
    fitter = make_fitter()
    wide = 2 * math.log(3.0)
    for level in (fitter.examples.train.sequence, fitter.examples.train.chunks):
        level[1].fill_(wide)
    fitter.prior.fit_scale(*fitter._draw_latents())
    expected = torch.full((Z,), math.hypot(2, 3)), torch.full((K,), math.hypot(1, 3))
    torch.testing.assert_close(fitter.prior.sequence_scale, expected[0], rtol=0.06, atol=0)
    torch.testing.assert_close(fitter.prior.chunk_scale, expected[1], rtol=0.06, atol=0)


def test_times_crowd_in_training_and_not_in_validation(make_fitter, monkeypatch):
    """Half of them lie before the centre, 16 % beyond one spread on either side; validation has all alike."""
    centre, spread = torch.tensor(TIME_CENTRE), TIME_SPREAD
    times = crowd_times((torch.arange(1000) + 0.5) / 1000)
    for share, expected in ((0.5, centre), (0.841, centre + spread), (0.159, centre - spread)):
        torch.testing.assert_close(times.quantile(share), expected.sigmoid(), rtol=0, atol=0.01)
    assert times.min() > 0 and times.max() < 1 and (times.diff() > 0).all()
    fitter, seen = make_fitter(), []
    compute = LatentPrior.compute_loss
    monkeypatch.setattr(LatentPrior, "compute_loss", lambda *args: (seen.append(args[3]), compute(*args))[1])
    for _ in range(20):
        fitter.take_step()
    inside = (torch.cat(seen).logit() - centre).abs() < spread
    assert 0.6 < inside.double().mean() < 0.76  # 0.68
    seen.clear()
    fitter._validate()
    torch.testing.assert_close(torch.cat(seen).sort()[0], torch.linspace(0, 1, 40), rtol=0, atol=0.1)


def test_the_shares_of_labels_are_those_of_chunks(make_fitter):
    windows = make_windows()
    windows.labels[0] = 0
    windows.num_chunks[0] += 40
    shares = windows.label_shares(2)
    assert sum(shares) == pytest.approx(1)
    assert shares[0] == pytest.approx(int(windows.num_chunks[0]) / int(windows.num_chunks.sum()))
    assert make_fitter(prior_steps=1).fit().label_shares == pytest.approx(make_windows().label_shares(2))


def test_an_interruption_saves_and_says_how_to_go_on(make_fitter, monkeypatch):
    fitter = make_fitter()
    take = fitter.take_step

    def interrupt():
        take()
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(fitter, "take_step", interrupt)
    with pytest.raises(
        KeyboardInterrupt, match=r"step 1 of the prior\. To go on: the same command with --resume"
    ):
        fitter.fit()
    assert read_plain(fitter.run.state_file)["step"] == 1


def test_it_stops_early(make_fitter, monkeypatch):
    fitter = make_fitter(prior_steps=50, prior_validation_interval=2, prior_patience=2)
    losses = iter([1.0, 2.0, 3.0, 4.0])

    def validate():
        loss = next(losses)
        if loss < fitter.best["loss"]:
            fitter.best = {"loss": loss, "step": fitter.step, "state": fitter._weights()}
        return ""

    monkeypatch.setattr(fitter, "_validate", validate)
    assert fitter.fit().figures == {"loss": 1.0, "step": 2.0, "finished": 1.0}
    assert fitter.step == 6


def test_without_validation_the_last_weights_are_taken(make_fitter):
    fitter = make_fitter(val=False, prior_steps=3)
    result = fitter.fit()
    assert result.figures["step"] == 3
    assert all(torch.equal(result.state[name], value) for name, value in fitter._weights().items())


def test_a_loss_that_is_not_finite_is_told(make_fitter):
    fitter = make_fitter(prior_steps=1)
    fitter.averaged.module.sequence_output.bias.data.fill_(math.nan)
    fitter.prior.sequence_output.bias.data.fill_(math.nan)
    with pytest.raises(ValueError, match="The prior's loss must be finite"):
        fitter.fit()


def test_it_learns_labels_and_that_chunks_follow_z(make_fitter):
    state = make_fitter(prior_steps=300, prior_validation_interval=300, prior_learning_rate=3e-3).fit()
    prior = LatentPrior(state.config, Z, K, 2, 0).eval()
    prior.load_state_dict(state.state)
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
