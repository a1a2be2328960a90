"""Each guard fires on a planted fault and is quiet on a sound run; runs are real ones of a tiny model."""

import dataclasses
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from htvae.cli import main as cli
from htvae.cli import train
from htvae.data.dataset import PoseSequenceDataset
from htvae.io.pose_csv import write_pose_csv
from htvae.models import HierarchicalTransformerVAE
from htvae.training import VAELoss
from htvae.training.guards import speed as speed_guard
from htvae.training.guards.base import Guard
from htvae.training.guards.model import sum_behaviour
from htvae.training.guards.steps import NUM_CHECKS, LossGuard
from htvae.training.guards.validation import NUM_RISES, NUM_VALIDATIONS, ValidationGuard
from htvae.training.loop import Callback
from htvae.training.trainer import HTVAETrainer
from htvae.utils.files import read_tensors
from htvae.utils.world import World

LENGTHS = [40, 60, 51, 70, 33, 90, 100, 45]
LONG = {
    "num_epochs": 12,
    "validation_interval": 12,
    "learning_rate": 1e-2,
    "ema_decay": 0.9,
    "velocity_weight": 0.0,  # with it, 24 steps are too few to learn to move
    "linear_path": False,  # the code keeps both levels alive and the body moving, whatever networks do
}
"""A run that all guards, set to judge early, can judge."""


@pytest.fixture(autouse=True)
def _quick(no_measuring, monkeypatch):
    """Start at once, and judge early."""
    monkeypatch.setattr("htvae.training.guards.FIRST_STEP", 6)
    monkeypatch.setattr("htvae.training.guards.steps.CHECK_INTERVAL", 2)
    monkeypatch.setattr("htvae.training.guards.speed.NUM_STEPS", 8)


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The clock of the speed guard, which moves only where a test moves it."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(speed_guard, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    return clock


@pytest.fixture
def walks(make_walks):
    return make_walks(LENGTHS)


@pytest.fixture
def fit(tiny_config, walks):
    """Train with changed settings and return the result."""

    def run(sequences=walks, callbacks=(), loss=None, build_model=None, **settings):
        config = tiny_config.replace(**{"linear_path": False} | settings)  # guards judge what networks learn
        return HTVAETrainer(config, sequences, callbacks=callbacks, loss=loss, build_model=build_model).fit()

    return run


@pytest.fixture
def warnings_of(fit, caplog):
    """Train and return the guards' messages."""

    def run(**settings):
        caplog.clear()
        fit(**settings)
        return [r.getMessage() for r in caplog.records if r.name == "htvae.training.guards.base"]

    return run


def variant(change):
    """Return a build_model that changes the model of the package."""

    def build(config, **sizes):
        model = HierarchicalTransformerVAE(config.model, **sizes)
        change(model)
        return model

    return build


def only(topic, messages):
    """Return the one message of a topic; what else is said depends on how well a short run learns."""
    (message,) = [message for message in messages if topic in message]
    return message


def silence(layer):
    """Let a layer return zeros for good."""
    for parameter in layer.parameters():
        parameter.data.zero_()
        parameter.requires_grad_(False)


class Sound(HierarchicalTransformerVAE):
    """Returns nearly what it is given: 24 steps alone may or may not teach a model to move."""

    def forward(self, pose, *rest):
        output = super().forward(pose, *rest)
        return output._replace(reconstruction=torch.lerp(output.reconstruction, pose, 0.8))


def test_a_sound_run_is_quiet(warnings_of):
    assert warnings_of(build_model=lambda config, **sizes: Sound(config.model, **sizes), **LONG) == []


def test_a_run_that_starts_from_the_linear_code_is_quiet(warnings_of):
    assert warnings_of(**(LONG | {"linear_path": True, "learning_rate": 1e-3})) == []


def test_guards_change_no_weight(fit, monkeypatch):
    states = []
    for guarded in (True, False):
        if not guarded:
            monkeypatch.setattr("htvae.training.trainer.build_guards", lambda *_: [])
        states.append(read_tensors(fit(**LONG).best_model.with_name("last_model.pt"))["model"])
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_a_thing_is_said_once_and_by_one_process(caplog):
    for rank in (0, 1):
        guard = Guard()
        for _ in range(2):
            guard.warn(SimpleNamespace(world=World(rank, 2)), "topic", "It must hold, but does not.")
    assert caplog.messages == ["It must hold, but does not."]


# ---- the input


def forgetful(config, num_points, num_coordinates, **_):
    return HierarchicalTransformerVAE(config.model, num_points, num_coordinates)


def in_other_units(config, pose_scale, **sizes):
    return HierarchicalTransformerVAE(config.model, pose_scale=pose_scale / 100, **sizes)


def test_a_network_that_forgets_the_mean(warnings_of):
    message = only("a spread near 1", warnings_of(build_model=forgetful, num_epochs=1))
    assert "near 0 and a spread near 1, but in the training recordings it has a mean of 1.5 and" in message
    assert "at NOSE (the largest" in message and "should use the pose_mean and pose_scale" in message


def test_a_network_in_other_units(warnings_of):
    message = only("a spread near 1", warnings_of(build_model=in_other_units, num_epochs=1))
    assert "a spread of 1e+02 at " in message


def test_a_network_with_a_standardisation_of_its_own_is_not_judged(warnings_of):
    class Wrapped(nn.Module):
        def __init__(self, model):
            super().__init__()
            self.inner = model

        def forward(self, *inputs):
            return self.inner(*inputs)

    def build(config, num_points, num_coordinates, **_):
        return Wrapped(forgetful(config, num_points, num_coordinates))

    assert warnings_of(build_model=build, num_epochs=1) == []


# ---- what the model does


def test_a_collapsed_sequence_level(warnings_of):
    build = variant(lambda model: silence(model.latent_space.sequence_head))
    message = only("collapsed", warnings_of(build_model=build, **LONG))
    assert message.startswith(
        "Step 24, validation: the sequence level must carry something, but has collapsed"
    )
    assert "none of its 6 numbers has a KL of 0.01 nats (the largest: 0)" in message
    assert "lower --kl_weight" in message


def test_a_collapsed_chunk_level(warnings_of):
    build = variant(lambda model: silence(model.latent_space.chunk_head))
    message = only("collapsed", warnings_of(build_model=build, **LONG))
    assert "the chunk level must carry something" in message and "none of its 3 numbers" in message
    assert "lower --chunk_kl_weight" in message


def test_a_level_that_is_not_there_has_not_collapsed(warnings_of):
    assert not [m for m in warnings_of(chunk_latent_dim=0, **LONG) if "collapsed" in m]


def test_a_decoder_that_stands_still(warnings_of):
    build = variant(lambda model: silence(model.decoder.output))
    message = only("must move", warnings_of(build_model=build, **LONG))
    assert "points move by 0.000 torso lengths where theirs move by 0.0" in message


def test_recordings_that_stand_still_may_be_returned_still(warnings_of, walks):
    """With a decoder that stands still: nothing moves but the tracker's noise."""
    noise = np.random.default_rng(0)
    still = [
        dataclasses.replace(
            walk, pose=(walk.pose[1:2] + 0.02 * noise.normal(size=walk.pose.shape)).astype(np.float32)
        )
        for walk in walks
    ]
    build = variant(lambda model: silence(model.decoder.output))
    assert not [m for m in warnings_of(sequences=still, build_model=build, **LONG) if "must move" in m]


def test_a_decoder_that_trembles(warnings_of):
    class Trembling(HierarchicalTransformerVAE):
        def forward(self, *inputs):
            output = super().forward(*inputs)
            noise = 0.06 * torch.randn_like(output.reconstruction)
            return output._replace(reconstruction=output.reconstruction + noise)

    messages = warnings_of(build_model=lambda config, **s: Trembling(config.model, **s), **LONG)
    message = only("trembles", messages)
    tremble = re.search(r"must be as smooth as the recordings, but trembles by ([\d.]+) torso", message)
    assert tremble and float(tremble[1]) == pytest.approx(
        0.06, rel=0.3
    )  # what is planted, and the model's own


def test_a_single_validation_is_not_enough(warnings_of):
    build = variant(lambda model: silence(model.decoder.output))
    assert warnings_of(build_model=build, num_epochs=2, validation_interval=6) == []


# ---- the loss


class LossThatBreaks(VAELoss):
    """Is NaN where a coordinate is larger than any that a usual walk has."""

    def forward(self, output, target, num_frames, *rest):
        parts = super().forward(output, target, num_frames, *rest)
        broken = target[:, :, :6].nan_to_num().abs().max() > 2.5
        return {**parts, "total": parts["total"] * torch.where(broken, torch.nan, 1.0)}


class Keep(Callback):
    """Keeps the weights and files from before each step."""

    def __init__(self, folder):
        self.folder, self.loop, self.files = folder, None, {}

    def on_step_start(self, loop, batch):
        self.loop = loop
        self.weights = {name: value.clone() for name, value in loop.model.state_dict().items()}
        self.files = {path.name: path.read_bytes() for path in self.folder.iterdir()}


@pytest.fixture
def keep(tiny_config, tmp_path):
    return Keep(tmp_path / "experiments" / "checkpoints")


@pytest.fixture
def with_a_wild_one(make_walk, walks):
    """Recordings to train on, of which one breaks the loss."""
    calm = [dataclasses.replace(walk, split="train") for walk in walks[2:]]
    held_out = [dataclasses.replace(walks[0], split="val"), dataclasses.replace(walks[1], split="test")]
    wild = make_walk(60, 50, name="wild", first_frame=1000, subject="wild", split="train")
    return [*calm, *held_out, wild]


@pytest.mark.parametrize(
    "settings", [{"micro_batch_frames": 64}, {"gradient_clip": 0.0}, {"precision": "bf16"}]
)
def test_a_gradient_that_is_not_finite_ends_the_run(fit, tiny_config, with_a_wild_one, keep, settings):
    loss = LossThatBreaks(tiny_config.loss)
    with pytest.raises(ValueError, match="The gradient must be finite, but its norm is nan at step") as error:
        fit(with_a_wild_one, [keep], loss, **settings)
    assert "In the step: wild, frames 10" in str(error.value)
    assert "lower --learning_rate (now 0.001)" in str(error.value)
    assert all(torch.equal(value, keep.weights[name]) for name, value in keep.loop.model.state_dict().items())
    assert {path.name: path.read_bytes() for path in keep.folder.iterdir()} == keep.files


def test_the_state_from_before_a_broken_gradient_can_be_resumed(fit, tiny_config, with_a_wild_one, keep):
    """The wild recording enters on resuming, in the middle of an epoch: it is named then, too."""

    class BreaksLater(LossThatBreaks):
        def forward(self, *inputs):
            late = keep.loop.step >= 5
            return (super() if late else super(LossThatBreaks, self)).forward(*inputs)

    settings = {"num_epochs": 4, "validation_interval": 1, "batch_frames": 60}
    with pytest.raises(ValueError, match="In the step: wild, frames"):
        fit(with_a_wild_one, [keep], BreaksLater(tiny_config.loss), **settings)
    assert set(keep.files) == {"best_model.pt", "last_model.pt"}
    with pytest.raises(ValueError, match="In the step: wild, frames"):
        fit(with_a_wild_one, [keep], BreaksLater(tiny_config.loss), resume=True, **settings)
    assert fit(with_a_wild_one, resume=True, **settings).finished


def test_a_learning_rate_that_is_far_too_high(walks, tiny_settings, tmp_path, capsys):
    """The command says it without a traceback, and its exit code is not 0."""
    for walk in walks:
        write_pose_csv(tmp_path / "poses" / f"{walk.name}.csv", walk)
    settings = tiny_settings | {
        "learning_rate": 1e30,
        "data_dir": tmp_path / "poses",
        "experiments_dir": tmp_path / "runs",
    }
    flags = [text for name, value in settings.items() for text in (f"--{name}", str(value))]
    assert cli.run_command(train.train, flags) == 1
    said = capsys.readouterr().err
    assert (
        "error: The gradient must be finite, but its norm is nan at step 1 (epoch 0). In the step: " in said
    )
    assert "lower --learning_rate (now 1e+30)" in said and "Traceback" not in said


def test_a_loss_that_explodes(warnings_of):
    settings = {"num_epochs": 6, "learning_rate": 0.3, "validation_interval": 100, "linear_path": False}
    message = only("loss", warnings_of(**settings))
    assert "The loss must fall, but the reconstruction term has risen by" in message
    assert "lower --learning_rate (now 0.3)" in message


@pytest.fixture
def feed(caplog):
    """Give losses (nats per coordinate) to a guard and return its messages."""

    def run(losses):
        caplog.clear()
        guard = LossGuard()
        loop = SimpleNamespace(world=World(), task=SimpleNamespace(num_values=10))
        loop.settings = SimpleNamespace(learning_rate=1e-3)
        for loop.step, loss in enumerate(losses, start=1):
            loop.losses = {"reconstruction": 10.0 * loss}
            guard.on_step_end(loop)
        return caplog.messages

    return run


def test_a_loss_that_rises_and_stays(feed):
    falling = np.linspace(2, -2, 40)
    assert feed(falling) == []
    assert feed([*falling, *[1e6] * 4, *[-2] * 40]) == []  # a spike
    assert feed([*falling, *[-1.2] * 100]) == []  # less than a nat
    (message,) = feed([*falling, *np.linspace(-0.5, 5, 100)])
    assert f"stayed there for {2 * NUM_CHECKS} steps" in message


def test_a_loss_that_is_called_otherwise_is_not_judged(caplog):
    LossGuard().on_step_end(SimpleNamespace(step=1, losses={"my own": 1.0}, task=None))
    assert caplog.messages == []


# ---- validations


@pytest.fixture
def judge(caplog):
    """Give validations to a guard and return its messages: (loss, error), and the loss at learned scales."""

    def run(figures):
        caplog.clear()
        guard = ValidationGuard()
        loop = SimpleNamespace(world=World(), settings=SimpleNamespace(patience_start=0))
        for number, (loss, error, *learned) in enumerate(figures, start=1):
            loop.step, loop.figures = 100 * number, {"loss": loss, "mpjpe": error}
            if learned:
                loop.figures["learned_scale_loss"] = learned[0]
            guard.on_validation_end(loop)
        return caplog.messages

    return run


def test_a_loss_that_turns_while_the_error_falls(judge):
    falling = [(3.0 - 0.1 * i, 0.10 - 0.002 * i) for i in range(10)]
    assert judge(falling) == []
    turned = [(2.2, 0.080), (2.3, 0.078), (2.4, 0.076), (2.5, 0.074)]
    (message,) = judge([*falling, *turned])
    assert "since step 1000 while the error fell from 0.0820 to 0.0760 torso lengths" in message
    assert f"(step {1000 + 100 * NUM_VALIDATIONS})" in message
    assert "more subjects" in message


def test_a_loss_that_stands_while_the_error_stands_or_rises_is_no_turn(judge):
    assert judge([(1.0, 0.10), *[(1.1, 0.0999)] * 9]) == []
    assert judge([(1.0, 0.10), *[(1.1, 0.12)] * 9]) == []


def test_learned_scales_that_are_too_sure(judge):
    """The loss that is followed falls on; the one at learned scales turns at step 300."""
    figures = [(3.0 - 0.1 * i, 0.10 - 0.003 * i, 3.0 + abs(i - 2)) for i in range(9)]
    (message,) = judge(figures)
    assert "rose from 3.00 to 6.00 nats per frame since step 300" in message
    assert "the error fell from 0.0940 to 0.0850 torso lengths (step 600)" in message
    assert "do not follow that loss" in message
    assert judge([(loss, error, loss + 1) for loss, error, _ in figures]) == []


def test_a_loss_that_rises_with_the_error(judge):
    falling = [(3.0 - 0.1 * i, 0.10 - 0.002 * i) for i in range(5)]
    rising = [(2.6 + 0.2 * i, 0.092 + 0.001 * i) for i in range(1, NUM_RISES + 1)]
    (message,) = judge([*falling, *rising])
    assert "rose from 2.60 (step 500) to 3.60 nats per frame (step 1000)" in message
    assert "stays the one of step 500" in message
    assert judge([*falling, *rising[:-1]]) == []


# ---- the machine's time

STIFF = {"limb_range": 0.0, "stretch_range": 0.0, "shear_range": 0.0}
"""Shoulders and hips of these walks never move: another body would be far outside of their spread."""


@pytest.fixture
def slow_loader(monkeypatch, clock):
    """Advance the clock for each training window, and by 1 s for each step of the optimiser."""

    def slow(seconds):
        get, step = PoseSequenceDataset.__getitem__, torch.optim.AdamW.step

        def get_slowly(dataset, index):
            clock.now += seconds * dataset.training
            return get(dataset, index)

        def step_slowly(*args, **kwargs):
            clock.now += 1
            return step(*args, **kwargs)

        monkeypatch.setattr(PoseSequenceDataset, "__getitem__", get_slowly)
        monkeypatch.setattr(torch.optim.AdamW, "step", step_slowly)

    return slow


def test_a_loader_slower_than_the_model(warnings_of, slow_loader, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 16)
    slow_loader(0.6)
    (message,) = warnings_of(num_epochs=8, batch_frames=80, validation_interval=3, **STIFF)
    assert message.startswith("Data must be ready when a step begins, but training waits for")
    assert re.search(r"--num_workers [1-9]\d* \(now 0\)", message)  # as many as this machine's speed asks for


def test_a_loader_that_keeps_up(warnings_of, slow_loader):
    slow_loader(0.02)
    assert warnings_of(num_epochs=8, batch_frames=80, validation_interval=3, **STIFF) == []


@pytest.mark.parametrize(
    ("workers", "cores", "advice"),
    [
        (0, 16, "Add --num_workers 3 (now 0)."),
        (2, 16, "Add --num_workers 7 (now 2)."),
        (2, 4, "Add --num_workers 4 (now 2)."),
        (4, 4, "on a faster disk"),
    ],
)
def test_advice_on_workers(monkeypatch, clock, caplog, workers, cores, advice):
    """Each step takes 1 s, after a wait of 3 s."""
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    guard, loop = speed_guard.SpeedGuard("cuda", "bf16", workers), SimpleNamespace(step=9, world=World())
    for _ in range(9):
        guard.on_step_start(loop, None)
        clock.now += 1
        guard.on_step_end(loop)
        clock.now += 3
    assert "the GPU stands idle for 75% of the time (the 8 steps up to step 9)" in caplog.text
    assert advice in caplog.text


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda: "a GPU")
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda **_: True)


def test_a_gpu_that_is_not_used(gpu, warnings_of):
    assert "is cpu. Leave --device out" in speed_guard.find_idle_gpu("cpu", "32")
    assert "is 32. Leave --precision out" in speed_guard.find_idle_gpu("cuda", "32")
    assert speed_guard.find_idle_gpu("cuda", "bf16") == ""


def test_a_gpu_that_this_build_of_pytorch_cannot_use(monkeypatch, tmp_path):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.version.cuda", None)
    monkeypatch.setattr(speed_guard, "NVIDIA_GPUS", tmp_path)
    assert speed_guard.find_idle_gpu("cpu", "32") == ""
    (tmp_path / "0000:01:00.0").mkdir()
    assert "is built for the CPU alone" in speed_guard.find_idle_gpu("cpu", "32")
    monkeypatch.setattr(
        "torch.version.cuda", "13.0"
    )  # the GPU is hidden on purpose, or its driver is too old
    assert speed_guard.find_idle_gpu("cpu", "32") == ""


def test_an_unused_gpu_is_said_as_training_starts(warnings_of, monkeypatch):
    monkeypatch.setattr(speed_guard, "find_idle_gpu", lambda device, precision: f"{device} and {precision}")
    assert warnings_of(num_epochs=1) == ["cpu and 32"]


@pytest.mark.parametrize("num_coordinates", [2, 3])
def test_trembling_is_the_spread_of_white_noise(num_coordinates):
    noise = torch.randn(4, 400, 5, num_coordinates, generator=torch.Generator().manual_seed(0))
    seen = torch.ones(noise.shape[:3], dtype=torch.bool)
    output = SimpleNamespace(
        reconstruction=0.5 * noise, sequence_kl=torch.ones(4, 2), chunk_kl=torch.ones(4, 3, 2)
    )
    sums = sum_behaviour(output, noise, seen, torch.full((4,), 400), 5)
    assert sums["tremble"] / sums["num_jerks"] == pytest.approx(0.5, rel=0.03)  # sampling
    assert sums["input_tremble"] / sums["num_jerks"] == pytest.approx(1, rel=0.03)
