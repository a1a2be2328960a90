"""Encoding a corpus, in one process or in several that torchrun or a cluster starts.

- The corpus is cut into shards, which depend on the recordings alone.
- The last bits of a recording's latents depend on the other recordings in the batch, and on the number of
  threads that share a matrix product. So no batch holds recordings of two shards, and a single thread encodes
  a shard; several threads encode several shards in parallel.
- The result is the same for any number of threads and processes, and after any number of interruptions.
- Shards are joined at the end, or stay apart as a Parquet data set, see `htvae.inference.part_job`.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from htvae.inference.encoding_pool import show_progress, single_threads
from htvae.inference.latent_files import collect_latents
from htvae.inference.opening import Corpus, CorpusRequest, open_corpus
from htvae.inference.parquet_tables import check_extra
from htvae.inference.part_job import PartJob
from htvae.inference.shards import ShardFolder, begun_path, done_path
from htvae.utils.processes import PATIENCE, SignsOfLife, interrupt_on_terminate
from htvae.utils.world import World

__all__ = ["CorpusRequest", "encode_corpus"]

logger = logging.getLogger(__name__)


def encode_corpus(request: CorpusRequest) -> list[Path]:
    """Save the latents of recordings; continue what an earlier call left unfinished.

    Returns:
        The files of the result.

    Raises:
        FileNotFoundError: no such checkpoint or recordings.
        ValueError: faulty files; an output folder with other results; shards that are missing because
            another process has ended.
    """
    parquet = request.format == "parquet"
    world = World.from_job() if parquet else World.from_environment()
    if parquet:
        check_extra()
    shards = begun_path(request.output_dir).parent
    kept = f"parts are kept in {request.output_dir}" if parquet else f"shards are kept in {shards}"
    with interrupt_on_terminate(), SignsOfLife(shards, world) as signs:
        _wait_for_the_first(request.output_dir, signs)
        corpus = open_corpus(request)
        try:
            if parquet:
                return PartJob.of(corpus, request.output_dir, world).run(signs)
            folder = ShardFolder(request.output_dir, corpus.origin, len(corpus.cuts))
            return _Job(corpus, folder, world).run(signs, request.command)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"Interrupted. Complete {kept}; continue with: {request.command}"
            ) from None


@dataclass(frozen=True, eq=False)
class _Job:
    """One process's part of the work."""

    corpus: Corpus
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
        if len(missing) < len(self.corpus.cuts):
            logger.info(
                "%d of %d shards are there already.",
                len(self.corpus.cuts) - len(missing),
                len(self.corpus.cuts),
            )
        with single_threads(self.corpus.model.device) as pool:
            for _ in show_progress(pool.map(self._encode, own), len(own), self.world):
                pass

    def _encode(self, index: int) -> None:
        if self.folder.is_finished():  # other processes have finished the work
            return
        self.folder.write(index, collect_latents(self.corpus.encode(index), self.corpus.splits))

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
                f"{self.folder.shards}: all {len(self.corpus.cuts)} shards must be there, but "
                f"{len(missing)} are missing ({shown}): the shards of process {owners} of "
                f"{self.world.size}, which has shown no sign of life for {PATIENCE:g} s. Run the same "
                f"command again, or in one process: {command}"
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
