"""Encoding a corpus, in one process or in several that torchrun starts.

- The corpus is cut into shards, which depend on the recordings alone.
- The last bits of a recording's latents depend on the other recordings in the batch, and on the number of
  threads that share a matrix product. So no batch holds recordings of two shards, and a single thread encodes
  a shard; several threads encode several shards in parallel.
- The result is the same for any number of threads and processes, and after any number of interruptions.
"""

import hashlib
import logging
import os
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from htvae import __version__
from htvae.inference.checkpoint import BuildModel, load_checkpoint
from htvae.inference.latent_files import collect_latents
from htvae.inference.model import TrainedModel
from htvae.inference.model_folder import hash_model
from htvae.inference.shards import SHARD_FRAMES, Origin, ShardFolder, begun_path, cut_shards, done_path
from htvae.io.cache import StoredRecordings
from htvae.io.inputs import read_inputs
from htvae.poses.sequence import PoseSequence
from htvae.utils.processes import PATIENCE, SignsOfLife, interrupt_on_terminate
from htvae.utils.world import World

logger = logging.getLogger(__name__)

LINE_INTERVAL = 10.0
"""Time (s) between two log lines about progress."""


@dataclass(frozen=True, kw_only=True)
class CorpusRequest:
    """Recordings to encode, the model, and the folder of the result."""

    checkpoint: Path
    """The trained model."""
    inputs: Sequence[Path]
    """Files and folders of recordings."""
    output_dir: Path
    """Folder of the result."""
    cache_dir: Path
    """Folder of the cache of parsed recordings."""
    device: str = "auto"
    build_model: BuildModel | None = None
    """Function that builds the user's own architecture, None for the built-in one."""
    build_model_file: Path | None = None
    """File that defines ``build_model``."""
    reading: Mapping[str, Any] = field(default_factory=dict)
    """Settings on reading that differ from training's, by name."""
    command: str = "htvae encode"
    """Command line of this request, for messages."""


def encode_corpus(request: CorpusRequest) -> list[Path]:
    """Save the latents of recordings; continue what an earlier call left unfinished.

    Returns:
        The files of the result.

    Raises:
        FileNotFoundError: no such checkpoint or recordings.
        ValueError: faulty files; an output folder with other results; shards that are missing because
            another process has ended.
    """
    world, shards = World.from_environment(), begun_path(request.output_dir).parent
    with interrupt_on_terminate(), SignsOfLife(shards, world) as signs:
        _wait_for_the_first(request.output_dir, signs)
        job = _open_job(request, world)
        try:
            return job.run(signs, request.command)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"Interrupted. Complete shards are kept in {shards}; continue with: {request.command}"
            ) from None


@dataclass(frozen=True, eq=False)
class _Job:
    """One process's part of the work."""

    model: TrainedModel
    recordings: StoredRecordings
    splits: dict[str, str]
    """Split of each recording by name."""
    cuts: list[slice]
    """Range of the recordings in each shard."""
    folder: ShardFolder
    world: World

    def run(self, signs: SignsOfLife, command: str) -> list[Path]:
        """Encode this process's shards; join all shards once none is missing."""
        self.folder.check()
        if self.folder.is_finished():
            logger.info("Nothing to do: %s holds the latents of these recordings.", self.folder.output_dir)
        else:
            self._encode_own()
            self._join(signs, command)
        self.folder.remove_shards()
        return self.folder.results

    def _encode_own(self) -> None:
        self.folder.begin()
        missing = self.folder.missing()
        own = [index for index in missing if self._owner(index) == self.world.rank]
        if len(missing) < len(self.cuts):
            logger.info("%d of %d shards are there already.", len(self.cuts) - len(missing), len(self.cuts))
        with _single_threads(self.model.device) as pool:
            for _ in _show(pool.map(self._encode, own), len(own), self.world):
                pass

    def _encode(self, index: int) -> None:
        if self.folder.is_finished():  # other processes have finished the work
            return
        sequences = self.recordings.sequences[self.cuts[index]]
        encodings = self.model.encode_all([self.model.process(s) for s in sequences])
        self.folder.write(index, collect_latents(encodings, self.splits))

    def _join(self, signs: SignsOfLife, command: str) -> None:
        """Wait for the processes whose shards are missing, then join all shards."""
        if self._awaited():
            logger.info("The shards of %s are done; waiting for the shards of other processes.", self.world)
            signs.wait_for(self._awaited)
        if self.folder.is_finished():
            return
        missing = self.folder.missing()
        if missing:
            shown = ", ".join(map(str, missing[:10])) + (", ..." if len(missing) > 10 else "")
            owners = ", ".join(str(index + 1) for index in sorted(self._owners(missing)))
            raise ValueError(
                f"{self.folder.shards}: all {len(self.cuts)} shards must be there, but {len(missing)} are "
                f"missing ({shown}): the shards of process {owners} of {self.world.size}, which has shown no "
                f"sign of life for {PATIENCE:g} s. Run the same command again, or in one process: {command}"
            )
        self.folder.join()

    def _awaited(self) -> Collection[int]:
        """Return the other processes with missing shards; if none is missing, the process that joins them."""
        if self.folder.is_finished():
            return ()
        return self._owners(self.folder.missing() or self.folder.newest()) - {self.world.rank}

    def _owners(self, shards: Collection[int]) -> set[int]:
        return {self._owner(index) for index in shards}

    def _owner(self, shard: int) -> int:
        return shard % self.world.size


def _wait_for_the_first(output_dir: Path, signs: SignsOfLife) -> None:
    """Let the first process read the recordings, so that the others find them in the cache."""

    def needed() -> Collection[int]:
        known = signs.world.rank == 0 or begun_path(output_dir).exists() or done_path(output_dir).exists()
        return () if known else (0,)

    signs.wait_for(needed)


def _open_job(request: CorpusRequest, world: World) -> _Job:
    """Read model and recordings, and raise all errors before anything is computed."""
    _take_own_gpu()
    model = TrainedModel(load_checkpoint(request.checkpoint), request.device, request.build_model)
    model.config = model.config.replace(**request.reading)
    recordings = read_inputs(request.inputs, model.config.data, request.cache_dir)
    for sequence in recordings.sequences:
        model.check(sequence)
    cuts = cut_shards([sequence.num_frames for sequence in recordings.sequences])
    settings = {
        "htvae": __version__,
        "torch": str(torch.__version__),
        "device": model.device,
        "batch_frames": model.batch_frames,
        "shard_frames": SHARD_FRAMES,
        "build_model": "" if request.build_model_file is None else _hash_file(request.build_model_file),
    }
    hashes = recordings.content_hashes
    origin = Origin(
        checkpoint=hash_model(request.checkpoint),
        settings=settings,
        recordings=[[s.name, _hash_recording(s, hashes[s.name])] for s in recordings.sequences],
    )
    return _Job(
        model,
        recordings,
        model.splits.of_all(hashes),
        cuts,
        ShardFolder(request.output_dir, origin, len(cuts)),
        world,
    )


@contextmanager
def _single_threads(device: str) -> Iterator[ThreadPoolExecutor]:
    """Yield a pool of as many threads as torch uses on a CPU, each computing alone; one for a GPU."""
    count = torch.get_num_threads()

    def start() -> None:
        torch.set_num_threads(1)
        _take_own_gpu()  # the current GPU is set per thread

    pool = ThreadPoolExecutor(count if device == "cpu" else 1, initializer=start)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(count)


def _take_own_gpu() -> None:
    """Give each process of a machine its own GPU; processes share GPUs if there are too few."""
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)) % torch.cuda.device_count())


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _hash_recording(sequence: PoseSequence, content_hash: str) -> str:
    """Return a hash of everything that latents and tables take from a recording, except its name."""
    known = (sequence.first_frame, sequence.fps, sequence.label, sequence.subject)
    text = repr((content_hash, known, list(sequence.covariates.items())))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _show(results: Iterable[None], total: int, world: World) -> Iterator[None]:
    """Yield the results; show a bar on the first process's terminal, or log a line now and then elsewhere."""
    on_terminal = os.isatty(2)
    last_line = time.monotonic()
    bar = tqdm(results, "Encoding", total, unit="shard", disable=not on_terminal or world.rank > 0)
    for count, result in enumerate(bar, 1):
        if not on_terminal and time.monotonic() - last_line > LINE_INTERVAL:
            of = f" ({world})" if world.size > 1 else ""
            logger.info("Encoded %d of %d shards%s.", count, total, of)
            last_line = time.monotonic()
        yield result
