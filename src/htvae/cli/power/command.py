"""``htvae power``."""

import logging
from collections.abc import Sequence

from htvae.cli.parsing import parse_with_model
from htvae.cli.power.options import PowerOptions

log = logging.getLogger(__name__)


def power(argv: Sequence[str]) -> None:
    """Plan a study: how many subjects it needs to find an effect."""
    options, build_model = parse_with_model(PowerOptions, argv, "htvae power")

    from htvae.analysis.power.effects import parse_effect
    from htvae.analysis.power.planner import PowerRequest, plan_power
    from htvae.cli.analysis_files import open_recordings
    from htvae.cli.motifs.files import load_segmenter
    from htvae.cli.power.files import write_plan
    from htvae.cli.power.report import describe_plan
    from htvae.cli.requests import fill_request
    from htvae.utils.progress import Progress

    parse_effect(options.effect)
    request = fill_request(PowerRequest, options, sizes="num_subjects", targets="target")
    model, controls = open_recordings(options, build_model)
    motifs = None if options.motifs is None else load_segmenter(options.motifs, model).named
    progress = Progress("Planning", 100, unit="%")
    try:
        plan = plan_power(model, controls, request, motifs, progress.update)
    finally:
        progress.close()
    files = write_plan(options, plan)
    print("\n".join(describe_plan(plan)))
    for path in files:
        log.info("%s", path)
