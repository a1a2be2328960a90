"""``htvae find``: every place that resembles a span, and a detector of it from answers."""

import difflib
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from htvae.cli.durations import read_span
from htvae.cli.find.options import FindOptions
from htvae.cli.parsing import parse_with_model

if TYPE_CHECKING:
    from htvae.analysis.model import AnalysisModel
    from htvae.analysis.search.search import Query
    from htvae.data.processing import ProcessedSequence
    from htvae.inference.checkpoint import BuildModel

log = logging.getLogger(__name__)

NUM_SAID = 5
"""Places that are printed."""
RATE_REMEDY = "Add --fps FPS, give it in manifest.csv beside the recording, or give frames."


def find(argv: Sequence[str]) -> None:
    """Find every place that resembles a span; learn to detect it."""
    options, build_model = parse_with_model(FindOptions, argv, "htvae find", positional=["query"])
    for path in run_find(options, build_model):
        log.info("%s", path)


def run_find(options: FindOptions, build_model: "BuildModel | None" = None) -> list[Path]:
    """Search, print the best places, learn the detector if one is named, and return the files written."""
    from htvae.analysis.search.search import search
    from htvae.analysis.search.second_looks import find_again
    from htvae.cli.analysis_files import open_recordings
    from htvae.cli.find.cache import open_index
    from htvae.cli.find.files import MOVED, describe_found_again, write_search

    model, recordings = open_recordings(options, build_model)
    query = find_query(options, model, recordings)
    cache_dir = options.experiments_dir / "cache"
    index = open_index(model, recordings, options.features, options.checkpoint, cache_dir)
    began = time.perf_counter()
    found = search(model, index, recordings, query, options.features, options.top)
    seconds = time.perf_counter() - began
    log.info("%d frames searched in %.3f s.", int(index.lengths.sum()), seconds)
    found_again = find_again(model, found, options.features)
    paths, rows = write_search(options, model, recordings, found, found_again, seconds)
    print(f"{len(rows)} places like {query.recording.name} {options.frames}, without overlap.")
    for row in rows[:NUM_SAID]:
        frames = f"{row['start_frame']}:{row['stop_frame']}"
        print(f"  {row['recording']} {frames}  similarity {row['similarity']:.2f}")
    print(describe_found_again(found_again, "places", MOVED))
    if options.detector is None:
        return paths
    from htvae.cli.find.asking import learn_detector

    return paths + learn_detector(options, model, recordings, found)


def find_query(
    options: FindOptions, model: "AnalysisModel", recordings: "Sequence[ProcessedSequence]"
) -> "Query":
    """Return the span that is looked for.

    Raises:
        FileNotFoundError: the query is neither a file nor the name of a recording.
        ValueError: the span is faulty.
    """
    from htvae.analysis.search.search import place_query

    recording = _open_query(options, model, recordings)
    frames = read_span(options.frames, recording.source.fps, "frames", RATE_REMEDY)
    return place_query(recording, frames)


def _open_query(
    options: FindOptions, model: "AnalysisModel", recordings: "Sequence[ProcessedSequence]"
) -> "ProcessedSequence":
    query = options.query
    if query.exists():
        return model.process(query)
    named = {p.name: p for p in recordings}
    for name in (query.as_posix(), query.with_suffix("").as_posix()):
        if name in named:
            return named[name]
    folder = options.data_dir or Path(model.config.data.data_dir)
    for path in (folder / query, folder / f"{query}.csv"):  # of another split
        if path.is_file():
            return model.process(path)
    near = difflib.get_close_matches(query.with_suffix("").as_posix(), named, 3) or sorted(named)[:3]
    raise FileNotFoundError(
        f"query must be a file or the name of a recording that is searched, but {query} is neither. "
        f"Names are like {', '.join(near)}."
    )
