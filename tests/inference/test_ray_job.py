"""A corpus encoded by workers of Ray: the rows of one process, though a worker is killed."""

import importlib.util
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from htvae.inference import ray_job
from htvae.inference.corpus import CorpusRequest, encode_corpus
from htvae.inference.ray_job import encode_with_ray
from htvae.io.writers.folders import write_sessions
from htvae.io.writers.registry import find_writer
from tests.inference.test_parts import assert_same


def make_request(trained, root, output, **changes):
    known = {"checkpoint": trained.checkpoint, "device": "cpu", "cache_dir": root / "cache"}
    known |= {"inputs": (root / "poses",), "output_dir": root / output, "format": "parquet"}
    return CorpusRequest(**(known | changes))


def test_without_ray_the_message_names_the_extra(trained, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "ray" else name)
    with pytest.raises(ValueError, match=r'--ray_workers needs Ray.*pip install "ht-vae\[ray\]"'):
        encode_with_ray(make_request(trained, tmp_path, "latents"), 2)


def test_without_pyarrow_too(trained, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "pyarrow" else name)
    with pytest.raises(ValueError, match="needs pyarrow"):
        encode_with_ray(make_request(trained, tmp_path, "latents"), 2)


@pytest.mark.parametrize(
    ("workers", "gpus", "share"),
    [(4, 1.0, 0.25), (3, 2.0, 0.5), (3, 1.0, 0.3333), (2, 8.0, 1.0), (2, 0, None)],
)
def test_workers_share_the_gpus(workers, gpus, share):
    """Each GPU must hold as many workers as are left for it: three of 0.6 would not fit onto two."""
    assert ray_job.share_gpus(workers, gpus) == share


def test_workers_must_be_able_to_build_the_model(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(ray_job, "_check_extra", lambda: None)
    request = make_request(trained, tmp_path, "latents", build_model=lambda config, **sizes: None)
    with pytest.raises(ValueError, match="build_model_file must be given with build_model"):
        encode_with_ray(request, 2)


def test_a_worker_with_other_recordings_says_so(trained, tmp_path):
    pytest.importorskip("pyarrow")
    request = make_request(trained, tmp_path, "latents", inputs=(trained.folder,))
    with pytest.raises(ValueError, match="A worker of Ray must find the model, recordings and versions"):
        ray_job.PartEncoder(request, "another")


def find_workers(mark):
    """Return the actors of the job whose environment holds a mark."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            named = (folder / "cmdline").read_bytes().startswith(b"ray::MapWorker(MapBatches(PartEncoder")
            if named and mark.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:  # it has just ended
            continue
    return found


@pytest.mark.soak
@pytest.mark.filterwarnings("default")  # Ray's own
def test_a_killed_worker_loses_nothing(trained, tmp_path, make_walks, monkeypatch):
    if importlib.util.find_spec("ray") is None:
        pytest.skip("Ray is not installed")
    walks = make_walks([30_000] * 8)
    write_sessions(tmp_path / "poses", walks, find_writer("movement"))
    encode_corpus(make_request(trained, tmp_path, "single"))
    mark = f"HTVAE_TEST_MARK={os.getpid()}-{time.monotonic_ns()}"
    monkeypatch.setenv(*mark.split("="))
    killed = []

    def kill_one_after_the_first_part():
        while not list((tmp_path / "shared" / "chunks").glob("part-*.parquet")):
            time.sleep(0.02)
        killed.extend(find_workers(mark)[:1])
        for pid in killed:
            os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_one_after_the_first_part, daemon=True)
    killer.start()
    encode_with_ray(make_request(trained, tmp_path, "shared"), 2)
    killer.join(timeout=5)
    assert len(killed) == 1
    assert_same(tmp_path / "shared", tmp_path / "single", 8)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "shared").rglob("*.parquet")}
    encode_with_ray(make_request(trained, tmp_path, "shared"), 2)  # nothing to do: Ray is not even started
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(before) == 2 * 8
