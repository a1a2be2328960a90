"""One way to cut and join: one and the same latents, however a recording comes in and whatever its length.

Chunks of 64 frames start every 48, a window holds 11. The model has no prior and was never trained: its
weights are random, so that its latents differ from recording to recording.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch

from htvae.config import Config
from htvae.data.loader import PoseDataLoader
from htvae.data.processing import PoseDataProcessor
from htvae.data.splits import Splits
from htvae.generation.model import GenerativeModel
from htvae.inference.checkpoint import Checkpoint, build_model
from htvae.inference.windows import PoseJoin, fade_windows
from htvae.io.pose_csv import write_pose_csv
from htvae.models.chunking import ChunkGrid, compute_num_chunks
from htvae.models.prior import Latents

LENGTHS = [1, 63, 64, 511, 512, 513, 5_000]
CLOSE = {"rtol": 1e-4, "atol": 1e-5}  # float32; matrix products of other batches differ in their last digits
SIZES = {
    "max_frames": 512,
    "chunk_size": 64,
    "chunk_overlap": 16,
    "embed_dim": 16,
    "num_heads": 2,
    "num_layers": 1,
}


@pytest.fixture(scope="module")
def walks(make_walks):
    """Recordings whose numbers survive a file to the last digit."""
    return [replace(walk, pose=walk.pose.round(3)) for walk in make_walks(LENGTHS)]


@pytest.fixture(scope="module")
def model(walks):
    config = Config().replace(**SIZES, latent_dim=6, chunk_latent_dim=3, device="cpu")
    processor = PoseDataProcessor(config.data).fit(walks)
    torch.manual_seed(0)
    network = build_model(config, processor)
    for weights in network.parameters():
        if weights.dim() > 1:
            torch.nn.init.normal_(weights, std=0.2)
    splits = Splits(train=(), val=(), test=(), hashes={})
    return GenerativeModel(
        Checkpoint(state=network.state_dict(), config=config, processor=processor, splits=splits), "cpu"
    )


def assert_same(encoding, other):
    """Compare all latents of two encodings."""
    for part in ("sequence_latent", "sequence_logvar", "chunk_latents", "chunk_logvars", "window_latents"):
        np.testing.assert_allclose(getattr(encoding, part), getattr(other, part), **CLOSE)
    np.testing.assert_array_equal(encoding.chunk_frames, other.chunk_frames)


@pytest.fixture(scope="module")
def encodings(model, walks):
    return {walk.num_frames: model.encode(walk) for walk in walks}


def test_recordings_differ_by_more_than_the_tolerance(encodings):
    latents = np.stack([encoding.sequence_latent for encoding in encodings.values()])
    assert latents.std(axis=0).max() > 0.02


@pytest.mark.parametrize("num_frames", LENGTHS)
def test_chunks_do_not_depend_on_the_windows(encodings, num_frames):
    chunks = compute_num_chunks(num_frames, 64, 16)
    encoding = encodings[num_frames]
    assert len(encoding.chunk_latents) == len(encoding.chunk_frames) == chunks
    assert (encoding.chunk_frames[:, 0] == 48 * np.arange(chunks)).all()
    assert encoding.chunk_frames[-1, 1] == num_frames


@pytest.mark.parametrize("index", range(len(LENGTHS)))
def test_a_file_and_an_array_have_the_same_latents(model, walks, encodings, tmp_path, index):
    walk = walks[index]
    write_pose_csv(tmp_path / "walk.csv", walk)
    array = walk.pose[:, [walk.landmarks.index(name) for name in model.processor.landmarks]]
    assert_same(model.encode(tmp_path / "walk.csv"), encodings[walk.num_frames])
    assert_same(model.encode(array), encodings[walk.num_frames])


def test_a_batch_evaluation_and_the_generation_side_have_the_same_latents(model, walks, encodings):
    processed = [model.process(walk) for walk in walks]
    together, scored = model.encode_all(processed), model.reconstruct_all(processed)
    for p, own, reconstruction in zip(processed, together, scored, strict=True):
        expected = encodings[len(p.pose)]
        assert_same(own, expected)
        assert_same(reconstruction.encoding, expected)
        sequence, chunks = model.encode_sequence(p.pose)
        for found, known in ((sequence, "sequence_latent"), (chunks, "chunk_latents")):
            np.testing.assert_allclose(found.mu[0], getattr(expected, known), **CLOSE)
        np.testing.assert_allclose(sequence.logvar[0], expected.sequence_logvar, **CLOSE)
        np.testing.assert_allclose(chunks.logvar[0], expected.chunk_logvars, **CLOSE)


def test_the_beginning_of_a_long_recording_has_the_latents_of_its_first_window(model, walks, encodings):
    """The first 11 chunks end with frame 544, those that the first window keeps with chunk 10."""
    long = model.process(walks[-1]).pose
    _, chunks = model.encode_sequence(long[:544])
    np.testing.assert_allclose(chunks.mu[0, :10], encodings[5_000].chunk_latents[:10], **CLOSE)


def test_validation_scores_the_windows_that_are_encoded(model, walks):
    config = model.config.replace(val_fraction=0.5)
    data = PoseDataLoader(config, walks, processor=model.processor)
    dataset = data.dataset("val")
    for index, processed in enumerate(data.processed("val")):
        own = [window for window in dataset.windows if window.sequence_index == index]
        cut = [output.window for output in model.windowed.encode([processed.pose])[0]]
        assert [(w.start, w.stop, w.keep_start, w.keep_stop) for w in own] == [w[:4] for w in cut]


@pytest.mark.parametrize("num_frames", [1, 64, 544, 1_300])
def test_a_decoded_recording_keeps_its_length(model, num_frames):
    generator = torch.Generator().manual_seed(0)
    chunks = torch.randn(2, compute_num_chunks(num_frames, 64, 16), 3, generator=generator)
    latents = Latents(torch.randn(2, 6, generator=generator), chunks)
    poses = model.decode_all(latents, num_frames)
    assert poses.shape[:2] == (2, num_frames) and np.isfinite(poses).all()
    alone = model.decode_all(Latents(latents.sequence[1:], chunks[1:]), num_frames)
    np.testing.assert_allclose(poses[1:], alone, **CLOSE)


def test_latents_of_another_length_are_refused(model):
    with pytest.raises(ValueError, match="64 frames must have 1 chunk latents, but got 2"):
        model.decode_all(Latents(torch.zeros(1, 6), torch.zeros(1, 2, 3)), 64)


@pytest.mark.parametrize(
    "grid", [ChunkGrid(8, 2, 1), ChunkGrid(8, 2, 4), ChunkGrid(8, 0, 1), ChunkGrid(8, 7, 5)]
)
@pytest.mark.parametrize("num_frames", [1, 8, 9, 60, 77, 200])
def test_windows_that_agree_are_joined_to_what_they_agree_on(grid, num_frames):
    pose = np.random.default_rng(0).normal(size=(num_frames, 3, 2)).astype(np.float32)
    windows = grid.cut(num_frames)
    join = PoseJoin(windows)
    for number in reversed(range(len(windows))):
        part = pose[windows[number].start : windows[number].stop]
        join.add(number, np.pad(part, ((0, 5), (0, 0), (0, 0)), constant_values=9))  # padding of a batch
    np.testing.assert_allclose(join.pose, pose, atol=1e-6)


def test_fades_are_even_and_lie_in_the_middle_of_what_is_shared():
    """Two windows of 26 frames share 8, from 18 to 26: the first fades out from 20 to 24."""
    first, second = fade_windows(ChunkGrid(8, 2, 4).cut(44))
    np.testing.assert_allclose(first[:20], 1)
    np.testing.assert_allclose(first[20:24], [0.875, 0.625, 0.375, 0.125])
    np.testing.assert_allclose(first[24:], 0)
    np.testing.assert_allclose(second[: 26 - 18], 1 - first[18:])
