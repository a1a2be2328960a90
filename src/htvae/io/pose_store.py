"""Poses in litdata's chunks, in a folder or in a bucket of S3; only frames that are asked for are read.

- A recording is one record: its numbers in a row, so that recordings may have landmarks of their own.
- A slice of frames is one range of one object. Nothing but litdata's own index is stored on this machine.
- litdata runs no pickle here: `TemporalArrayLoader` builds arrays of numbers from raw bytes, whatever the
  index says of other kinds of content.
- litdata's other client of S3 (obstore) refuses addresses that begin with http:// and must not be used after
  a fork, so ranges are read by boto3, with few and short tries.

Axes: T frames, L landmarks, D coordinates.
"""

import importlib.util
import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np

BUCKET = "s3://"
"""How addresses of a bucket begin."""
FIELD = "pose"
"""Name of the one array of a record."""
CHUNK_BYTES = 2**26
"""Size (bytes) from which a new chunk is begun; a recording is never divided."""
TRIES, CONNECT_SECONDS, READ_SECONDS = 4, 5, 30
"""Tries of a request, and the longest waits (s) of each for a connection and for an answer."""


class StorageError(OSError):
    """A bucket that cannot be read."""

    def __init__(self, message: str) -> None:
        # PyTorch puts the traceback of a loader's process into the message that it passes on.
        super().__init__(message.rsplit(f"{type(self).__name__}: ", 1)[-1].strip())


class StoredPose:
    """Poses (T, L, D), float32, of one recording; frames are read each time when they are asked for.

    Args:
        read: returns the frames (t, L, D) from one to another.
        shape: T, L and D.
    """

    dtype, ndim = np.dtype(np.float32), 3

    def __init__(self, read: Callable[[int, int], np.ndarray], shape: Sequence[int]) -> None:
        self.read, self.shape = read, tuple(shape)
        self.size = math.prod(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        if isinstance(key, slice):
            start, stop, step = key.indices(len(self))
            if step == 1:
                return self.read(start, max(start, stop))
        return self.read(0, len(self))[key]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self[:].astype(dtype or self.dtype, copy=False)

    def as_array(self) -> np.ndarray:
        """Return this object for code that slices arrays and asks for their shape."""
        return cast(np.ndarray, self)


class PoseStore:
    """Records of a folder or of a bucket.

    Args:
        address: folder, or ``s3://BUCKET/PREFIX``.
        cache_dir: folder in which litdata keeps its index of a bucket.

    Raises:
        StorageError: the bucket cannot be read.
        ValueError: litdata is not installed, or its index is damaged.
    """

    def __init__(self, address: str, cache_dir: Path) -> None:
        check_extra()
        from litdata import StreamingDataset, TemporalArrayLoader

        self.address = address
        options: dict[str, Any] = {}
        if address.startswith(BUCKET):
            _register_downloader()
            options = {"cache_dir": str(cache_dir), "storage_options": {"config": _client_config()}}
        with explaining(address):
            try:
                self._dataset = StreamingDataset(address, item_loader=TemporalArrayLoader(), **options)
                self.num_values: list[int] = self._dataset.frame_counts
            except (AssertionError, KeyError, TypeError, ValueError) as error:
                raise ValueError(
                    f"{address}/index.json: must be litdata's index of packed recordings, but is damaged "
                    f"({error!r}). Pack the recordings again."
                ) from error

    def pose(self, index: int, shape: Sequence[int]) -> np.ndarray:
        """Return the poses (T, L, D) of a record, which are read when they are sliced."""
        row = math.prod(shape[1:])

        def read(start: int, stop: int) -> np.ndarray:
            if start == stop:
                return np.empty((0, *shape[1:]), np.float32)
            with explaining(self.address):
                values = self._dataset.read_window(index, start * row, (stop - start) * row)[FIELD]
            return values.reshape(stop - start, *shape[1:])

        return StoredPose(read, shape).as_array()


def write_poses(folder: Path, poses: Iterator[np.ndarray]) -> None:
    """Write poses (T, L, D) as chunks and index of litdata into a folder, a record a recording."""
    check_extra()
    from litdata import TemporalArrayLoader
    from litdata.streaming.writer import BinaryWriter

    writer = BinaryWriter(str(folder), chunk_bytes=CHUNK_BYTES, item_loader=TemporalArrayLoader())
    for index, pose in enumerate(poses):
        writer[index] = {FIELD: np.ascontiguousarray(pose, np.float32).ravel()}
    writer.done()
    writer.merge()


def read_object(address: str) -> bytes:
    """Return the content of one object, ``s3://BUCKET/KEY``.

    Raises:
        StorageError: the object cannot be read.
        ValueError: litdata, with which boto3 is installed, is not.
    """
    check_extra()
    import boto3

    bucket, _, key = address.removeprefix(BUCKET).partition("/")
    with explaining(address):
        client = boto3.client("s3", config=_client_config())
        content: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    return content


def check_extra() -> None:
    """Raise ValueError where litdata is not installed; switch its question for newer versions off."""
    if importlib.util.find_spec("litdata") is None:
        raise ValueError(
            'Packed recordings need litdata, which is not installed. Install: pip install "ht-vae[streaming]"'
        )
    os.environ["LITDATA_DISABLE_VERSION_CHECK"] = "1"  # nothing is sent


@contextmanager
def explaining(address: str) -> Iterator[None]:
    """Turn errors of the S3 client into a `StorageError` that says what to do."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise StorageError(f"{address}: {_explain(error)}") from error


def _explain(error: Any) -> str:
    """Return what must hold, what was found, and what to do."""
    from botocore import exceptions

    code = str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))
    if isinstance(error, exceptions.NoCredentialsError | exceptions.PartialCredentialsError):
        return (
            "must be readable, but credentials are missing. Set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, as for the command aws."
        )
    if code == "NoSuchBucket":
        return "the bucket must exist, but there is none of this name. Correct --data_dir."
    if code in ("NoSuchKey", "404"):
        return (
            "must be there, but is not. Write the recordings with htvae pack, copy the folder to the bucket "
            "(aws s3 sync), and give its address with --data_dir."
        )
    if isinstance(error, exceptions.ClientError):
        return (
            f"must be readable, but the storage refuses ({code}). Check the credentials, and that they may "
            "read this bucket."
        )
    return (
        f"must be reachable, but {TRIES} tries failed ({error}). Check the network, the region and "
        "AWS_ENDPOINT_URL; a run that has begun goes on with --resume."
    )


def _client_config() -> Any:
    """Return settings of boto3 with few and short tries; litdata's own would try 1,000 times."""
    from botocore.config import Config

    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": TRIES, "mode": "standard"},
    )


def _register_downloader() -> None:
    """Let litdata read ranges of S3 by boto3 alone."""
    from litdata.streaming.downloader import Downloader, S3Downloader, register_downloader

    class RangeDownloader(S3Downloader):
        adownload_bytes = Downloader.adownload_bytes

    register_downloader(BUCKET, RangeDownloader, overwrite=True)
