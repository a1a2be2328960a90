"""``htvae latents``."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from htvae.cli.latents.options import LatentsOptions
from htvae.cli.parsing import parse_with_model

if TYPE_CHECKING:
    from htvae.inference.checkpoint import BuildModel

log = logging.getLogger(__name__)


def latents(argv: Sequence[str]) -> None:
    """Show what the latents hold: maps, probes, neighbours, motion."""
    options, build_model = parse_with_model(LatentsOptions, argv, "htvae latents")
    for path in run_latents(options, build_model):
        log.info("%s", path)


def run_latents(options: LatentsOptions, build_model: "BuildModel | None" = None) -> list[Path]:
    """Analyse latents, print what they hold, and return the files written."""
    from htvae.analysis.latents.latents import LatentRequest
    from htvae.cli.analysis_files import open_recordings
    from htvae.cli.latents.files import write_latent_tables
    from htvae.cli.latents.pictures import draw_latent_pictures
    from htvae.cli.latents.report import describe_latents
    from htvae.cli.requests import fill_request
    from htvae.metrics.point_maps import check_umap

    if options.map == "umap":
        check_umap()
    model, recordings = open_recordings(options, build_model)
    request = fill_request(LatentRequest, options, kind="map", has_probes="probes")
    result = model.analyse_latents(recordings, request)
    words = describe_latents(result, model.processor.fps, model.processor.unit_words)
    paths = write_latent_tables(options, result, words)
    print("\n".join(words))
    return paths + draw_latent_pictures(model, result, options.output_dir)
