"""Shards of a corpus: the latents of each shard are kept in a separate file until all shards are there.

Unusual here: there is no lock. A process may be killed at any time, and two processes may do the same work;
the result is the same, because

- the names of the files follow from the recordings, the model and the settings (`Origin`),
- every file appears whole, by renaming,
- joining the shards gives the same files, whichever process does it and however often.

During the work the output folder holds ``shards/origin.json`` and ``shards/<number>-<digest>.npz``. At the
end it holds the files of `write_latents` and, written last, ``latents.json``: the origin, which marks the
result as complete.
"""

import contextlib
import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from htvae.inference.latent_files import FILES, LatentArrays, write_arrays, write_latents
from htvae.utils.files import atomic_write
from htvae.utils.text import printable

FORMAT = 1
"""Version of this layout. Unfinished work of another version is not continued."""
SHARD_FRAMES = 32_768
"""Frames of a shard: few enough that losing a shard costs seconds, and enough for two full batches."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Everything that determines the bits of latents, except the kind of processor."""

    checkpoint: str
    """Hash of the model file."""
    settings: dict[str, Any]
    """Versions, device, sizes of batches and shards."""
    recordings: list[list[str]]
    """[name, hash of poses and metadata] of each recording, in order."""
    format: int = FORMAT

    @cached_property
    def digest(self) -> str:
        """Short hash of the origin."""
        return hashlib.blake2b(json.dumps(asdict(self)).encode(), digest_size=8).hexdigest()

    def describe_change(self, found: dict[str, Any]) -> str:
        """Describe how an earlier origin, given as plain values, differs; empty where it does not differ."""
        own = asdict(self)
        known = all(type(found.get(key)) is type(value) for key, value in own.items())
        if not known or not all(isinstance(pair, list) and len(pair) == 2 for pair in found["recordings"]):
            return "the file does not say what was encoded"
        changes = []
        if found["checkpoint"] != self.checkpoint:
            changes.append("the checkpoint differs")
        settings = {"format": self.format} | self.settings
        earlier = {"format": found["format"]} | found["settings"]
        changes += [
            f"{name} was {earlier.get(name)} and is now {settings.get(name)}"
            for name in dict.fromkeys([*earlier, *settings])
            if earlier.get(name) != settings.get(name)
        ]
        return "; ".join([*changes, *_compare_recordings(found["recordings"], self.recordings)])


def cut_shards(lengths: Sequence[int]) -> list[slice]:
    """Cut recordings, in order, into shards of about equal length, near `SHARD_FRAMES` frames."""
    if not lengths:
        return []
    total = sum(lengths)
    count = -(-total // SHARD_FRAMES)
    stops = np.cumsum(lengths, dtype=np.int64)
    shard_of = (2 * stops - np.array(lengths)) * count // (2 * total)  # by the middle of each recording
    cuts = (np.flatnonzero(np.diff(shard_of)) + 1).tolist()
    return [slice(start, stop) for start, stop in pairwise([0, *cuts, len(lengths)])]


class OriginFolder:
    """An output folder whose results belong to one origin.

    Args:
        output_dir: folder of the result.
        origin: recordings, model and settings of the encoding.
        results: files or folders of the result.
    """

    def __init__(self, output_dir: Path, origin: Origin, results: Sequence[Path]) -> None:
        self.output_dir = output_dir
        self.origin = origin
        self.results = list(results)
        self.shards = begun_path(output_dir).parent

    def check(self) -> None:
        """Raise ValueError where the folder holds files of another origin."""
        done, begun = done_path(self.output_dir), begun_path(self.output_dir)
        for path, what in ((done, "latents"), (begun, "shards of an encoding that was not finished")):
            change = self.origin.describe_change(_read_origin(path)) if path.exists() else ""
            if change:
                raise ValueError(
                    f"{path}: must belong to the same model, recordings and settings, but the folder holds "
                    f"{what} of others: {change}. Give another --output_dir, or remove {path.parent}."
                )
        unknown = [path for path in self.results if path.exists()]
        if unknown and not done.exists() and not begun.exists():
            raise ValueError(
                f"{unknown[0]}: must not be overwritten, but nothing says that it comes from the same model "
                "and recordings. Move it away, or give another --output_dir."
            )

    def begin(self) -> None:
        """Write the origin of the shards."""
        if not begun_path(self.output_dir).exists():
            _write_origin(begun_path(self.output_dir), self.origin)

    def write_done(self) -> None:
        """Mark the result as complete."""
        _write_origin(done_path(self.output_dir), self.origin)

    def remove_traces(self) -> None:
        """Remove the origin of the work and the signs of life, but no other files."""
        for pattern in ("*origin.*json", "process-*.alive"):
            for path in self.shards.glob(pattern):
                path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not empty, or gone already
            self.shards.rmdir()


class ShardFolder(OriginFolder):
    """The files of one encoding as `write_latents` gives them.

    Args:
        output_dir: folder of the result.
        origin: recordings, model and settings of the encoding.
        num_shards: number of shards in the corpus.
    """

    def __init__(self, output_dir: Path, origin: Origin, num_shards: int) -> None:
        super().__init__(output_dir, origin, [output_dir / name for name in FILES])
        self.num_shards = num_shards

    def is_finished(self) -> bool:
        """Return whether the result is complete."""
        return all(path.exists() for path in (done_path(self.output_dir), *self.results))

    def missing(self) -> list[int]:
        """Return the indices of the shards that are not there."""
        return [index for index in range(self.num_shards) if not self._path(index).exists()]

    def newest(self) -> list[int]:
        """Return the shard that was written last; none where complete work is already being removed."""
        try:
            times = [self._path(index).stat().st_mtime_ns for index in range(self.num_shards)]
        except FileNotFoundError:
            return []
        return [times.index(max(times))]

    def write(self, index: int, arrays: LatentArrays) -> None:
        """Write the latents of a shard."""
        write_arrays(self._path(index), arrays)

    def join(self) -> None:
        """Write the result from all shards, then remove the shards.

        Another process may do the same at the same time: both write the same bytes, and shards are removed
        only after the result is complete.

        Raises:
            ValueError: a damaged shard.
        """
        parts = [partial(_open_arrays, self._path(index)) for index in range(self.num_shards)]
        try:
            write_latents(self.output_dir, parts)
        except FileNotFoundError:
            if self.is_finished():
                return
            raise
        self.write_done()
        self.remove_shards()

    def remove_shards(self) -> None:
        """Remove the shards and the leftovers of killed processes, but no other files."""
        for path in self.shards.glob(f"*{self.origin.digest}*"):
            path.unlink(missing_ok=True)
        self.remove_traces()

    def _path(self, index: int) -> Path:
        return self.shards / f"{index:05d}-{self.origin.digest}.npz"


def done_path(output_dir: Path) -> Path:
    """Return the path of the file that marks a result as complete."""
    return output_dir / "latents.json"


def begun_path(output_dir: Path) -> Path:
    """Return the path of the file that exists during the work, in the folder of the shards."""
    return output_dir / "shards" / "origin.json"


def _compare_recordings(earlier: list[list[str]], now: list[list[str]]) -> list[str]:
    before, after = dict(earlier), dict(now)
    kinds = {
        "new": [name for name in after if name not in before],
        "gone": [name for name in before if name not in after],
        "changed": [name for name in after if name in before and before[name] != after[name]],
    }
    counts = [f"{len(names)} {kind} (first: {printable(names[0])})" for kind, names in kinds.items() if names]
    if not counts and earlier != now:
        return ["the recordings are in another order"]
    return [f"of the recordings, {', '.join(counts)}"] if counts else []


def _read_origin(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        values = None
    return values if isinstance(values, dict) else {}


def _write_origin(path: Path, origin: Origin) -> None:
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(asdict(origin), indent=1) + "\n", encoding="utf-8")


@contextlib.contextmanager
def _open_arrays(path: Path) -> Iterator[Mapping[str, np.ndarray]]:
    """Yield the arrays of a shard; each is read when it is asked for."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            yield arrays
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path}: must be a complete shard, but is damaged ({error}). "
            "Remove it and run the same command again."
        ) from error
