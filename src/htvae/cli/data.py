"""``htvae check-data``, ``repair``, ``import``, ``pack`` and ``demo-data``."""

import logging
from collections.abc import Sequence
from pathlib import Path

from htvae.cli.flags import parse_flags
from htvae.cli.options import CheckDataOptions, DemoDataOptions, ImportOptions, PackOptions, RepairOptions
from htvae.cli.parsing import parse_with_settings
from htvae.config import reading_names, setting_names

log = logging.getLogger(__name__)

READING = (*reading_names(), "fps")
"""Settings of a command that only reads recordings."""


def check_data(argv: Sequence[str]) -> None:
    """Report what a folder holds, what looks wrong, and the command to train with."""
    idle = set(setting_names()) - set(READING)
    options, file = parse_with_settings(
        CheckDataOptions, argv, "htvae check-data", positional=["folder"], without=idle
    )

    from htvae.data.check import check_training
    from htvae.io.check import check_folder, format_report
    from htvae.io.checks.as_json import format_json
    from htvae.io.checks.command import build_command

    config = options.settings.data
    report = check_training(check_folder(options.folder, config), options.folder, config)
    command = None
    if report.recordings:
        given = {"--config": options.config, "--preset": options.preset}
        words = [word for flag, value in given.items() if value is not None for word in (flag, str(value))]
        command = build_command(
            options.folder, config, file.config.data, report.findings, report.has_rate, words
        )
    print(format_json(report, command) if options.json else format_report(report, command))
    if options.picture is not None:
        from htvae.io.checks.pictures import draw_findings

        if draw_findings(report, options.picture):
            log.info("Picture: %s", options.picture)
        else:
            log.info("No picture: no recording is doubtful.")
    if report.faults:
        raise ValueError(f"{options.folder} must be without faults, but has {len(report.faults)}. See above.")


def repair(argv: Sequence[str]) -> None:
    """Write a copy of a folder with faults of tracking repaired."""
    idle = set(setting_names()) - set(reading_names())
    options, _ = parse_with_settings(RepairOptions, argv, "htvae repair", positional=["folder"], without=idle)

    from htvae.io.checks.words import count
    from htvae.io.repair_files import LOG, repair_folder

    changes = repair_folder(options.folder, options.output_dir, options.settings.data, options.kinds)
    if not changes:
        log.info("Nothing to repair was found (%s); nothing was written.", ", ".join(options.kinds))
        return
    for kind in options.kinds:
        own = [change for change in changes if change.kind == kind]
        points = sum(change.points for change in own)
        recordings = len({change.recording for change in own})
        log.info("%s: %s in %s.", kind, count(points, "point"), count(recordings, "recording"))
    log.info("Every change: %s", options.output_dir / LOG)


def import_(argv: Sequence[str]) -> None:
    """Write the recordings of any tracker as pose CSVs."""
    idle = set(setting_names()) - set(READING)
    options, _ = parse_with_settings(
        ImportOptions, argv, "htvae import", positional=["recordings"], without=idle
    )

    from htvae.io.importing import import_recordings

    written = import_recordings(options.recordings, options.output_dir, options.settings.data)
    frames = sum(sequence.num_frames for sequence in written)
    log.info("Recordings: %s (%d, %s frames)", options.output_dir, len(written), f"{frames:,}")


def pack(argv: Sequence[str]) -> None:
    """Write recordings for training from a bucket."""
    idle = set(setting_names()) - {*READING, "experiments_dir"}
    options, _ = parse_with_settings(PackOptions, argv, "htvae pack", positional=["folder"], without=idle)

    from htvae.io.packed import pack_folder

    settings = options.settings
    cache_dir = Path(settings.experiment.experiments_dir) / "cache"
    number = pack_folder(options.folder, options.output_dir, settings.data, cache_dir)
    log.info("Packed: %s (%d recordings)", options.output_dir, number)


def demo_data(argv: Sequence[str]) -> None:
    """Write made-up recordings for trying things out."""
    options = parse_flags(DemoDataOptions, argv, "htvae demo-data", positional=["out_dir"])

    from htvae.demo.recordings import write_demo_data

    write_demo_data(options.out_dir, kind=options.kind, seed=options.seed, dimensions=options.dimensions)
    log.info("Recordings: %s", options.out_dir)
