"""Writing a trained model for other people and programs."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from htvae.inference.checkpoint import Checkpoint, load_checkpoint, to_values
from htvae.inference.export.onnx_files import DECODER, ENCODER, OnnxCheck, describe_onnx, write_onnx
from htvae.inference.model import TrainedModel
from htvae.inference.model_folder import SETTINGS, WEIGHTS, save_model_folder, save_settings

ExportFormat = Literal["safetensors", "onnx", "both"]


@dataclass(frozen=True)
class Export:
    """What was written."""

    files: tuple[Path, ...]
    checkpoint: Checkpoint
    check: OnnxCheck | None
    """How the ONNX files compare with PyTorch, None where there are none."""


def export_model(path: Path, folder: Path, format: ExportFormat = "safetensors") -> Export:
    """Write a model as safetensors, ONNX, or both; all files, or none where anything fails.

    Args:
        path: ``best_model.pt``, or the folder of an export.
        folder: folder for the files; it must not hold an export yet.
        format: what to write. ``config.json`` is written in any case.

    Raises:
        FileNotFoundError: there is no model at ``path``.
        ValueError: the model is damaged or foreign, the folder holds an export, or ONNX is impossible; see
            `write_onnx`.
    """
    check_export_folder(folder)
    checkpoint = load_checkpoint(path)
    has_weights, has_onnx = format != "onnx", format != "safetensors"
    names = [*([WEIGHTS] if has_weights else []), *([ENCODER, DECODER] if has_onnx else []), SETTINGS]
    values, check, onnx = to_values(checkpoint), None, None
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=folder) as name:
        temporary = Path(name)
        if has_onnx:
            model = _open_default(checkpoint)
            check = write_onnx(model, temporary)
            onnx = describe_onnx(model, check)
        if has_weights:
            save_model_folder(temporary, values, onnx)
        else:
            save_settings(temporary, values, None, onnx)
        for own in names:
            os.replace(temporary / own, folder / own)
    return Export(tuple(folder / own for own in names), checkpoint, check)


def _open_default(checkpoint: Checkpoint) -> TrainedModel:
    try:
        return TrainedModel(checkpoint, "cpu")
    except ValueError as error:
        raise ValueError(
            "The format onnx must have a model of the default architecture, but the weights are of another "
            f"one. Use --format safetensors. ({error})"
        ) from error


def check_export_folder(folder: Path) -> None:
    """Raise ValueError where a folder holds an export, so that nothing is overwritten."""
    found = [name for name in (WEIGHTS, SETTINGS, ENCODER, DECODER) if (folder / name).exists()]
    if found:
        raise ValueError(
            f"{folder} must not hold an export yet, but holds {', '.join(found)}. Give another --output_dir, "
            "or remove these files."
        )
