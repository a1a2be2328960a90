"""One process's part of the work on a Parquet data set.

- Each process begins with the parts of its own number, then goes on with any part that nobody has begun. So
  tasks of a cluster may start at any time, in any order, or never.
- A part that a dead process had begun is begun again by another.
- A process waits for others only while they are at work on the last parts. It ends when all are there.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from htvae.inference.encoding_pool import show_progress, single_threads
from htvae.inference.opening import Corpus
from htvae.inference.parquet_tables import Schemas, build_schemas, chunk_table, sequence_table
from htvae.inference.parts import PartFolder, cut_parts
from htvae.utils.processes import SignsOfLife
from htvae.utils.world import World

if TYPE_CHECKING:
    import pyarrow as pa

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class PartJob:
    """One process's part of the work."""

    corpus: Corpus
    parts: list[range]
    """Shards of each part."""
    folder: PartFolder
    world: World

    @classmethod
    def of(cls, corpus: Corpus, output_dir: Path, world: World) -> "PartJob":
        """Plan the work."""
        model = corpus.model.config.model
        named = dict.fromkeys(name for s in corpus.recordings.sequences for name in s.covariates)
        schemas = build_schemas(model.latent_dim, model.chunk_latent_dim, list(named), corpus.origin.digest)
        parts = cut_parts(len(corpus.cuts))
        rank = world.rank if world.size > 1 else None
        return cls(corpus, parts, PartFolder(output_dir, corpus.origin, len(parts), schemas, rank), world)

    def run(self, signs: SignsOfLife) -> list[Path]:
        """Encode parts until none is missing; return the folders of the two tables."""
        if not self.begin():
            return self.folder.results
        missing = self.folder.missing()
        with single_threads(self.corpus.model.device) as pool:
            while missing:
                order = order_parts(missing, self.world)
                for _ in show_progress(pool.map(self.encode, order), len(order), self.world, "part"):
                    pass
                missing = self._wait_for_others(signs)
        self.folder.complete()
        return self.folder.results

    def begin(self) -> bool:
        """Prepare the output folder; return whether there is anything to do.

        Raises:
            ValueError: the folder holds other results.
        """
        self.folder.check()
        if self.folder.is_finished():
            logger.info("Nothing to do: %s holds the latents of these recordings.", self.folder.output_dir)
            self.folder.remove_traces()
            return False
        self.folder.begin()
        there = len(self.parts) - len(self.folder.missing())
        if there:
            logger.info("%d of %d parts are there already.", there, len(self.parts))
        return True

    def encode(self, index: int) -> None:
        """Make a part, unless it is there or another process is at work on it."""
        if self.folder.claim(index):
            self.folder.write(index, *self._tables(self.parts[index]))

    def _tables(self, shards: Sequence[int]) -> tuple["pa.Table", "pa.Table"]:
        import pyarrow as pa

        schemas: Schemas = self.folder.schemas
        sequences, chunks = [], []
        for shard in shards:
            sources, encodings = self.corpus.sequences(shard), self.corpus.encode(shard)
            sequences.append(sequence_table(encodings, sources, self.corpus.splits, schemas.sequences))
            chunks.append(chunk_table(encodings, schemas.chunks))
        return pa.concat_tables(sequences), pa.concat_tables(chunks)

    def _wait_for_others(self, signs: SignsOfLife) -> list[int]:
        """Wait while others are at work on the missing parts; return the parts that they left behind."""

        def at_work() -> Collection[int]:
            owners = {self.folder.claimant(index) for index in self.folder.missing()}
            return {owner for owner in owners if owner is not None} - {self.world.rank}

        if at_work():
            logger.info("Other processes are at work on the last parts; waiting for them.")
            signs.wait_for(at_work)
        missing = self.folder.missing()
        for index in missing:
            self.folder.release(index)
        return missing


def order_parts(missing: Sequence[int], world: World) -> list[int]:
    """Return the missing parts: this process's own first, then those after them, in a circle."""
    own = [index for index in missing if index % world.size == world.rank]
    others = [index for index in missing if index % world.size != world.rank]
    start = len(others) * world.rank // world.size
    return [*own, *others[start:], *others[:start]]
