"""Encoding a corpus, in one process or in several that torchrun starts.

The corpus is cut into shards, which depend on the recordings alone. What stands beside a recording in a batch
changes the last bits of its latents, and so does the number of threads that share a matrix product. So no
batch holds recordings of two shards, and each shard is encoded by one thread, several of them side by side.
The result is the same however many threads and processes take part, and however often they are stopped.
"""

import hashlib
import logging
import os
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from tqdm import tqdm

from htvae import __version__
from htvae.inference.checkpoint import BuildModel, load_checkpoint
from htvae.inference.latent_files import collect_latents
from htvae.inference.model import TrainedModel
from htvae.inference.shards import SHARD_FRAMES, Origin, ShardFolder, begun_path, cut_shards, done_path
from htvae.io.cache import StoredRecordings
from htvae.io.inputs import read_inputs
from htvae.poses.sequence import PoseSequence
from htvae.utils.processes import PATIENCE, SignsOfLife, interrupt_on_terminate
from htvae.utils.world import World

logger = logging.getLogger(__name__)

LINE_INTERVAL = 10.0  # seconds between plain lines


@dataclass(frozen=True, kw_only=True)
class CorpusRequest:
    """What is encoded, with what, and where the result goes."""

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
    """Makes the user's own architecture, where the model was trained with one."""
    build_model_file: Path | None = None
    """File that defines it."""
    command: str = "htvae encode"
    """Command line that this request stands for, for messages."""


def encode_corpus(request: CorpusRequest) -> list[Path]:
    """Save the latents of recordings, going on with what an earlier call has left undone.

    Returns:
        The files of the result.

    Raises:
        FileNotFoundError: no such checkpoint or recordings.
        ValueError: faulty files; an output folder that holds something else; shards that are missing because
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
                f"Interrupted. Shards that are complete are kept in {shards}; go on with: {request.command}"
            ) from None


@dataclass(frozen=True, eq=False)
class _Job:
    """One process's part of the work."""

    model: TrainedModel
    recordings: StoredRecordings
    splits: dict[str, str]
    """Split of each recording by name."""
    cuts: list[slice]
    """Recordings of each shard."""
    folder: ShardFolder
    world: World

    def run(self, signs: SignsOfLife, command: str) -> list[Path]:
        """Encode the shards that are this process's, and join all if no other is missing."""
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
        if self.folder.is_finished():  # by others, which had begun earlier
            return
        sequences = self.recordings.sequences[self.cuts[index]]
        encodings = self.model.encode_all([self.model.process(s) for s in sequences])
        self.folder.write(index, collect_latents(encodings, self.splits))

    def _join(self, signs: SignsOfLife, command: str) -> None:
        """Join the shards, where they are all there; else wait for whom they are missing of."""
        if self._awaited():
            logger.info("The shards of %s are done; those of others are not yet.", self.world)
            signs.wait_for(self._awaited)
        if self.folder.is_finished():
            return
        missing = self.folder.missing()
        if missing:
            shown = ", ".join(map(str, missing[:10])) + (", ..." if len(missing) > 10 else "")
            owners = ", ".join(str(index + 1) for index in sorted(self._owners(missing)))
            raise ValueError(
                f"{self.folder.shards}: all {len(self.cuts)} shards must be there, but {len(missing)} are "
                f"missing ({shown}): those of process {owners} of {self.world.size}, which has shown no sign "
                f"of life for {PATIENCE:g} s. Give the same command again, or in one process: {command}"
            )
        self.folder.join()

    def _awaited(self) -> Collection[int]:
        """Return the other processes whose shards are missing; if none is, the one that is to join them."""
        if self.folder.is_finished():
            return ()
        return self._owners(self.folder.missing() or self.folder.newest()) - {self.world.rank}

    def _owners(self, shards: Collection[int]) -> set[int]:
        return {self._owner(index) for index in shards}

    def _owner(self, shard: int) -> int:
        return shard % self.world.size


def _wait_for_the_first(output_dir: Path, signs: SignsOfLife) -> None:
    """Let the first process read the recordings; the others then find them in the cache."""

    def needed() -> Collection[int]:
        known = signs.world.rank == 0 or begun_path(output_dir).exists() or done_path(output_dir).exists()
        return () if known else (0,)

    signs.wait_for(needed)


def _open_job(request: CorpusRequest, world: World) -> _Job:
    """Read model and recordings, and find what cannot work before anything is computed."""
    _take_own_gpu()
    model = TrainedModel(load_checkpoint(request.checkpoint), request.device, request.build_model)
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
        checkpoint=_hash_file(request.checkpoint),
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
    """Yield as many threads as torch would use on a CPU, each of which computes alone; one for a GPU."""
    count = torch.get_num_threads()

    def start() -> None:
        torch.set_num_threads(1)
        _take_own_gpu()  # threads choose a device each for itself

    pool = ThreadPoolExecutor(count if device == "cpu" else 1, initializer=start)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(count)


def _take_own_gpu() -> None:
    """Let each process of a machine use a GPU of its own, as far as there are any."""
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)) % torch.cuda.device_count())


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _hash_recording(sequence: PoseSequence, content_hash: str) -> str:
    """Return a hash of all that the latents and their tables take from a recording, but its name."""
    known = (sequence.first_frame, sequence.fps, sequence.label, sequence.subject)
    text = repr((content_hash, known, list(sequence.covariates.items())))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _show(results: Iterable[None], total: int, world: World) -> Iterator[None]:
    """Pass results on, with a bar on a terminal (of the first process) or, elsewhere, a line now and then."""
    on_terminal = os.isatty(2)
    last_line = time.monotonic()
    bar = tqdm(results, "Encoding", total, unit="shard", disable=not on_terminal or world.rank > 0)
    for count, result in enumerate(bar, 1):
        if not on_terminal and time.monotonic() - last_line > LINE_INTERVAL:
            of = f" ({world})" if world.size > 1 else ""
            logger.info("Encoded %d of %d shards%s.", count, total, of)
            last_line = time.monotonic()
        yield result
