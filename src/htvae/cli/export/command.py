"""``htvae export``."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from htvae.cli.export.options import ExportOptions
from htvae.cli.flags import parse_flags

if TYPE_CHECKING:
    from htvae.inference.export.onnx_files import OnnxCheck

log = logging.getLogger(__name__)


def export(argv: Sequence[str]) -> None:
    """Write a model as safetensors, to share it, or as ONNX, for other programs."""
    options = parse_flags(ExportOptions, argv, "htvae export")

    from htvae.inference.export.export import check_export_folder, export_model
    from htvae.inference.export.onnx_files import require_onnx

    check_export_folder(options.output_dir)
    if options.format != "safetensors":
        require_onnx()
        log.info("Writing and checking ONNX takes a few minutes.")
    found = export_model(options.checkpoint, options.output_dir, options.format)
    for path in found.files:
        log.info("%s (%s bytes)", path, f"{path.stat().st_size:,}")
    log.info(
        "With a prior: %s. config.json names the training recordings and their folder, as best_model.pt "
        "does.",
        "yes" if found.checkpoint.prior else "no",
    )
    if found.check is not None:
        _say(found.check)


def _say(check: "OnnxCheck") -> None:
    """Say how the ONNX files compare with PyTorch."""
    from htvae.inference.export.onnx_files import OPSET, TOLERANCE

    log.info(
        "ONNX opset %d, any batch and length. Largest difference from PyTorch: encoder %.1e, decoder %.1e "
        "(at most %g).",
        OPSET,
        check.encoder_difference,
        check.decoder_difference,
        TOLERANCE,
    )
    log.info(
        "Time of a call, onnxruntime over PyTorch: encoder %.2f, decoder %.2f.",
        check.encoder_time_ratio,
        check.decoder_time_ratio,
    )
