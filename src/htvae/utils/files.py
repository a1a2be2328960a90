"""Files that are written whole or not at all, and safe names for them."""

import contextlib
import hashlib
import io
import os
import re
import secrets
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

LONGEST_NAME = 128
"""Most bytes of a file name. File systems store 255 bytes, encrypted ones 143; a temporary name has 14
more."""

_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}\.tmp(\.\w+)?")


@contextmanager
def naming_errors(path: Path) -> Iterator[None]:
    """Add this path to OSErrors that carry none (a full disk reports none)."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = str(path)
        raise


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder; the file written there replaces ``path`` at the end.

    If anything fails, an earlier file at ``path`` stays unchanged. Nobody ever sees a part of a new file, not
    even after a power cut. The temporary name keeps the suffix. Missing folders are made.

    Example::

        with atomic_write("table.csv") as temporary:
            temporary.write_text("a,b")

    Raises:
        OSError: the file cannot be written; ``filename`` is ``path``, not the temporary name.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.tmp{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with temporary.open("r+b") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        if error.errno is not None and error.filename in (None, str(temporary), temporary):
            error.filename, error.filename2 = str(path), None
        raise
    finally:
        with contextlib.suppress(OSError):  # an earlier error matters more
            temporary.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files that killed processes left in a folder. No process may be writing there."""
    for path in folder.glob(".*.tmp*"):
        if _TEMPORARY.fullmatch(path.name):
            path.unlink(missing_ok=True)


def save_tensors(path: Path, values: Any) -> None:
    """Write tensors and plain values like ``torch.save``, but whole or not at all.

    The bytes are made in memory first, since PyTorch's own writer turns a full disk into a RuntimeError.
    """
    import torch

    content = io.BytesIO()
    torch.save(values, content)
    with atomic_write(path) as temporary:
        temporary.write_bytes(content.getbuffer())


def read_tensors(path: Path) -> dict[str, Any]:
    """Read a ``torch.save`` file of plain values and tensors, to the CPU.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is damaged, or holds anything else.
    """
    import torch

    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: must be a checkpoint, but there is no such file. Train first, or mend the path."
        )
    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # advice for those who wrote the file
        try:
            _check_claimed_size(file)
            values = torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:  # damaged bytes fail in any way
            raise ValueError(
                f"{path}: must be a checkpoint of tensors and plain values, but could not be read. It may "
                "have been cut off while it was copied: copy it again, or train again."
            ) from error
    if not isinstance(values, dict):
        raise ValueError(
            f"{path}: must be a checkpoint saved by HT-VAE, but holds a {type(values).__name__}."
        )
    return values


def _check_claimed_size(file: IO[bytes]) -> None:
    """Raise ValueError where a small file claims to hold much: what PyTorch writes is never compressed."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    with zipfile.ZipFile(file) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > size:
            raise ValueError("its parts are larger than the file")
    file.seek(0)


def path_inside(folder: Path, name: str) -> Path:
    """Return ``folder / name`` for a name from outside the program.

    Raises:
        ValueError: the path leads out of the folder, through ``..`` or a link.
    """
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(
            f"{path} must lie in {folder}, but leads to {path.resolve()}. Rename it, or remove the link."
        )
    return path


def shorten_name(name: str, suffix: str = "", most_bytes: int = LONGEST_NAME) -> str:
    """Return a file name for a recording or anything else that has a name.

    Characters that some system refuses, and the slashes of subfolders, become ``_``. A long name is cut to
    the length that every file system stores, with room for a temporary name. A changed name ends in eight
    digits of the original name's hash, so that different names stay different.

    Args:
        name: any text.
        suffix: text added at the end, such as ``.csv``.
        most_bytes: most bytes (UTF-8) of the result.
    """
    plain = "".join(char if char.isalnum() or char in "-_. " else "_" for char in name).strip(" .") or "_"
    digest = f"-{hashlib.blake2b(name.encode('utf-8', 'surrogatepass'), digest_size=4).hexdigest()}"
    room = most_bytes - len(suffix.encode())
    if plain == name and len(plain.encode()) <= room:
        return plain + suffix
    cut = plain.encode()[: room - len(digest)].decode("utf-8", "ignore")
    return cut + digest + suffix


def _sync_folder(folder: Path) -> None:
    """Flush a folder's new names to disk. Systems that cannot open folders need no flush."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
