import numpy as np
import pytest
import torch
from threadpoolctl import ThreadpoolController
from torch.utils.data import DataLoader, Dataset

from htvae.config import Config
from htvae.data import batching
from htvae.data.loader import PoseDataLoader
from htvae.data.splits import Splits
from htvae.io.pose_csv import write_pose_csv


@pytest.fixture
def make_loader(make_sequence):
    def make(**settings):
        config = Config().replace(**({"max_frames": 50, "chunk_size": 16, "batch_frames": 100} | settings))
        return PoseDataLoader(config, [make_sequence(f"walk_{i}", 30 + 7 * i) for i in range(12)])

    return make


def flatten(steps):
    """Return the numbers of all micro-batches, with NaN replaced by a number."""
    batches = [batch for step in steps for batch in step]
    tensors = [t for b in batches for t in (b.pose, b.observed, b.target, b.num_frames, b.seeds)]
    return [t.nan_to_num(nan=-77) for t in tensors]


def equal(first, second):
    first, second = flatten(first), flatten(second)
    return len(first) == len(second) and all(map(torch.equal, first, second))


def test_every_training_frame_once_an_epoch(make_loader):
    data = make_loader(time_warp=0.0)
    frames = sum(s.num_frames for s in data.recordings("train"))
    loader = data.train_loader()
    for _ in range(3):
        steps = list(loader)
        assert sum(int(b.num_frames.sum()) for step in steps for b in step) == frames
        assert len(steps) == data.steps_per_epoch
    assert data.num_train_frames == frames
    assert data.windows_per_epoch >= len(data.splits.train)


def test_later_epochs_have_fewer_and_larger_steps(make_loader, monkeypatch):
    data = make_loader(num_epochs=5)
    frames, loader = data.num_train_frames, data.train_loader()
    monkeypatch.setattr(batching, "GROWTH", ((2 * frames, 2), (4 * frames, 4)))
    counts, growths = [], []
    for _ in range(5):
        counts.append(len(list(loader)))
        growths.append(loader.steps.growth)
    assert growths == [1, 1, 2, 2, 4]
    assert counts == [-(-frames // 100)] * 2 + [-(-frames // 200)] * 2 + [-(-frames // 400)]
    assert data.total_steps == sum(counts)
    assert make_loader(num_epochs=5, batch_growth=False).total_steps == 5 * counts[0]


def test_batch_size_counts_windows(make_loader):
    loader = make_loader(batch_size=3).train_loader()
    sizes = [sum(len(batch) for batch in step) for step in loader]
    assert set(sizes) <= {2, 3}


def test_micro_batches_are_parts_of_the_same_step(make_loader):
    whole, parts = make_loader().train_loader(), make_loader(micro_batch_frames=60).train_loader()
    for step, cut in zip(whole, parts, strict=True):
        assert len(step) == 1
        assert sum(len(batch) for batch in cut) == len(step[0])
        assert all(len(batch) == 1 or batch.num_frames.sum() <= 60 for batch in cut)


def windows_of(*steps):
    """Return the sorted seeds of the windows; no two windows share a seed."""
    return sorted(seed for step in steps for batch in step for seed in batch.seeds.tolist())


@pytest.mark.parametrize("num_ranks", [2, 3])
@pytest.mark.parametrize("settings", [{"batch_size": 6}, {"batch_frames": 40}])
def test_processes_share_every_step(make_loader, num_ranks, settings):
    data = make_loader(**settings)
    alone = data.train_loader()
    ranks = [make_loader(**settings).train_loader(rank, num_ranks) for rank in range(num_ranks)]
    for _ in range(2):
        whole, shares = list(alone), [list(loader) for loader in ranks]
        assert len(set(windows_of(*whole))) == data.windows_per_epoch == len(windows_of(*whole))
        for step, *parts in zip(whole, *shares, strict=True):
            assert windows_of(step) == windows_of(*parts)
        empty = sum(not part for share in shares for part in share)
        assert empty == sum(max(0, num_ranks - len(windows_of(step))) for step in whole)
        assert (empty > 0) == ("batch_frames" in settings)


@pytest.mark.parametrize("num_ranks", [2, 5])
def test_processes_share_the_validation(make_loader, num_ranks):
    data = make_loader(micro_batch_frames=120, val_fraction=0.3)
    whole = [batch for step in data.val_loader() for batch in step]
    shares = [list(data.val_loader(rank, num_ranks)) for rank in range(num_ranks)]
    assert len({len(share) for share in shares}) == 1
    lengths = [n for share in shares for step in share for b in step for n in b.num_frames.tolist()]
    assert sorted(lengths) == sorted(n for batch in whole for n in batch.num_frames.tolist())


def test_another_number_of_processes_goes_on_with_the_same_steps(make_loader):
    whole = list(make_loader().train_loader())
    ranks = [make_loader().train_loader(rank, 2).steps_of(0, first_step=2) for rank in range(2)]
    for step, *parts in zip(whole[2:], *ranks, strict=True):
        assert windows_of(step) == windows_of(*parts)


def test_epochs_differ_and_are_a_function_of_the_seed(make_loader):
    loader = make_loader().train_loader()
    first, second = list(loader), list(loader)
    assert not equal(first, second)
    assert not equal(first, list(make_loader(seed=1).train_loader()))
    torch.manual_seed(5)
    assert equal(first, list(make_loader().train_loader()))


def test_the_global_random_state_stays(make_loader):
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    data = make_loader()
    list(data.train_loader()), list(data.val_loader())
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12 warns of what is tested here
@pytest.mark.parametrize(("method", "num_workers"), [("fork", 2), ("spawn", 1)])
def test_workers_change_nothing(make_loader, method, num_workers):
    alone, loader = make_loader().train_loader(), make_loader(num_workers=num_workers).train_loader()
    loader.loader.multiprocessing_context = method
    for _ in range(2):
        assert equal(list(loader), list(alone))


class BlasThreads(Dataset):
    """Says how many threads numpy's BLAS has where it is read."""

    def __len__(self):
        return 1

    def __getitem__(self, index):
        libraries = ThreadpoolController().select(user_api="blas").lib_controllers
        return max(library.num_threads for library in libraries)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_workers_leave_the_cores_to_pytorch(make_loader):
    start = make_loader(num_workers=1).train_loader().loader.worker_init_fn
    assert list(DataLoader(BlasThreads(), num_workers=1, worker_init_fn=start)) == [1]


def test_evaluation_scores_every_frame_once_and_is_always_the_same(make_loader):
    data = make_loader(micro_batch_frames=120)
    for split, loader in (("val", data.val_loader()), ("test", data.test_loader())):
        batches = [batch for step in loader for batch in step]
        assert len(batches) == len(loader)
        assert all(batch.pose.shape[1] * len(batch) <= 120 for batch in batches)
        scored = sum(int((~batch.target.isnan()).sum()) for batch in batches)
        assert scored == sum(int((~np.isnan(s.pose)).sum()) for s in data.processed(split))
        assert equal(list(loader), list(loader))


def test_an_empty_split_has_no_batches(make_sequence):
    data = PoseDataLoader(Config(), [make_sequence()])
    assert list(data.val_loader()) == []
    assert len(data.test_loader()) == 0


def test_the_order_of_recordings_does_not_matter(make_loader):
    data = make_loader()
    reversed_data = PoseDataLoader(data.config, data.sequences[::-1])
    assert equal(list(data.train_loader()), list(reversed_data.train_loader()))


def test_an_epoch_can_be_begun_at_any_step(make_loader):
    loader = make_loader().train_loader()
    _, epoch = list(loader), list(loader)
    resumed = make_loader().train_loader()
    assert resumed.num_steps(1) == len(epoch)
    for first_step in (0, 1, len(epoch)):
        assert equal(list(resumed.steps_of(1, first_step)), epoch[first_step:])


def test_another_recording_of_a_known_name_is_new(make_loader, make_sequence, caplog):
    data = make_loader()
    name = data.splits.train[0]
    more = [make_sequence(name, size=9), *(s for s in data.sequences if s.name != name)]
    again = PoseDataLoader(data.config, more, processor=data.processor, splits=data.splits)
    assert [s.name for s in again.recordings("new")] == [name]
    assert f"their content has changed ({name})" in caplog.text


def test_a_trained_models_processor_and_splits_are_taken(make_loader, make_sequence):
    data = make_loader()
    splits = Splits.from_dict(data.splits.to_dict())
    more = [*data.sequences[:5], make_sequence("stranger", size=9)]
    again = PoseDataLoader(data.config, more, processor=data.processor, splits=splits)
    assert [s.name for s in again.recordings("new")] == ["stranger"]
    assert again.processor is data.processor
    assert len(list(again.evaluation_loader("new"))) == 1
    assert {s.name for s in again.recordings("train")} <= set(splits.train)


def test_a_folder_is_read_by_way_of_the_cache(tmp_path, make_sequence):
    (tmp_path / "poses").mkdir()
    for i in range(3):
        write_pose_csv(tmp_path / f"poses/walk_{i}.csv", make_sequence(f"walk_{i}"))
    config = Config().replace(data_dir=str(tmp_path / "poses"), experiments_dir=str(tmp_path / "experiments"))
    data = PoseDataLoader(config)
    assert [s.name for s in data.sequences] == ["walk_0", "walk_1", "walk_2"]
    assert {p.suffix for p in (tmp_path / "experiments/cache").iterdir()} == {".json", ".lock", ".npy"}
    assert equal(list(data.train_loader()), list(PoseDataLoader(config).train_loader()))
