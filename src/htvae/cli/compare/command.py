"""``htvae compare``."""

import logging
from collections.abc import Sequence

from htvae.cli.compare.options import CompareOptions
from htvae.cli.parsing import parse_with_model

log = logging.getLogger(__name__)


def compare(argv: Sequence[str]) -> None:
    """Compare groups of subjects in every measure."""
    options, build_model = parse_with_model(CompareOptions, argv, "htvae compare")

    from htvae.analysis.groups.comparison import STEPS, CompareRequest, compare_recordings
    from htvae.analysis.groups.scene_making import make_scenes
    from htvae.analysis.groups.words import describe_comparison
    from htvae.cli.analysis_files import open_recordings
    from htvae.cli.compare.files import write_comparison
    from htvae.cli.compare.motion import write_motion
    from htvae.cli.motifs.files import load_segmenter
    from htvae.cli.requests import fill_request
    from htvae.utils.progress import Progress

    model, recordings = open_recordings(options, build_model)
    request = fill_request(CompareRequest, options)
    motifs = None if options.motifs is None else load_segmenter(options.motifs, model).named
    progress = Progress("Comparing", len(STEPS) + options.motion, unit="parts")
    try:
        comparison = compare_recordings(
            model,
            recordings,
            request,
            on_step=lambda step: progress.update(STEPS.index(step), step),
            motifs=motifs,
        )
        scenes = []
        if options.motion:
            progress.update(len(STEPS), "motion")
            scenes = make_scenes(model, recordings, comparison)
        progress.update(progress.total)
    finally:
        progress.close()
    files = write_comparison(options, comparison, recordings, scenes)
    files += write_motion(options.output_dir, scenes, comparison, recordings, model.processor)
    print("\n".join(describe_comparison(comparison)))
    for path in files:
        log.info("%s", path)
