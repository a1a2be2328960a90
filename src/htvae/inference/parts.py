"""The parts of a Parquet data set of latents.

Unusual here: parts are not joined, so that no process ever holds more than one. A part is the latents of
consecutive shards, as two files:

- ``sequences/part-00003.parquet``: a row per recording,
- ``chunks/part-00003.parquet``: a row per chunk; written last, it marks the part as there.

There is no lock. A part appears whole, by renaming, and has the same rows whoever writes it. During the work
the output folder also holds ``shards/origin.json`` and ``shards/part-00003.claim`` with the number of the
process that is at work on the part. At the end it holds ``latents.json``: the origin, which marks the data
set as complete.
"""

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from htvae.inference.parquet_tables import DIGEST_KEY, Schemas
from htvae.inference.shards import Origin, OriginFolder, done_path
from htvae.utils.files import atomic_write, remove_leftovers

if TYPE_CHECKING:
    import pyarrow as pa

MOST_PARTS = 10_000
"""Most parts of a corpus: file systems and readers slow down with more files."""
TABLES = ("sequences", "chunks")
"""Folders of the two tables, in the order of writing."""


def cut_parts(num_shards: int) -> list[range]:
    """Return the shards of each part: one, or as many as `MOST_PARTS` makes necessary."""
    size = max(1, -(-num_shards // MOST_PARTS))
    edges = [*range(0, num_shards, size), num_shards]
    return [range(start, stop) for start, stop in pairwise(edges)]


class PartFolder(OriginFolder):
    """The parts of one data set.

    Args:
        output_dir: folder of the result.
        origin: recordings, model and settings of the encoding.
        num_parts: number of parts.
        schemas: schemas of both tables.
        rank: number of this process among those that share the work; None: the only one.
    """

    def __init__(
        self, output_dir: Path, origin: Origin, num_parts: int, schemas: Schemas, rank: int | None = None
    ) -> None:
        super().__init__(output_dir, origin, [output_dir / name for name in TABLES])
        self.num_parts = num_parts
        self.schemas = schemas
        self.rank = rank
        self._there: set[int] = set()

    def missing(self) -> list[int]:
        """Return the indices of the parts that are not there."""
        return [index for index in range(self.num_parts) if not self._is_there(index)]

    def is_finished(self) -> bool:
        """Return whether the data set is marked as complete, and is."""
        return done_path(self.output_dir).exists() and not self.missing()

    def claim(self, index: int) -> bool:
        """Return whether this process should make a part: it is not there, and no other is at work on it."""
        if self._is_there(index):
            return False
        if self.rank is None:
            return True
        path = self._claim_path(index)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(str(self.rank))
        except FileExistsError:
            return self.claimant(index) == self.rank  # an earlier process of this number was killed
        return not self._is_there(index)  # another process may just have written it

    def claimant(self, index: int) -> int | None:
        """Return the number of the process that is at work on a part, None where there is none."""
        try:
            text = self._claim_path(index).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        return int(text) if text.isdecimal() else None

    def release(self, index: int) -> None:
        """Remove the claim on a part."""
        self._claim_path(index).unlink(missing_ok=True)

    def write(self, index: int, sequences: "pa.Table", chunks: "pa.Table") -> None:
        """Write both tables of a part, and remove the claim on it."""
        import pyarrow.parquet as pq

        for path, table in zip(self._paths(index), (sequences, chunks), strict=True):
            texts = [f.name for f in table.schema if str(f.type) == "string"]
            try:
                with atomic_write(path) as temporary:
                    pq.write_table(table, temporary, compression="zstd", use_dictionary=texts)
            except FileNotFoundError:
                if not self.is_finished():  # if it is, another process has cleaned up behind this one
                    raise
        self.release(index)

    def complete(self) -> None:
        """Check all parts, mark the data set as complete, and remove what the work left.

        Raises:
            ValueError: a part that is damaged, or of another origin.
        """
        for index in range(self.num_parts):
            for path, schema in zip(
                self._paths(index), (self.schemas.sequences, self.schemas.chunks), strict=True
            ):
                self._check_part(path, schema)
        self.write_done()
        self.remove_traces()

    def remove_traces(self) -> None:
        """Remove claims and the leftovers of killed processes, but no other files."""
        for folder in self.results:
            remove_leftovers(folder)
        for path in self.shards.glob("part-*.claim"):
            path.unlink(missing_ok=True)
        super().remove_traces()

    def _check_part(self, path: Path, schema: "pa.Schema") -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            found = pq.read_schema(path)
        except (pa.ArrowException, OSError) as error:
            raise ValueError(
                f"{path}: must be a complete part, but is damaged ({error}). "
                "Remove it and run the same command again."
            ) from error
        if not found.equals(schema) or (found.metadata or {}).get(DIGEST_KEY) != self.origin.digest.encode():
            raise ValueError(
                f"{path}: must belong to the same model, recordings and settings as the other parts, but "
                "belongs to others. Remove it and run the same command again."
            )

    def _is_there(self, index: int) -> bool:
        """Return whether a part is there; one that was seen is not looked for again."""
        if index not in self._there and all(path.exists() for path in self._paths(index)):
            self._there.add(index)
        return index in self._there

    def _paths(self, index: int) -> list[Path]:
        return [folder / f"part-{index:05d}.parquet" for folder in self.results]

    def _claim_path(self, index: int) -> Path:
        return self.shards / f"part-{index:05d}.claim"
