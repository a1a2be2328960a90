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
    from htvae.cli.power.files import open_motifs, write_plan
    from htvae.cli.power.report import describe_plan
    from htvae.utils.progress import Progress

    parse_effect(options.effect)
    request = PowerRequest(
        effect=options.effect,
        sizes=options.num_subjects,
        targets=options.target,
        recordings_per_subject=options.recordings_per_subject,
        num_studies=options.num_studies,
        num_permutations=options.num_permutations,
        seed=options.seed,
    )
    model, controls = open_recordings(options, build_model)
    motifs = None if options.motifs is None else open_motifs(options.motifs, model)
    progress = Progress("Planning", 100, unit="%")
    try:
        plan = plan_power(model, controls, request, motifs, progress.update)
    finally:
        progress.close()
    files = write_plan(options, plan)
    print("\n".join(describe_plan(plan)))
    for path in files:
        log.info("%s", path)
