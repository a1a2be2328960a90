"""What encoding a corpus starts from: the model, the recordings, and the shards that they are cut into."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch

from htvae import __version__
from htvae.inference.checkpoint import BuildModel, load_checkpoint
from htvae.inference.encoding_pool import take_own_gpu
from htvae.inference.model import Encoding, TrainedModel
from htvae.inference.model_folder import hash_model
from htvae.inference.shards import SHARD_FRAMES, Origin, cut_shards
from htvae.io.cache import StoredRecordings
from htvae.io.inputs import read_inputs
from htvae.poses.sequence import PoseSequence

LatentFormat = Literal["npz", "parquet"]


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
    format: LatentFormat = "npz"
    """Files of the result: those of `latent_files`, or a Parquet data set, see `htvae.inference.parts`."""
    build_model: BuildModel | None = None
    """Function that builds the user's own architecture, None for the built-in one."""
    build_model_file: Path | None = None
    """File that defines ``build_model``."""
    reading: Mapping[str, Any] = field(default_factory=dict)
    """Settings on reading that differ from training's, by name."""
    command: str = "htvae encode"
    """Command line of this request, for messages."""


@dataclass(frozen=True, eq=False)
class Corpus:
    """An open corpus: everything that its latents follow from."""

    model: TrainedModel
    recordings: StoredRecordings
    splits: dict[str, str]
    """Split of each recording by name."""
    cuts: list[slice]
    """Range of the recordings in each shard."""
    origin: Origin

    def sequences(self, shard: int) -> list[PoseSequence]:
        """Return the recordings of a shard."""
        return self.recordings.sequences[self.cuts[shard]]

    def encode(self, shard: int) -> list[Encoding]:
        """Return the latents of the recordings of a shard."""
        transform = self.model.processor.transform_in_blocks
        return self.model.encode_all([transform(s) for s in self.sequences(shard)])


def open_corpus(request: CorpusRequest) -> Corpus:
    """Read model and recordings, and raise all errors before anything is computed.

    Raises:
        FileNotFoundError, ValueError: as for `htvae.inference.corpus.encode_corpus`.
    """
    take_own_gpu()
    model = TrainedModel(load_checkpoint(request.checkpoint), request.device, request.build_model)
    model.config = model.config.replace(**request.reading)
    recordings = read_inputs(request.inputs, model.config.data, request.cache_dir)
    for sequence in recordings.sequences:
        model.check(sequence)
    settings = {
        "htvae": __version__,
        "torch": str(torch.__version__),
        "device": model.device,
        "batch_frames": model.batch_frames,
        "shard_frames": SHARD_FRAMES,
        "build_model": "" if request.build_model_file is None else _hash_file(request.build_model_file),
    }
    if request.format != "npz":
        settings["files"] = request.format
    hashes = recordings.content_hashes
    origin = Origin(
        checkpoint=hash_model(request.checkpoint),
        settings=settings,
        recordings=[[s.name, _hash_recording(s, hashes[s.name])] for s in recordings.sequences],
    )
    cuts = cut_shards([sequence.num_frames for sequence in recordings.sequences])
    return Corpus(model, recordings, model.splits.of_all(hashes), cuts, origin)


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _hash_recording(sequence: PoseSequence, content_hash: str) -> str:
    """Return a hash of everything that latents and tables take from a recording, except its name."""
    known = (sequence.first_frame, sequence.fps, sequence.label, sequence.subject)
    text = repr((content_hash, known, list(sequence.covariates.items())))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
