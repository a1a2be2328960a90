"""Attention of recordings: it is what the fast path computed, and contributions are what re-encoding says."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import htvae
from htvae.analysis.attention.attention import analyse_attention
from htvae.models import attention as softmax_attention
from htvae.models.vae import HierarchicalTransformerVAE

EVERYTHING = 10**9


@pytest.fixture(scope="module")
def model(trained):
    return htvae.load(trained.checkpoint, "cpu")


@pytest.fixture(scope="module")
def processed(model, make_walks):
    """One chunk; a short last chunk; full chunks; several windows (a window has 64 frames, a chunk 8)."""
    return [model.process(walk) for walk in make_walks([5, 33, 50, 150, 203])]


@pytest.fixture(scope="module")
def analysis(model, processed):
    return analyse_attention(model, processed, map_bytes=EVERYTHING)


def hook_fast_path(model, processed, monkeypatch):
    """Encode recordings, and return the weights that each call of attention used: (B, H, N, N)."""
    used = []
    attend = softmax_attention.attend

    def spy(query, key, value, mask):
        result = attend(query, key, value, mask)
        scores = (query @ key.mT / query.shape[-1] ** 0.5).masked_fill(~mask, -torch.inf)
        used.append(scores.softmax(-1))
        torch.testing.assert_close(used[-1] @ value, result)  # these are the weights of the result
        return result

    monkeypatch.setattr(softmax_attention, "attend", spy)
    model.encode_all(processed)
    return used


def test_all_weights_are_those_of_the_fast_path(model, processed, analysis, monkeypatch):
    used = iter(hook_fast_path(model, processed, monkeypatch))
    cuts = [model.grid.cut(len(p.pose)) for p in processed]
    num_layers, checked, padded = model.config.model.num_layers, 0, 0
    for places, batch in model.windowed.batches([p.pose for p in processed], cuts):
        local = torch.stack([next(used) for _ in range(num_layers)])
        overall = torch.stack([next(used) for _ in range(num_layers)])
        first = 0
        for row, (i, number) in enumerate(places):
            maps = analysis.recordings[i].maps[number]
            assert maps.window == cuts[i][number]
            count = maps.window.chunks[1] - maps.window.chunks[0]
            own = local[:, first : first + count].numpy()
            np.testing.assert_allclose(maps.local, own, atol=1e-5, rtol=0)
            assert (own.transpose(1, 4, 0, 2, 3)[~maps.token_mask] == 0).all()
            assert (own.transpose(1, 4, 0, 2, 3)[maps.token_mask] > 0).any((1, 2, 3)).all()
            own = overall[:, row, :, : 1 + count, : 1 + count].numpy()
            np.testing.assert_allclose(maps.overall, own, atol=1e-5, rtol=0)
            first, checked = first + count, checked + 1
            padded += maps.window.num_frames < batch.pose.shape[1]
    assert next(used, None) is None
    assert checked == sum(map(len, cuts)) > len(processed) and padded > 0
    assert not analysis.recordings[1].maps[0].token_mask.all()  # its last chunk is short


def test_each_chunk_left_out_is_the_recording_encoded_without_it(model, processed, analysis):
    """Against a loop over windows and chunks that encodes each window alone."""
    network = model.model
    for recording, p in list(zip(analysis.recordings, processed, strict=True))[:4]:
        cuts = model.grid.cut(len(p.pose))
        for chunk in range(len(recording.left_out)):
            whole, without = [], []
            for window in cuts:
                pose = torch.from_numpy(p.pose[window.start : window.stop].copy())[None]
                frames, observed = torch.tensor([window.num_frames]), pose.isfinite().all(-1)
                number = window.chunks[1] - window.chunks[0]
                kept = torch.ones(1, number, dtype=torch.bool)
                if window.chunks[0] <= chunk < window.chunks[1]:
                    kept[0, chunk - window.chunks[0]] = False
                with torch.no_grad():
                    pose = pose.nan_to_num()
                    whole.append(network.encode(pose, observed, frames).sequence)
                    part = network.encode_parts(pose, observed, frames, kept[None])
                if kept.any():
                    without.append(part)
            if not without:
                assert np.isnan(recording.left_out[chunk])
                continue
            (mu, precision), (changed, _) = join(whole), join(without)
            expected = ((changed - mu).square() * precision).sum().sqrt()
            # float32 latents, whose posterior deviations are far smaller than they
            assert recording.left_out[chunk] == pytest.approx(float(expected), rel=2e-3, abs=2e-3)


def join(posteriors):
    """Return mean and precision of windows' posteriors."""
    precision = torch.stack([(-z.logvar.double()).exp().flatten() for z in posteriors])
    mu = torch.stack([z.mu.double().flatten() for z in posteriors])
    return (precision * mu).sum(0) / precision.sum(0), precision.sum(0)


def test_without_its_last_chunk_a_window_is_a_shorter_recording(model, make_walk):
    """Nothing of the masked chunk reaches z: neither through attention nor through the mean pose."""
    grid = model.grid
    walk = model.process(make_walk(3, grid.num_frames(6))).pose
    pose = torch.from_numpy(walk.copy())[None]
    observed, pose = pose.isfinite().all(-1), pose.nan_to_num()
    parts = torch.arange(6) < torch.tensor([[[6]], [[5]]])
    shorter = grid.num_frames(5)
    with torch.no_grad():
        found = model.model.encode_parts(pose, observed, torch.tensor([len(walk)]), parts)
        for row, length in enumerate((len(walk), shorter)):
            frames = torch.tensor([length])
            alone = model.model.encode(pose[:, :length], observed[:, :length], frames).sequence
            torch.testing.assert_close(found.mu[row], alone.mu)
            torch.testing.assert_close(found.logvar[row], alone.logvar)
    assert not torch.allclose(found.mu[0], found.mu[1])


def test_contributions_by_attention_add_up(analysis):
    for recording in analysis.recordings:
        assert recording.attention.sum() == pytest.approx(1) and recording.rollout.sum() == pytest.approx(1)
        assert (recording.attention > 0).all() and (recording.entropy_share <= 1 + 1e-9).all()
    single = analysis.recordings[2]
    expected = single.maps[0].overall[-1].mean(0)[0, 1:]
    assert single.attention == pytest.approx(expected / expected.sum(), rel=1e-5)


def test_chunks_have_their_source_frames_and_windows(model, analysis, processed):
    for recording, p in zip(analysis.recordings, processed, strict=True):
        encoding = model.encode_all([p])[0]
        assert (recording.chunk_frames == encoding.chunk_frames).all()
        assert (recording.chunk_seconds == encoding.chunk_seconds).all()
        assert recording.num_windows.min() == 1
        assert recording.num_windows.sum() == sum(np.diff(w.window.chunks)[0] for w in recording.windows)
    assert analysis.recordings[4].num_windows.max() == 2


def test_batches_and_other_recordings_change_nothing(model, processed, analysis):
    alone = analyse_attention(model, processed[3:4]).recordings[0]
    together = analysis.recordings[3]
    for name in ("attention", "rollout", "entropy", "distance"):
        np.testing.assert_allclose(getattr(alone, name), getattr(together, name), atol=1e-5)
    np.testing.assert_allclose(alone.left_out, together.left_out, rtol=2e-3, atol=2e-3)
    assert alone.maps == ()


def test_heads_of_both_levels(model, analysis):
    config = model.config.model
    assert len(analysis.heads) == 2 * 2 * config.num_layers * config.num_heads
    counts = {(h.level, h.query): h.num_queries for h in analysis.heads}
    chunks = sum(len(r.attention) for r in analysis.recordings)
    windows = sum(len(r.windows) for r in analysis.recordings)
    assert counts["global", "chunks"] == counts["local", "summary"] == chunks  # each chunk counts once
    assert counts["global", "sequence"] == windows > 5
    for head in analysis.heads:
        assert 0 <= head.entropy_share <= 1 + 1e-6 and 0 < head.self_share < 1
        assert np.isfinite(head.distance) == (head.query in ("tokens", "chunks"))


def test_maps_are_kept_whole_and_in_order_while_they_fit(model, processed, analysis):
    sizes = [sum(m.local.nbytes + m.overall.nbytes for m in r.maps) for r in analysis.recordings]
    kept = analyse_attention(model, processed, map_bytes=sum(sizes[:3]) + 1).recordings
    assert [len(r.maps) > 0 for r in kept] == [True, True, True, False, False]


def test_a_chunk_without_any_point(model, make_walk):
    walk = make_walk(2, 60)
    pose = walk.pose.copy()
    pose[20:36] = np.nan
    recording = model.analyse_attention([htvae.PoseSequence.from_array(pose, walk.landmarks)]).recordings[0]
    assert recording.observed.min() == 0 and recording.chunk_seconds is None
    for values in (recording.attention, recording.left_out, recording.entropy):
        assert np.isfinite(values).all()


def test_a_model_without_chunk_latents(model, processed):
    torch.manual_seed(0)
    config = model.config.replace(chunk_latent_dim=0)
    network = HierarchicalTransformerVAE(config.model, len(model.processor.points)).eval()
    plain = copy.copy(model)
    plain.model, plain.config = network, config
    recording = plain.analyse_attention(processed[2:3]).recordings[0]
    assert np.isfinite(recording.left_out).all()
    assert recording.left_out_beyond_pose == pytest.approx(recording.left_out)  # it has no linear path


def test_ones_own_architecture_without_attention():
    lacking = SimpleNamespace(model=torch.nn.Linear(1, 1))
    with pytest.raises(ValueError, match="compute_attention and encode_parts, but Linear lacks compute_att"):
        analyse_attention(lacking, [])


def test_no_recordings(model):
    with pytest.raises(ValueError, match="at least one recording"):
        model.analyse_attention([])
