import logging
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from htvae.config import DataConfig
from htvae.data.dataset import PoseSequenceDataset, build_augmentations, tile_spans
from htvae.data.processing import PoseDataProcessor
from htvae.models.chunking import ChunkGrid, compute_num_chunks
from htvae.poses.sequence import FrameLabel, PoseSequence
from htvae.utils.random import random_stream

PLAIN = {
    "mirror_probability": 0.0,
    "limb_range": 0.0,
    "stretch_range": 0.0,
    "shear_range": 0.0,
    "rotation_degrees": 0.0,
    "scale_range": 0.0,
    "time_warp": 0.0,
    "landmark_dropout": 0.0,
    "burst_dropout": 0.0,
    "span_dropout": 0.0,
}
"""Settings without augmentation."""


@pytest.fixture
def make_dataset(make_sequence):
    def make(*lengths, training=True, seed=0, sequences=None, **settings):
        config = DataConfig(**settings)
        sequences = sequences or [make_sequence(f"walk_{i}", length) for i, length in enumerate(lengths)]
        processor = PoseDataProcessor(config).fit(sequences)
        processed = [processor.transform(s) for s in sequences]
        grid = ChunkGrid(8, 2, compute_num_chunks(config.max_frames, 8, 2))
        return PoseSequenceDataset(processed, processor, config, grid, training=training, seed=seed)

    return make


def covered(dataset):
    """Return how often each frame of each sequence is in a kept span."""
    counts = [np.zeros(len(pose), int) for pose in dataset.poses]
    for window in dataset.windows:
        assert 0 <= window.start <= window.keep_start < window.keep_stop <= window.stop
        grid = dataset.grid
        longest = dataset.max_frames if dataset.training else grid.num_frames(grid.window)
        assert window.stop - window.start <= longest
        counts[window.sequence_index][window.keep_start : window.keep_stop] += 1
    return np.concatenate(counts)


def same_samples(first, second):
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("max_frames", [1, 7, 16, 4096])
def test_every_frame_is_scored_once(make_dataset, training, max_frames):
    dataset = make_dataset(1, 37, 60, training=training, max_frames=max_frames)
    for epoch in range(5):
        dataset.set_epoch(epoch)
        assert (covered(dataset) == 1).all()


@given(num_frames=st.integers(1, 300), size=st.integers(1, 100), offset=st.floats(0, 0.999))
def test_tiles_hold_every_frame_once_and_are_neither_long_nor_very_short(num_frames, size, offset):
    spans = tile_spans(num_frames, size, int(offset * size))
    assert [frame for span in spans for frame in range(*span)] == list(range(num_frames))
    lengths = [stop - start for start, stop in spans]
    assert max(lengths) <= size
    assert min(lengths) >= min(num_frames, size // 4)


def test_tiles_by_hand():
    assert tile_spans(100, 40, 25) == [(0, 25), (25, 65), (65, 100)]
    assert tile_spans(100, 40, 5) == [(0, 22), (22, 45), (45, 85), (85, 100)]  # 5 are too few
    assert tile_spans(100, 40, 0) == [(0, 40), (40, 80), (80, 100)]
    assert tile_spans(40, 40, 25) == [(0, 40)]


def test_training_windows_are_of_many_lengths(make_dataset):
    dataset = make_dataset(*[4000] * 40, max_frames=4096)
    assert dataset.lengths.max() > 2000
    assert 64 <= dataset.lengths.min() < 400
    assert np.unique(dataset.lengths).size > 60


def test_training_windows_differ_between_epochs_and_seeds(make_dataset):
    dataset = make_dataset(500, max_frames=64)
    first = dataset.windows
    dataset.set_epoch(1)
    assert dataset.windows != first
    assert make_dataset(500, max_frames=64, seed=1).windows != first
    assert make_dataset(500, max_frames=64).windows == first


def test_evaluation_windows_are_scored_in_their_centres_only(make_dataset):
    dataset = make_dataset(60, training=False, max_frames=16)
    scored = np.concatenate([sample.target[~np.isnan(sample.target)] for sample in dataset])
    np.testing.assert_array_equal(scored, dataset.poses[0][~np.isnan(dataset.poses[0])])
    assert dataset[1].observed.all()
    assert np.isnan(dataset[1].target[0]).all()


def test_evaluation_neither_varies_nor_hides(make_dataset):
    dataset = make_dataset(37, training=False, landmark_dropout=1.0, jitter=1.0)
    pose, observed, target, _ = dataset[0]
    np.testing.assert_array_equal(target, dataset.poses[0])
    np.testing.assert_array_equal(pose, np.nan_to_num(target))
    np.testing.assert_array_equal(observed, ~np.isnan(target[..., 0]))


def test_without_augmentation_a_window_is_the_recording(make_dataset):
    dataset = make_dataset(37, max_frames=10, **PLAIN)
    for window, sample in zip(dataset.windows, dataset, strict=True):
        np.testing.assert_array_equal(sample.target, dataset.poses[0][window.start : window.stop])
        np.testing.assert_array_equal(sample.pose, np.nan_to_num(sample.target))


def test_what_is_hidden_must_be_returned(make_dataset):
    dataset = make_dataset(300, landmark_dropout=0.3, span_dropout=0.3)
    pose, observed, target, _ = dataset[0]
    assert not observed.all()
    assert (pose[~observed] == 0).all()
    assert not np.isnan(target[1:]).any()
    np.testing.assert_array_equal(pose[observed], target[observed])


def test_jitter_is_seen_but_not_scored(make_dataset):
    pose, observed, target, _ = make_dataset(37, **(PLAIN | {"jitter": 0.1}))[0]
    noise = (pose - target)[:, :-1]
    assert np.std(noise) == pytest.approx(0.1, rel=0.2)  # some 300 numbers
    assert observed[1:].all()


def test_every_training_window_has_a_seed_of_its_own(make_dataset):
    dataset, other = (make_dataset(200, 60, max_frames=16, seed=seed) for seed in (0, 1))
    seeds = [dataset[epoch, index].seed for epoch in range(3) for index in range(10)]
    assert len(set(seeds)) == 30 and min(seeds) >= 0
    assert seeds[:10] == [dataset[0, index].seed for index in range(10)]
    assert not set(seeds) & {other[0, index].seed for index in range(10)}


def test_samples_depend_on_seed_epoch_and_index_alone(make_dataset):
    dataset, other = make_dataset(37, 60, max_frames=16), make_dataset(37, 60, max_frames=16)
    other.set_epoch(3)
    same_samples(dataset[2], other[0, 2])
    later = dataset[3, 2]
    assert dataset.epoch == 3
    same_samples(later, other[3, 2])
    assert not np.array_equal(dataset[0, 2].target, make_dataset(37, 60, max_frames=16, seed=1)[2].target)


def test_indices_are_those_of_a_list(make_dataset):
    dataset = make_dataset(37, 60, max_frames=16)
    same_samples(dataset[-1], dataset[len(dataset) - 1])
    with pytest.raises(IndexError):
        dataset[len(dataset)]


def test_warped_lengths_are_known_beforehand(make_dataset):
    dataset = make_dataset(400, 37, max_frames=50, time_warp=0.3)
    assert [len(sample.pose) for sample in dataset] == dataset.lengths.tolist()
    spans = np.array([window.stop - window.start for window in dataset.windows])
    assert (dataset.lengths != spans).any()
    assert dataset.lengths.max() <= 50
    assert (abs(dataset.lengths - spans) <= 0.3 * spans + 0.5).all()


def test_recordings_with_nothing_in_them_give_no_nan(make_sequence, make_dataset):
    walk = make_sequence()
    empty = replace(walk, name="empty", pose=np.full_like(walk.pose, np.nan))
    for training in (True, False):
        dataset = make_dataset(sequences=[walk, empty], training=training)
        for sample in dataset:
            assert np.isfinite(sample.pose).all()


def test_three_coordinates(make_sequence, make_dataset):
    dataset = make_dataset(sequences=[make_sequence(num_coordinates=3)], jitter=0.1)
    assert dataset[0].pose.shape[2] == 3


def test_the_data_set_travels_to_workers_without_the_sources(make_dataset):
    dataset = pickle.loads(pickle.dumps(make_dataset(37)))
    same_samples(dataset[0], make_dataset(37)[0])


def names_of(augmentations):
    return [augment.func.__name__ for augment in augmentations]


@pytest.mark.parametrize(
    "metadata", [{"label": "wave-left-hand"}, {"frame_labels": (FrameLabel(0, 5, "turn right"),)}]
)
def test_windows_are_mirrored_whatever_their_labels(make_sequence, make_dataset, metadata):
    sided = make_sequence("sided", 60, **metadata)
    dataset = make_dataset(sequences=[sided], **(PLAIN | {"mirror_probability": 0.5, "max_frames": 8}))
    left, right = (sided.landmarks.index(f"{side}_HIP") for side in ("LEFT", "RIGHT"))
    across = [sample.target[:, left] - sample.target[:, right] for sample in dataset]
    np.testing.assert_allclose([a[0] for a in across], [[-0.4, 0]] * len(across), atol=1e-5)
    moved = [np.nanmean(sample.target[1:, -1, 0]) for sample in dataset]  # the way of walking turns
    assert min(moved) < 0 < max(moved)


@pytest.mark.parametrize("num_coordinates", [2, 3])
@pytest.mark.parametrize(
    ("heading", "axis"), [(None, 0), (("LEFT_HIP", "NOSE"), 0), (("RIGHT_HIP", "LEFT_HIP"), -1)]
)
def test_mirrored_windows_keep_their_heading(make_sequence, num_coordinates, heading, axis):
    walk = make_sequence(num_coordinates=num_coordinates)
    rng = np.random.default_rng(0)
    pose = walk.pose + rng.normal(size=walk.pose.shape).astype(np.float32)
    walk = replace(walk, pose=pose)
    processor = PoseDataProcessor(DataConfig(heading=heading)).fit([walk])
    augmentations = build_augmentations(DataConfig(**(PLAIN | {"mirror_probability": 1.0})), processor)
    pose = processor.transform(walk).pose
    mirrored = augmentations.both[0](pose, rng)
    np.testing.assert_array_equal(mirrored[:, processor.mirror, axis], -pose[..., axis])
    if heading and axis == -1:
        tail, head = (walk.landmarks.index(name) for name in heading)
        across = mirrored[:, head] - mirrored[:, tail]
        assert (across[:, -1] > 0).all()
        np.testing.assert_allclose(across[:, 0], 0, atol=1e-5)


def test_what_sides_and_bones_are_needed_for_is_off_where_they_are_unknown(
    make_sequence, make_dataset, caplog
):
    points = PoseSequence.from_array(make_sequence().pose)
    with caplog.at_level(logging.INFO, logger="htvae"):
        dataset = make_dataset(sequences=[points])
    assert names_of(dataset.augmentations.both) == ["stretch", "shear", "rotate", "scale"]
    assert caplog.text.count("no left and right landmarks") == 1
    assert caplog.text.count("no bones were found") == 1
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="htvae"):
        make_dataset(sequences=[points], training=False)
    assert not [record for record in caplog.records if record.name == "htvae.data.dataset"]


def test_settings_of_zero_switch_augmentations_off(make_sequence):
    processor = PoseDataProcessor(DataConfig()).fit([make_sequence()])
    assert build_augmentations(DataConfig(**PLAIN), processor) == ([], [])
    both, input_only = build_augmentations(DataConfig(jitter=0.1), processor)
    assert names_of(both) == ["scale_limbs", "mirror", "stretch", "shear", "rotate", "scale"]
    assert names_of(input_only) == ["jitter", "hide_landmarks", "hide_bursts", "hide_spans"]


def test_the_last_epochs_show_recordings_as_they_are(make_sequence):
    sequence = make_sequence("walk", 300)
    config = DataConfig(landmark_dropout=0.5, time_warp=0.5)
    processor = PoseDataProcessor(config).fit([sequence])
    processed = [processor.transform(sequence)]
    grid = ChunkGrid(8, 2, 10)
    dataset = PoseSequenceDataset(processed, processor, config, grid, training=True, plain_from=2)
    for epoch, plain in ((1, False), (2, True), (3, True)):
        dataset.set_epoch(epoch)
        windows = zip(dataset.windows, dataset, strict=True)
        parts = [(w.num_frames == w.stop - w.start, w, sample) for w, sample in windows]
        as_recorded = [
            same and np.array_equal(sample.target, processed[0].pose[w.start : w.stop], equal_nan=True)
            for same, w, sample in parts
        ]
        assert all(as_recorded) is plain
        assert not all(sample.observed.all() for _, _, sample in parts)  # parts stay hidden


def test_an_augmentation_of_ones_own(make_dataset):
    dataset = make_dataset(37, **PLAIN)
    plain = dataset[0].target
    dataset.augmentations.both.append(lambda pose, rng: pose + 1)
    np.testing.assert_array_equal(dataset[0].target, plain + 1)


def test_random_streams_differ_by_purpose_and_place():
    streams = [
        ("tiling", 0, 0, 0),
        ("order", 0, 0, 0),
        ("window", 0, 0, 0),
        ("window", 0, 0, 1),
        ("window", 0, 1, 0),
    ]
    assert len({random_stream(*stream).random() for stream in streams}) == len(streams)
