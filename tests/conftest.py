"""A tiny trained model and its recordings, for all tests that need one; trained once in each process."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from htvae.config import Config
from htvae.data.processing import ProcessedSequence, TransformRecord
from htvae.io.pose_csv import write_pose_csv
from htvae.poses.sequence import PoseSequence
from tests.forks import Forks

BODY = ("NOSE", "LEFT_SHOULDER", "RIGHT_SHOULDER", "LEFT_HIP", "RIGHT_HIP", "LEFT_WRIST")
PLACES = np.array([[0, 1.5], [-0.4, 1], [0.4, 1], [-0.2, 0], [0.2, 0], [-0.8, 0.6]])
"""A body at rest: mid-hip at the origin, a torso of length 1, y up."""

TINY: dict[str, Any] = {
    "max_frames": 64,
    "chunk_size": 8,
    "chunk_overlap": 2,
    "frames_per_token": 2,
    "embed_dim": 16,
    "num_heads": 2,
    "num_layers": 1,
    "latent_dim": 6,
    "chunk_latent_dim": 3,
    "batch_frames": 160,
    "micro_batch_frames": 320,
    "num_epochs": 2,
    "warmup_steps": 2,
    "kl_warmup_steps": 2,
    "validation_interval": 3,
    "device": "cpu",
    "precision": "32",
    "prior_steps": 0,
}
"""Settings of a model that trains in a second, without a prior."""

TINY_PRIOR: dict[str, Any] = {
    "prior_steps": 20,
    "prior_batch_size": 8,
    "prior_embed_dim": 16,
    "prior_num_heads": 2,
    "prior_num_layers": 1,
    "prior_validation_interval": 5,
}
"""Settings of a prior that is fitted in a second."""


LENGTHS = [40, 60, 51, 70, 33, 90, 150, 45, 52, 61]
"""Frames of the recordings that the tiny model is trained on."""


class TrainedRun(NamedTuple):
    """A finished run."""

    config: Config
    folder: Path
    """Folder of the recordings as CSVs, with a manifest."""
    checkpoint: Path
    """Its best_model.pt."""
    recordings: list[PoseSequence]


@pytest.fixture(autouse=True, scope="session")
def _one_thread_unless_asked() -> None:
    """Tiny models gain nothing from threads, and threads that wait for each other crawl on a busy machine.

    ``OMP_NUM_THREADS=2`` in the environment tests with two.
    """
    import torch

    torch.set_num_threads(int(os.environ.setdefault("OMP_NUM_THREADS", "1")))


@pytest.fixture(autouse=True, scope="session")
def _bf16_by_hardware() -> Iterator[None]:
    """``HTVAE_BF16=0`` or ``1`` in the environment: test as if the processor had no bf16 products, or had."""
    from htvae.utils.device import multiplies_bf16_fast

    wish = os.environ.get("HTVAE_BF16")
    with pytest.MonkeyPatch.context() as patch:
        if wish is not None:
            for user in ("optimizer", "machine", "guards.speed"):
                patch.setattr(
                    f"htvae.training.{user}.multiplies_bf16_fast",
                    lambda device: wish == "1" if device == "cpu" else multiplies_bf16_fast(device),
                )
        yield


def make_walk(
    index: int,
    num_frames: int,
    name: str | None = None,
    first_frame: int = 0,
    num_coordinates: int = 2,
    **known: Any,
) -> PoseSequence:
    """Return a body that walks along x, nods and waves, each index in its own way; two points are missing.

    In three dimensions it also turns about the vertical while it walks, three units before the origin.
    """
    frames = np.arange(num_frames)
    pose = np.repeat(2.0 * PLACES[None], num_frames, axis=0)
    pose[:, 0, 1] += 0.3 * np.sin(0.3 * frames + index)
    pose[:, 5, 1] += (0.4 + 0.1 * index) * np.sin((0.1 + 0.03 * index) * frames)
    if num_coordinates == 3:
        turn = (0.4 + 0.2 * index + 0.02 * frames)[:, None]
        across, up = pose[..., 0], pose[..., 1]
        pose = np.stack([np.cos(turn) * across, up, 3 - np.sin(turn) * across], axis=-1)
    pose[..., 0] += (3 + 0.05 * frames)[:, None]
    pose[num_frames // 2, 5] = pose[0, 0] = np.nan
    return PoseSequence.from_array(
        pose, BODY, name or f"walk_{index:02d}", first_frame=first_frame, **({"fps": 30.0} | known)
    )


@pytest.fixture(scope="session")
def make_walks() -> Callable[[Sequence[int]], list[PoseSequence]]:
    """Return a maker of recordings of given lengths, each of its own subject, with one of two labels."""

    def make(lengths: Sequence[int], **known: Any) -> list[PoseSequence]:
        return [
            make_walk(i, n, **({"label": "ab"[i % 2], "subject": f"s{i}"} | known))
            for i, n in enumerate(lengths)
        ]

    return make


@pytest.fixture(scope="session", name="make_walk")
def make_walk_fixture() -> Callable[..., PoseSequence]:
    """Return `make_walk`."""
    return make_walk


@pytest.fixture(scope="session")
def as_processed() -> Callable[[np.ndarray], ProcessedSequence]:
    """Return a maker of recordings that are in the model's coordinates already, from poses (T, N, D)."""

    def make(pose: np.ndarray) -> ProcessedSequence:
        record = TransformRecord(
            anchor=np.zeros((len(pose), pose.shape[2])),
            unit=1.0,
            rotation=None,
            source_frames=np.arange(float(len(pose))),
            fps=None,
            landmarks=("hip", "knee"),
        )
        source = make_walk(1, len(pose))
        return ProcessedSequence(name="walk", pose=pose, record=record, source=source)

    return make


@pytest.fixture(scope="session")
def tiny_settings() -> dict[str, Any]:
    """Return `TINY`."""
    return dict(TINY)


@pytest.fixture(scope="session")
def tiny_prior() -> dict[str, Any]:
    """Return `TINY_PRIOR`."""
    return dict(TINY_PRIOR)


@pytest.fixture
def tiny_config(tmp_path: Path) -> Config:
    """Settings of a tiny model that writes to this test's own folder."""
    return Config().replace(**TINY, experiments_dir=str(tmp_path / "experiments"))


@pytest.fixture(scope="session")
def shorten_refinement() -> Callable[[pytest.MonkeyPatch], None]:
    """Return what lets refinement take one step at most, for fixtures that outlive a test."""
    from htvae.inference import refinement

    descend = refinement._descend

    def shorten(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(refinement, "_descend", lambda o, start, steps: descend(o, start, min(steps, 1)))

    return shorten


@pytest.fixture
def brief_refinement(shorten_refinement: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let refinement take one step at most, for tests of all but its result; steps are most of evaluation."""
    shorten_refinement(monkeypatch)


@pytest.fixture(scope="session")
def shorten_bands() -> Callable[[pytest.MonkeyPatch], None]:
    """Return what calibrates intervals on one round of holes, each filled in one pass: too wide."""
    from htvae.generation import bands, filling

    def shorten(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(bands, "NUM_ROUNDS", 1)
        patch.setattr(filling, "NUM_PASSES", 1)

    return shorten


@pytest.fixture
def brief_bands(shorten_bands: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calibrate intervals so, for tests of all but their width; it is most of the fit of a tiny prior."""
    shorten_bands(monkeypatch)


@pytest.fixture
def no_measuring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the trainer take the machine's speed as given; measuring it takes longer than a tiny training."""
    monkeypatch.setattr("htvae.training.machine.measure_frame_seconds", lambda *_: 1e-4)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, make_walks: Any) -> TrainedRun:
    """A tiny model trained on a folder of CSVs: read it, do not change it."""
    return train_tiny(tmp_path_factory.mktemp("trained"), make_walks(LENGTHS))


@pytest.fixture(scope="session")
def trained_in_3d(tmp_path_factory: pytest.TempPathFactory, make_walks: Any) -> TrainedRun:
    """The same in three dimensions."""
    return train_tiny(tmp_path_factory.mktemp("trained_in_3d"), make_walks(LENGTHS, num_coordinates=3))


def train_tiny(root: Path, recordings: list[PoseSequence]) -> TrainedRun:
    """Train a tiny model on recordings, written as CSVs."""
    import torch

    from htvae.training.trainer import HTVAETrainer

    folder = root / "pose_csvs"
    lines = ["file,label,subject,fps,place"]
    for r in recordings:
        write_pose_csv(folder / f"{r.name}.csv", r)
        place = "" if r.name == "walk_04" else ("indoors", "outdoors")[int(r.name[-1]) // 2 % 2]
        lines.append(f"{r.name}.csv,{r.label},{r.subject},30,{place}")
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    settings = {"val_fraction": 0.2, "test_fraction": 0.3, "num_epochs": 4}
    config = Config().replace(**(TINY | settings), data_dir=str(folder), experiments_dir=str(root / "runs"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("htvae.training.machine.measure_frame_seconds", lambda *_: 1e-4)
        result = HTVAETrainer(config).fit()
    torch.set_num_threads(threads)
    return TrainedRun(config, folder, result.best_model, recordings)


@pytest.fixture(scope="session")
def trained_with_prior(trained: TrainedRun, tmp_path_factory: pytest.TempPathFactory) -> TrainedRun:
    """The tiny model with a prior: read it, do not change it."""
    return add_tiny_prior(tmp_path_factory.mktemp("prior"), trained)


@pytest.fixture(scope="session")
def trained_with_prior_in_3d(
    trained_in_3d: TrainedRun, tmp_path_factory: pytest.TempPathFactory
) -> TrainedRun:
    """The same in three dimensions."""
    return add_tiny_prior(tmp_path_factory.mktemp("prior_in_3d"), trained_in_3d)


def add_tiny_prior(folder: Path, trained: TrainedRun) -> TrainedRun:
    """Add a prior to a copy of a trained model."""
    import shutil

    import torch

    from htvae.training.prior import add_prior_to

    checkpoint = folder / "best_model.pt"
    shutil.copy(trained.checkpoint, checkpoint)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    assert add_prior_to(checkpoint, trained.config.replace(**TINY_PRIOR))
    torch.set_num_threads(threads)
    return trained._replace(checkpoint=checkpoint)


@pytest.fixture
def make_sequence() -> Callable[..., PoseSequence]:
    """Return a maker of recordings: a body of any size that nods, and walks along x at a constant speed."""

    standing = BODY[:5]

    def make(
        name: str = "walk",
        num_frames: int = 37,
        *,
        size: float = 2.0,
        origin: float = 3.0,
        speed: float = 0.1,
        num_coordinates: int = 2,
        **metadata: Any,
    ) -> PoseSequence:
        frames = np.arange(num_frames)
        pose = np.zeros((num_frames, len(standing), num_coordinates), np.float32)
        pose[..., :2] = size * PLACES[: len(standing)]
        pose[:, 0, 1] += size * 0.1 * np.sin(0.3 * frames + len(name))
        pose[..., 0] += (origin + speed * frames)[:, None]
        return PoseSequence(name=name, landmarks=standing, pose=pose, **metadata)

    return make


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """What starts processes in no time."""
    if not hasattr(os, "fork"):
        pytest.skip("the system does not fork")
    forks = Forks(tmp_path_factory.mktemp("forks"))
    yield forks
    forks.close()
