"""The whole pipeline on tiny recordings: files, repeatability, going on, stopping."""

import csv
import dataclasses
import gc
import json
import logging
import signal

import numpy as np
import pytest
import torch
from threadpoolctl import ThreadpoolController
from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter

import htvae
from htvae.config import Config, LossConfig
from htvae.data import batching
from htvae.inference.checkpoint import load_checkpoint
from htvae.io.pose_csv import write_pose_csv
from htvae.models.vae import SCALE_GAIN
from htvae.training.loop import Callback
from htvae.training.losses import EXCESS_WEIGHT, LossManager, VAELoss
from htvae.training.optimizer import VAE_TURNS
from htvae.training.schedule import learning_rate_factor
from htvae.training.trainer import HTVAETrainer
from htvae.utils.files import read_tensors

LENGTHS = [40, 60, 51, 70, 33, 90, 100, 45]


@pytest.fixture(autouse=True)
def _quick(no_measuring):
    """Start at once."""


@pytest.fixture
def walks(make_walks):
    return make_walks(LENGTHS)


@pytest.fixture
def fit(tiny_config, walks):
    """Train with changed settings and return the result."""

    def run(sequences=walks, callbacks=(), loss=None, **settings):
        return HTVAETrainer(tiny_config.replace(**settings), sequences, callbacks=callbacks, loss=loss).fit()

    return run


@pytest.fixture(scope="module")
def plain(tmp_path_factory, make_walks, tiny_settings, _one_thread):
    """A run with unchanged settings; read it, do not change it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("htvae.training.machine.measure_frame_seconds", lambda *_: 1e-4)
        folder = str(tmp_path_factory.mktemp("plain"))
        return HTVAETrainer(
            Config().replace(**tiny_settings, experiments_dir=folder), make_walks(LENGTHS)
        ).fit()


def last_state(result):
    return read_tensors(result.best_model.with_name("last_model.pt"))


def last_weights(result):
    """Return the weights at the end, raw and averaged."""
    state = last_state(result)
    return {f"{level}.{name}": v for level in ("model", "averaged") for name, v in state[level].items()}


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def assert_close(first, second, **tolerance):
    for name, value in first.items():
        torch.testing.assert_close(value, second[name], **tolerance, msg=lambda text, n=name: f"{n}: {text}")


def read_log(result):
    with (result.best_model.parents[1] / "logs" / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


class Recorder(Callback):
    """Notes what a run does."""

    def __init__(self):
        self.steps, self.validations, self.weights = 0, [], {}

    def on_step_end(self, loop):
        self.steps = loop.step

    def on_validation_end(self, loop):
        self.validations.append(loop.step)


class InterruptAt(Callback):
    """Ctrl-C, or a fault, at the end of a step."""

    def __init__(self, step, error=None):
        self.step, self.error = step, error

    def on_step_end(self, loop):
        if loop.step == self.step:
            if self.error:
                raise self.error
            signal.raise_signal(signal.SIGINT)


def test_what_a_run_leaves_behind(fit, tiny_config):
    result = fit(experiment_name="walks")
    root = result.best_model.parents[1]
    assert root.name == "walks"
    assert sorted(path.name for path in root.iterdir()) == [
        "checkpoints",
        "config.json",
        "logs",
        "run.lock",
        "tensorboard",
    ]
    assert sorted(p.name for p in result.best_model.parent.iterdir()) == ["best_model.pt", "last_model.pt"]
    assert any(path.name.startswith("events.out.tfevents") for path in (root / "tensorboard").iterdir())
    assert json.loads((root / "config.json").read_text())["experiment"]["experiment_name"] == "walks"
    assert result.finished
    rows = read_log(result)
    assert any(row["train/total"] for row in rows) and any(row["val/mpjpe"] for row in rows)
    checkpoint = load_checkpoint(result.best_model)
    assert checkpoint.config == tiny_config.replace(experiment_name="walks")
    assert result.figures["frames"] > 0 and np.isfinite(result.figures["mpjpe"])


def test_tensorboard_shows_a_reconstruction_at_each_validation(fit):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    result = fit()
    events = EventAccumulator(str(result.best_model.parents[1] / "tensorboard"), {"images": 0})
    events.Reload()
    strips = events.Images("val/reconstruction")
    validated = [int(row["step"]) for row in read_log(result) if row["val/mpjpe"]]
    assert [strip.step for strip in strips] == validated
    assert strips[0].encoded_image_string != strips[-1].encoded_image_string
    assert strips[0].encoded_image_string.startswith(b"\x89PNG") and strips[0].width > 300


def test_what_a_run_says(fit, caplog):
    with caplog.at_level(logging.INFO, logger="htvae"):
        result = fit()
    assert "Recordings: 6 train, 1 val, 1 test." in caplog.text
    assert "2 epochs of about" in caplog.text and "parameters. About" in caplog.text
    assert f"Best model: {result.best_model}" in caplog.text


def test_the_loss_falls(fit):
    """That of the networks alone; a linear code is as good as they get here from the first step on."""
    rows = read_log(fit(num_epochs=16, learning_rate=3e-3, validation_interval=12, linear_path=False))
    losses = [float(row["val/loss"]) for row in rows if row["val/loss"]]
    assert losses[-1] < losses[0] - 1


def test_the_same_seed_gives_the_same_weights(fit, plain):
    assert same(last_weights(plain), last_weights(fit()))
    assert not same(last_weights(plain), last_weights(fit(seed=1)))


def test_the_order_of_recordings_changes_nothing(fit, plain, walks):
    assert same(last_weights(plain), last_weights(fit(walks[::-1])))


def test_labels_change_no_weight_and_no_latent(fit, plain, walks):
    chance = np.random.default_rng(0)
    renamed = [dataclasses.replace(walk, label=f"turn {chance.choice(['left', 'right'])}") for walk in walks]
    without = [dataclasses.replace(walk, label=None) for walk in walks]
    for others in (renamed, without):
        result = fit(others)
        assert same(last_weights(plain), last_weights(result))
        models = htvae.load(plain.best_model, "cpu"), htvae.load(result.best_model, "cpu")
        for walk, other in zip(walks, others, strict=True):
            first, second = models[0].encode(walk), models[1].encode(other)
            assert np.array_equal(first.sequence_latent, second.sequence_latent)
            assert np.array_equal(first.chunk_latents, second.chunk_latents)


def test_labels_in_the_manifest_change_no_weight(tiny_config, walks, tmp_path):
    folder = tmp_path / "poses"
    for walk in walks:
        write_pose_csv(folder / f"{walk.name}.csv", walk)
    weights = []
    for name, labels in (("first", "aabbaabb"), ("second", "zyxwvuts")):
        rows = [
            f"{walk.name}.csv,{label},{walk.subject},30" for walk, label in zip(walks, labels, strict=True)
        ]
        (folder / "manifest.csv").write_text("\n".join(["file,label,subject,fps", *rows]) + "\n")
        config = tiny_config.replace(data_dir=str(folder), experiment_name=name)
        weights.append(last_weights(HTVAETrainer(config).fit()))
    assert same(*weights)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12 warns of what is tested here
def test_the_number_of_workers_changes_no_weight(fit, plain):
    result = fit(num_workers=2)
    _close_workers()
    assert same(last_weights(plain), last_weights(result))


def _close_workers():
    """End workers at once; where they are left to garbage collection, each is waited for for five seconds."""
    for thing in gc.get_objects():
        if type(thing) is _MultiProcessingDataLoaderIter:
            thing._shutdown_workers()


def test_the_cut_into_micro_batches_changes_no_step(fit):
    """Up to sums in another order: noise and hidden spans are each window's own."""
    gentle = {"num_epochs": 1, "learning_rate": 1e-4, "warmup_steps": 0, "latent_span_dropout": 0.3}
    whole, parts = (
        fit(experiment_name=f"cut_{size}", micro_batch_frames=size, **gentle) for size in (1024, 64)
    )
    totals = [
        [float(row["train/total"]) for row in read_log(run) if row["train/total"]] for run in (whole, parts)
    ]
    np.testing.assert_allclose(*totals, rtol=1e-4)  # float32
    # Adam divides by tiny second moments at first and Muon orthogonalises in bf16: an update may be off by a
    # few hundredths of itself.
    assert_close(last_weights(whole), last_weights(parts), rtol=0, atol=1e-4)


def test_larger_steps_go_farther_and_count_as_several(fit, monkeypatch):
    """Twice the frames: sqrt(2) times the learning rate, half the turns, an average over as many frames."""
    monkeypatch.setattr(batching, "GROWTH", ((300, 2),))
    rows = []

    class Watch(Callback):
        def on_step_start(self, loop, batch):
            self.progress = loop.task.done / loop.task.total

        def on_step_end(self, loop):
            rate = loop.optimizer.param_groups[0]["lr"] / learning_rate_factor(1, 0, self.progress)
            rows.append((rate, loop.optimizer.parts[0].num_turns, loop.averaged.decay))

    fit(callbacks=[Watch()], num_epochs=4, learning_rate=1e-3, warmup_steps=0, ema_decay=0.9)
    assert rows[0] == pytest.approx((1e-3, VAE_TURNS, 0.9))
    assert rows[-1] == pytest.approx((1e-3 * 2**0.5, VAE_TURNS // 2, 0.81))


def test_validation_moves_no_weight(fit):
    class Watch(Callback):
        def on_validation_start(self, loop):
            self.before = self.weights(loop)
            self.random = torch.get_rng_state()

        def on_validation_end(self, loop):
            assert same(self.before, self.weights(loop))
            assert torch.equal(self.random, torch.get_rng_state())

        def weights(self, loop):
            own = loop.model.state_dict() | {f"a.{k}": v for k, v in loop.averaged.state_dict().items()}
            return {name: value.clone() for name, value in own.items()}

    watch = Watch()
    fit(callbacks=[watch])
    assert watch.before


def test_training_moves_every_weight(fit):
    class Keep(Callback):
        def on_train_start(self, loop):
            self.before = {name: p.detach().clone() for name, p in loop.model.named_parameters()}

    keep = Keep()
    weights = last_weights(fit(callbacks=[keep], num_epochs=VAE_TURNS, latent_span_dropout=0.5))
    assert [n for n, p in keep.before.items() if torch.equal(weights[f"model.{n}"], p)] == []


def test_the_best_model_is_the_one_that_validated_best(fit):
    result = fit(num_epochs=6, learning_rate=3e-2, ema_decay=0.0)
    best = load_checkpoint(result.best_model).figures
    losses = {int(row["step"]): float(row["val/loss"]) for row in read_log(result) if row["val/loss"]}
    assert best["loss"] == pytest.approx(min(losses.values()), rel=1e-6)


def test_an_earlier_run_is_put_aside(fit):
    first = fit()
    weights = first.best_model.read_bytes()
    second = fit(seed=1)
    (archived,) = (second.best_model.parents[1] / "archive").iterdir()
    assert (archived / "checkpoints" / "best_model.pt").read_bytes() == weights
    assert sorted(p.name for p in archived.iterdir()) == ["checkpoints", "config.json", "logs", "tensorboard"]


def test_a_run_that_is_interrupted_can_go_on(fit, caplog):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(
        KeyboardInterrupt,
        match=r"Interrupted at step 4 of training\. To go on: the same command with --resume",
    ):
        fit(num_epochs=3, callbacks=[InterruptAt(4)])
    assert signal.getsignal(signal.SIGINT) is before
    recorder = Recorder()
    result = fit(num_epochs=3, callbacks=[recorder], resume=True)
    uninterrupted = fit(num_epochs=3, experiment_name="whole")
    assert result.finished
    for name in ("step", "task", "figures"):
        assert last_state(result)[name] == last_state(uninterrupted)[name]
    assert recorder.steps == last_state(result)["step"]


def test_a_resumed_run_equals_an_uninterrupted_one(fit):
    noisy = {"num_epochs": 3, "latent_span_dropout": 0.3, "dropout": 0.1}
    with pytest.raises(KeyboardInterrupt):
        fit(callbacks=[InterruptAt(4)], **noisy)
    resumed = fit(resume=True, **noisy)
    whole = fit(experiment_name="whole", **noisy)
    assert same(last_weights(resumed), last_weights(whole))


def test_a_failure_keeps_its_name_and_leaves_the_state(fit):
    with pytest.raises(ZeroDivisionError):
        fit(callbacks=[InterruptAt(4, ZeroDivisionError)])
    assert fit(resume=True).finished


def test_a_finished_run_can_be_made_longer(fit):
    steps = last_state(fit())["step"]
    second = fit(num_epochs=4, resume=True)
    assert second.finished
    assert last_state(second)["step"] == 2 * steps
    assert not (second.best_model.parents[1] / "archive").exists()


def test_a_resumed_run_keeps_its_log(fit):
    fit()
    rows = read_log(fit(num_epochs=4, resume=True))
    steps = [int(row["step"]) for row in rows if row["val/loss"]]
    assert steps[0] < 4 and steps == sorted(set(steps))


def test_resuming_with_nothing_there(fit):
    with pytest.raises(
        FileNotFoundError, match=r"last_model\.pt must be there to resume from.*Start without"
    ):
        fit(resume=True)


def test_resuming_with_other_sizes(fit):
    fit()
    with pytest.raises(ValueError, match="embed_dim"):
        fit(resume=True, embed_dim=32)


def test_time_that_is_up(fit, caplog):
    with caplog.at_level(logging.INFO, logger="htvae"):
        result = fit(max_minutes=0.05 / 60, num_epochs=200)
    assert not result.finished
    assert result.best_model.is_file()
    assert "Stopped by max_minutes at step" in caplog.text


def test_going_on_after_the_time_is_up_with_the_same_command(fit):
    settings = {"max_minutes": 0.05 / 60, "num_epochs": 200}
    steps = last_state(fit(**settings))["step"]
    assert last_state(fit(**settings, resume=True))["step"] > steps


def test_starting_from_another_models_weights(fit, plain):
    start = load_checkpoint(plain.best_model).state

    class Keep(Callback):
        def on_train_start(self, loop):
            self.weights = {name: value.clone() for name, value in loop.model.state_dict().items()}
            self.averaged = {n: v.clone() for n, v in loop.averaged.module.state_dict().items()}

    keep = Keep()
    fit(callbacks=[keep], init_from=str(plain.best_model))
    assert same(keep.weights, start) and same(keep.averaged, start)


def test_starting_from_the_run_that_is_put_aside(fit):
    first = fit()
    assert fit(init_from=str(first.best_model)).finished


def test_one_recording_trains_without_validation(fit, walks):
    result = fit(walks[:1])
    assert result.finished and result.best_model.is_file()
    assert load_checkpoint(result.best_model).splits.train == (walks[0].name,)
    assert htvae.load(result.best_model, "cpu").encode(walks[1]).sequence_latent.shape == (6,)


def test_two_recordings_train_and_hold_one_out(fit, walks):
    result = fit(walks[:2])
    splits = load_checkpoint(result.best_model).splits
    assert len(splits.train) == 1 and len(splits.val) + len(splits.test) == 1


def test_a_single_step(fit, walks):
    result = fit(walks[:3], num_epochs=1, batch_frames=4096)
    assert last_state(result)["step"] == 1
    assert result.best_model.is_file()


def test_it_stops_where_nothing_gets_better(fit):
    recorder = Recorder()
    result = fit(callbacks=[recorder], learning_rate=1e-12, ema_decay=0.0, patience=2, num_epochs=100)
    # The first validation after the warm-up sets the mark, the next two do not beat it.
    assert recorder.validations == [0, 3, 6, 9] and recorder.steps == 9
    assert result.finished


def test_a_warm_up_is_no_standstill(fit):
    recorder = Recorder()
    settings = {"learning_rate": 1e-12, "ema_decay": 0.0, "patience": 1, "num_epochs": 100}
    fit(callbacks=[recorder], kl_warmup_steps=8, **settings)
    assert recorder.validations == [0, 3, 6, 9, 12]


def test_steering_to_a_rate(fit):
    """The rate is above a tiny target, so the weight of the KL rises, and the saved state knows."""
    settings = {"kl_schedule": "target_rate", "target_rate": 1e-4}
    result = fit(**settings)
    factor = last_state(result)["task"]["loss_manager"]["log_factor"]
    assert factor == pytest.approx(0.01 * last_state(result)["step"])
    second = fit(num_epochs=3, resume=True, **settings)
    assert last_state(second)["task"]["loss_manager"]["log_factor"] > factor


@pytest.mark.parametrize(
    "settings",
    [
        {"kl_schedule": "cyclic", "likelihood": "student", "velocity_weight": 1.0, "bone_weight": 1.0},
        {"chunk_latent_dim": 0, "batch_size": 3, "gradient_clip": 0.0, "free_bits": 0.1, "dropout": 0.1},
        {"precision": "bf16", "likelihood": "laplace", "kl_schedule": "constant", "jitter": 0.01},
    ],
)
def test_settings_that_change_the_way(fit, settings):
    result = fit(**settings)
    assert np.isfinite(result.figures["loss"])
    assert all(value.isfinite().all() for value in load_checkpoint(result.best_model).state.values())


def test_a_network_and_a_loss_of_ones_own(tiny_config, walks):
    from htvae.models import HierarchicalTransformerVAE
    from htvae.training import VAELoss

    seen = []

    class Model(HierarchicalTransformerVAE):
        def forward(self, *inputs):
            seen.append(self.training)
            return super().forward(*inputs)

    class Loss(VAELoss):
        def forward(self, *inputs):
            parts = super().forward(*inputs)
            return {**parts, "extra": parts["total"] * 0 + 2.5}

    def build(config, **sizes):
        return Model(config.model, **sizes)

    result = HTVAETrainer(tiny_config, walks, loss=Loss(tiny_config.loss), build_model=build).fit()
    assert set(seen) == {True, False}
    assert {float(row["train/extra"]) for row in read_log(result) if row["train/extra"]} == {2.5}
    assert htvae.load(result.best_model, "cpu", build).encode(walks[0]).name == walks[0].name


def test_every_recording_missing_from_validation_is_said(fit, walks):
    """A validation recording without observed points is not scored and stops nothing."""
    blind = dataclasses.replace(walks[0], pose=np.full_like(walks[0].pose, np.nan), split="val")
    rest = [dataclasses.replace(walk, split="train") for walk in walks[1:]]
    result = fit([blind, *rest])
    assert result.finished and result.best_model.is_file()
    assert "mpjpe" not in result.figures


class LossOfOnesOwn(VAELoss):
    """A loss of the size of coordinates alone."""

    def forward(self, output, target, num_frames, weights, step_frames=None):
        parts = super().forward(output, target, num_frames, weights, step_frames)
        frames = num_frames.sum() if step_frames is None else step_frames
        size = output.reconstruction.square().sum() / frames
        return {**parts, "size": size, "total": size}


def test_a_loss_of_ones_own_is_what_validation_best_model_and_patience_follow(fit, tiny_config):
    recorder = Recorder()
    result = fit(callbacks=[recorder], loss=LossOfOnesOwn(tiny_config.loss), num_epochs=6)
    rows = [row for row in read_log(result) if row["val/loss"]]
    losses = {int(row["step"]): float(row["val/loss"]) for row in rows}
    assert losses == {int(row["step"]): float(row["val/size"]) for row in rows}
    best = load_checkpoint(result.best_model).figures
    assert best["step"] == min(losses, key=losses.get) and best["loss"] == min(losses.values())


def test_what_is_followed_does_not_turn_on_the_learned_scale(fit):
    """The learned scale of the averaged weights, made ten times too small, changes only its own figure."""
    seen = []

    class Misjudge(Callback):
        @torch.no_grad()
        def on_validation_end(self, loop):
            if not seen:
                seen.append(loop.task.validate(loop.averaged.module))
                loop.averaged.module.log_scale -= np.log(10) / SCALE_GAIN
                seen.append(loop.task.validate(loop.averaged.module))

    fit(callbacks=[Misjudge()], linear_path=False)  # a linear code says these walks without error
    sound, misjudged = seen
    assert misjudged["loss"] == pytest.approx(sound["loss"], rel=1e-6)
    assert misjudged["learned_scale_loss"] > sound["learned_scale_loss"] + 10
    assert sound["loss"] <= sound["learned_scale_loss"]  # no scale fits better than the best


def test_the_weights_in_force_are_logged(fit):
    settings = {"velocity_weight": 20.0, "kl_warmup_steps": 10, "num_epochs": 6}
    rows = [row for row in read_log(fit(**settings)) if row["weight/kl"]]
    kl = [float(row["weight/kl"]) for row in rows]
    assert 0 < kl[0] < kl[-1] <= 1 and kl == sorted(kl)
    assert all(0 < float(row["weight/velocity"]) <= 20 for row in rows)


def test_validations_of_a_steered_run_can_be_compared():
    """The steered weight moves; the figure that best model and patience follow keeps its rule."""
    manager = LossManager(LossConfig(kl_schedule="target_rate", target_rate=0.5))
    figures = {"total": 2.0, "kl": 0.2, "chunk_kl": 0.7}
    before = manager.final_weights(), manager.follow(figures)
    for _ in range(50):
        manager.update({"kl": 3.0, "chunk_kl": 1.0}, 10)
    assert manager.weights(50)["kl"] > 1.2
    assert (manager.final_weights(), manager.follow(figures)) == before
    assert manager.follow({**figures, "chunk_kl": 0.3}) == pytest.approx(2.0)  # at the target, rate is free
    assert manager.follow(figures) == pytest.approx(2.0 + EXCESS_WEIGHT * 0.4)


def test_steps_leave_the_cores_to_pytorch(fit):
    """Idle threads of numpy's BLAS, and searches of old objects, would take them."""
    seen = []

    class Note(Callback):
        def on_step_end(self, loop):
            seen.append((gc.get_freeze_count() > 0, {library.num_threads for library in find_blas()}))

    fit(callbacks=[Note()], num_epochs=1)
    assert seen
    assert all(note == (True, {1}) for note in seen)
    assert gc.get_freeze_count() == 0


def find_blas():
    return ThreadpoolController().select(user_api="blas").lib_controllers
