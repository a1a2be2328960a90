"""The folder that people share a model in: ``model.safetensors`` (weights), ``config.json`` (all the rest).

- Neither file can hold code: one has tensors, the other plain values.
- ``config.json`` has the hash of the weights, so that a damaged file, or that of another model, is noticed.
- Numbers that JSON lacks (infinity, NaN) are written as ``{"float": "inf"}``.
"""

import hashlib
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from htvae.utils.files import atomic_write

if TYPE_CHECKING:
    from torch import Tensor

WEIGHTS, SETTINGS = "model.safetensors", "config.json"
FORMAT = "htvae-folder-1"
"""Version of the folder's layout. Folders of another version are refused."""
LARGEST_SETTINGS = 256 * 2**20
"""Most bytes of a config.json: a foreign one may have any size."""
_PARTS = ("model.", "prior.")
_AGAIN = "Copy the folder again, or export the model again with htvae export."


def is_model_folder(path: Path) -> bool:
    """Return whether a path names a model's folder, or its file of weights, and not a ``best_model.pt``."""
    return path.is_dir() or path.name == WEIGHTS


def weights_file(path: Path) -> Path:
    """Return the file of a model's weights, beside which other files of the model belong.

    Args:
        path: ``best_model.pt``, a model's folder, or its file of weights.
    """
    return path / WEIGHTS if path.is_dir() else path


def hash_model(path: Path) -> str:
    """Return a hash of a model's files, whether it lies in ``best_model.pt`` or in a folder."""
    digest = hashlib.blake2b(digest_size=16)
    for file in _list_files(path):
        with file.open("rb") as content:
            digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()


def save_model_folder(folder: Path, values: Mapping[str, Any], onnx: Mapping[str, Any] | None = None) -> None:
    """Write the values of a model file into a folder, each of the two files whole or not at all.

    Args:
        folder: folder to write to; it is made if it does not exist.
        values: values of ``best_model.pt``.
        onnx: description of the ONNX files beside them. None: an earlier description stays.
    """
    from safetensors.torch import save

    weights = save(_take_weights(values), {"format": "pt", "htvae_format": FORMAT})
    with atomic_write(folder / WEIGHTS) as temporary:
        temporary.write_bytes(weights)
    if onnx is None and (folder / SETTINGS).is_file():
        onnx = _read_settings(folder / SETTINGS).get("onnx")
    save_settings(folder, values, hashlib.sha256(weights).hexdigest(), onnx)


def save_settings(
    folder: Path, values: Mapping[str, Any], weights_hash: str | None, onnx: Mapping[str, Any] | None
) -> None:
    """Write ``config.json`` of a model.

    Args:
        folder: folder to write to.
        values: values of ``best_model.pt``.
        weights_hash: SHA-256 of the file of weights. None: there is none.
        onnx: description of the ONNX files. None: there are none.
    """
    prior = values["prior"]
    rest = {name: value for name, value in values.items() if name not in ("state", "format")}
    content = {
        "format": FORMAT,
        "model_format": values["format"],
        "weights_sha256": weights_hash,
        **rest,
        "prior": None if prior is None else {name: v for name, v in prior.items() if name != "state"},
        "onnx": onnx,
    }
    text = json.dumps(_encode(content), indent=1, allow_nan=False)
    with atomic_write(folder / SETTINGS) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def read_model_folder(path: Path) -> dict[str, Any]:
    """Read the values of a model file from a folder.

    Raises:
        FileNotFoundError: the folder lacks one of the files.
        ValueError: a file is damaged, is not of a model, or has another version.
    """
    folder = path if path.is_dir() else path.parent
    for name in (SETTINGS, WEIGHTS):
        if not (folder / name).is_file():
            raise FileNotFoundError(
                f"{folder}: must hold {WEIGHTS} and {SETTINGS} as htvae export writes them, but has no "
                f"{name}. Give best_model.pt, or the folder of an export in the format safetensors."
            )
    content = _read_settings(folder / SETTINGS)
    weights = _read_weights(folder / WEIGHTS, str(content.pop("weights_sha256", "")))
    values = {name: value for name, value in content.items() if name not in ("onnx", "model_format")}
    values |= {"format": content.get("model_format"), "state": _choose_part(weights, "model.")}
    prior = content.get("prior")
    if isinstance(prior, dict):
        values["prior"] = {**prior, "state": _choose_part(weights, "prior.")}
    return values


def _list_files(path: Path) -> list[Path]:
    if not is_model_folder(path):
        return [path]
    folder = path if path.is_dir() else path.parent
    return [folder / SETTINGS, folder / WEIGHTS]


def _take_weights(values: Mapping[str, Any]) -> dict[str, "Tensor"]:
    prior = values["prior"]
    states = (values["state"], {} if prior is None else prior["state"])
    return {
        f"{part}{name}": tensor.detach().cpu().contiguous().clone()
        for part, state in zip(_PARTS, states, strict=True)
        for name, tensor in state.items()
    }


def _choose_part(weights: Mapping[str, "Tensor"], part: str) -> dict[str, "Tensor"]:
    return {name.removeprefix(part): tensor for name, tensor in weights.items() if name.startswith(part)}


def _read_weights(path: Path, expected: str) -> dict[str, "Tensor"]:
    from safetensors import SafetensorError
    from safetensors.torch import load

    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != expected:
        raise ValueError(
            f"{path}: must be the weights that {SETTINGS} beside it describes, but has other content. "
            f"{_AGAIN}"
        )
    try:
        return load(content)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: must be a safetensors file, but is not ({error}). {_AGAIN}") from error


def _read_settings(path: Path) -> dict[str, Any]:
    size = os.path.getsize(path)
    if size > LARGEST_SETTINGS:
        raise ValueError(f"{path}: must have at most {LARGEST_SETTINGS:,} bytes, but has {size:,}. {_AGAIN}")
    try:
        content = json.loads(path.read_text(encoding="utf-8"), object_hook=_decode)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path}: must be JSON, but is not ({error}). {_AGAIN}") from error
    found = content.get("format") if isinstance(content, dict) else None
    if found != FORMAT:
        raise ValueError(
            f"{path}: must be written by htvae export in the format {FORMAT}, but has the format "
            f"{str(found)[:40]!r}. Give another folder, or export the model again with this version."
        )
    return dict(content)


def _encode(value: Any) -> Any:
    """Return a value as JSON can hold it."""
    if isinstance(value, Mapping):
        return {str(name): _encode(own) for name, own in value.items()}
    if isinstance(value, list | tuple):
        return [_encode(own) for own in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    return value


def _decode(content: dict[str, Any]) -> Any:
    return float(content["float"]) if content.keys() == {"float"} else content
