"""``htvae explore``."""

import importlib.util
import logging
import secrets
import shlex
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from htvae.cli.explore.options import ExploreOptions
from htvae.cli.parsing import parse_with_model

if TYPE_CHECKING:
    from htvae.app.live.saving import Savers
    from htvae.app.live.session import Session
    from htvae.inference.checkpoint import BuildModel

log = logging.getLogger(__name__)

NEEDED = ("fastapi", "uvicorn")
TOKEN_BYTES = 24


def explore(argv: Sequence[str]) -> None:
    """Show recordings in the browser, with the model at hand."""
    options, build_model = parse_with_model(ExploreOptions, argv, "htvae explore")
    check_extra()
    serve(options, build_model, shlex.join(["htvae", "explore", *argv]))


def check_extra() -> None:
    """Raise ValueError where what serves the page is not installed."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ValueError(
            f"htvae explore needs {' and '.join(missing)}, which {'are' if len(missing) > 1 else 'is'} not "
            'installed. Install: pip install "ht-vae[explore]"'
        )


def serve(options: ExploreOptions, build_model: "BuildModel | None", command: str) -> None:
    """Collect the report, then serve the page until Ctrl-C.

    Raises:
        FileNotFoundError: the checkpoint or a folder does not exist.
        ValueError: files are faulty, a recording is unknown, or the port is taken.
    """
    from htvae.app.live.server import build_app
    from htvae.app.live.serving import open_socket, run_server
    from htvae.cli.report.opening import open_in_browser

    token = secrets.token_urlsafe(TOKEN_BYTES)
    with open_socket(options.port) as listener, tempfile.TemporaryDirectory(prefix="htvae-") as folder:
        port = listener.getsockname()[1]
        session = open_session(options, build_model, command, Path(folder))
        address = f"http://127.0.0.1:{port}/?token={token}"
        print(f"{address}\nCtrl-C ends. What you save goes to {options.output_dir}.", flush=True)
        if options.browser:
            open_in_browser(address)
        run_server(build_app(session, token, port), listener)


def open_session(
    options: ExploreOptions, build_model: "BuildModel | None", command: str, work_dir: Path
) -> "Session":
    """Return the model, the recordings and the report on them.

    Args:
        options: as given.
        build_model: function that builds the user's own architecture. None: the model has the default one.
        command: command that the page names.
        work_dir: folder for reconstructions, for as long as the page is served.
    """
    from htvae.app.collect.report import ReportRequest, collect_report
    from htvae.app.live.session import Session
    from htvae.app.remembering import RememberingModel
    from htvae.app.writing import describe_making
    from htvae.cli.analysis_files import open_recordings
    from htvae.cli.motifs.files import load_segmenter
    from htvae.cli.report.choosing import choose_recordings, find_evaluation, name_folder

    model, recordings = open_recordings(options, build_model)
    folder = Path(options.data_dir or model.config.data.data_dir)
    check_outside(options.output_dir, folder)
    recordings, notes = choose_recordings(recordings, options.recordings)
    request = ReportRequest(
        title=options.title or name_folder(folder),
        by=options.by,
        motifs=None if options.motifs is None else load_segmenter(options.motifs, model).named,
        scored=find_evaluation(options),
        max_mb=float("inf"),
        seed=options.seed,
        made=describe_making(command, options.seed),
        lines=[f"Model: {options.checkpoint}", f"Recordings: {folder}"],
        notes=notes,
    )
    remembering = RememberingModel(model, work_dir / "poses")
    report = collect_report(remembering, recordings, request)
    verdict = report.payload["verdict"]
    for note in (*report.payload["notes"], f"{verdict['headline']}: {verdict['sentence']}"):
        log.info("%s", note)
    return Session(
        model=remembering,
        recordings=recordings,
        report=report,
        data_dir=folder,
        output_dir=options.output_dir,
        savers=make_savers(options),
    )


def check_outside(output_dir: Path, data_dir: Path) -> None:
    """Raise ValueError where what is saved would lie among the recordings, and would be read as one."""
    if output_dir.resolve().is_relative_to(data_dir.resolve()):
        raise ValueError(
            f"output_dir must lie outside of the folder of recordings, but {output_dir} lies in {data_dir}. "
            "Give another."
        )


def make_savers(options: ExploreOptions) -> "Savers":
    """Return how detectors and motifs are written, so that the other commands read them."""
    from htvae.analysis.groups.motif_measures import NamedMotifs
    from htvae.analysis.motifs.motifs import Motifs
    from htvae.analysis.search.clicks import Quality
    from htvae.analysis.search.detector import Detector
    from htvae.app.live.saving import Savers
    from htvae.cli.find.detector_file import save_detector
    from htvae.cli.motifs.files import MODEL_FILE, save_segmenter
    from htvae.inference.model import TrainedModel
    from htvae.utils.files import atomic_write

    def write_detector(path: Path, detector: Detector, quality: Quality, model: TrainedModel) -> None:
        save_detector(path, detector, quality, "filled", model)

    taken = None if options.motifs is None else (options.motifs / MODEL_FILE).read_bytes()

    def write_motifs(path: Path, motifs: NamedMotifs, model: TrainedModel) -> None:
        if taken is None:
            fitted = Motifs(motifs.segmenter, motifs.kind, model.processor.fps, [])
            save_segmenter(path, fitted, None, model)
        else:  # with its activities
            with atomic_write(path) as temporary:
                temporary.write_bytes(taken)

    return Savers(write_detector, write_motifs)
