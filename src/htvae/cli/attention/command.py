"""``htvae attention``: tables, picture and maps of the encoder's attention."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from htvae.cli.attention.options import AttentionOptions
from htvae.cli.parsing import parse_with_model

if TYPE_CHECKING:
    from htvae.analysis.attention.attention import AttentionAnalysis
    from htvae.inference.checkpoint import BuildModel

log = logging.getLogger(__name__)

MAP_BYTES = 256_000_000
"""Most bytes of attention weights that ``--save_maps`` writes."""


def attention(argv: Sequence[str]) -> None:
    """Show what the encoder attends to, and what z depends on."""
    options, build_model = parse_with_model(AttentionOptions, argv, "htvae attention")
    for path in run_attention(options, build_model):
        log.info("%s", path)


def run_attention(options: AttentionOptions, build_model: "BuildModel | None" = None) -> list[Path]:
    """Analyse attention, print what it shows, and return the files written."""
    from htvae.analysis.attention.contributions import describe_agreement
    from htvae.cli.analysis_files import open_recordings, write_json, write_table
    from htvae.cli.attention.picture import draw_attention_picture
    from htvae.cli.attention.tables import (
        describe_reliability,
        list_chunks,
        list_heads,
        list_reliability,
        summarise,
    )

    model, recordings = open_recordings(options, build_model)
    result = model.analyse_attention(recordings, MAP_BYTES if options.save_maps else 0, options.seed)
    for name, agreement in result.agreements.items():
        print(f"{name}: {describe_agreement(agreement)}")
    print("\n".join(describe_reliability(result)))
    folder = options.output_dir
    paths = [
        write_table(folder / "attention.csv", list_chunks(result)),
        write_table(folder / "attention_heads.csv", list_heads(result, model.processor.fps)),
        write_table(folder / "attention_reliability.csv", list_reliability(result)),
        write_json(folder / "attention.json", options, summarise(result)),
        draw_attention_picture(model.processor, model.grid, result.recordings, folder / "attention.png"),
    ]
    return paths + ([_write_maps(folder / "attention.npz", result)] if options.save_maps else [])


def _write_maps(path: Path, result: "AttentionAnalysis") -> Path:
    """Write all weights that were kept, and log how many recordings they are of."""
    from htvae.inference.latent_files import write_arrays

    kept = [recording for recording in result.recordings if recording.maps]
    arrays = {"names": np.array([recording.processed.name for recording in kept], dtype=str)}
    for number, recording in enumerate(kept):
        for window, maps in enumerate(recording.maps):
            place = f"recording{number}_window{window}"
            arrays[f"{place}_chunk_frames"] = recording.chunk_frames[slice(*maps.window.chunks)]
            arrays[f"{place}_local"] = maps.local
            arrays[f"{place}_token_mask"] = maps.token_mask
            arrays[f"{place}_global"] = maps.overall
    write_arrays(path, arrays)
    count, total = len(kept), len(result.recordings)
    size = sum(array.nbytes for array in arrays.values()) / 1e6
    log.info("Maps of %d of %d recordings: %.1f MB; at most %.0f.", count, total, size, MAP_BYTES / 1e6)
    return path
