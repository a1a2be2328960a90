"""Recordings under pseudonyms.

- Names of recordings and subjects become hashes of the name and the seed: the same in every report with the
  same seed. Whoever knows the seed can test a name; choose one and keep it to yourself.
- Columns of manifest.csv go, but the one whose groups are compared. Labels stay: they say what is shown.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import replace

from htvae.data.processing import ProcessedSequence

_BYTES = 5
"""Bytes of a hash; 8 letters."""


def anonymise(
    recordings: Sequence[ProcessedSequence], seed: int, kept_column: str | None = None
) -> list[ProcessedSequence]:
    """Return recordings under pseudonyms, sorted by them, so that their order tells nothing.

    Args:
        recordings: in the model's coordinates.
        seed: of the pseudonyms.
        kept_column: column of manifest.csv that stays.
    """
    hidden = [_hide(recording, seed, kept_column) for recording in recordings]
    return sorted(hidden, key=lambda recording: recording.name)


def make_pseudonym(kind: str, name: str, seed: int) -> str:
    """Return a name that does not tell the original one."""
    digest = hashlib.blake2b(
        name.encode("utf-8", "surrogatepass"), digest_size=_BYTES, salt=_salt(kind, seed)
    )
    return f"{kind}-{base64.b32encode(digest.digest()).decode().lower()}"


def _salt(kind: str, seed: int) -> bytes:
    return hashlib.blake2b(f"{kind}:{seed}".encode(), digest_size=16).digest()


def _hide(recording: ProcessedSequence, seed: int, kept_column: str | None) -> ProcessedSequence:
    source = recording.source
    name = make_pseudonym("recording", recording.name, seed)
    subject = None if source.subject is None else make_pseudonym("subject", source.subject, seed)
    columns = {key: value for key, value in source.covariates.items() if key == kept_column}
    hidden = replace(source, name=name, subject=subject, covariates=columns)
    return replace(recording, name=name, source=hidden)
