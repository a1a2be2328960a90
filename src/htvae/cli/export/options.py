"""The options of ``htvae export``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from htvae.cli.option_checks import check_output_dir
from htvae.cli.options import BEST_MODEL


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """Write a trained model for other people (safetensors) or other programs (ONNX).

    A folder in the format safetensors is a model: every command's --checkpoint takes it.
    """

    checkpoint: Path = BEST_MODEL
    """File of the trained model, or folder of an earlier export."""
    output_dir: Path = Path("exported")
    """Folder for the files. It must not hold an export yet."""
    format: Literal["safetensors", "onnx", "both"] = "safetensors"
    """``safetensors`` to share a model, ``onnx`` for programs without PyTorch, or ``both``; onnx needs pip
    install 'ht-vae[onnx]'."""

    def __post_init__(self) -> None:
        check_output_dir(self.output_dir)
