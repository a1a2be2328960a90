"""Places of results in the files that they come from."""

from typing import Any

from htvae.data.processing import ProcessedSequence


def place_span(processed: ProcessedSequence, start: int, stop: int) -> dict[str, Any]:
    """Return the columns that place model frames start to stop (exclusive) in a recording's file.

    Spans that follow each other without a gap do so in the file, too.
    """
    frames, source = processed.record.source_frames, processed.source
    first = round(float(frames[start]))
    end = round(float(frames[stop])) if stop < len(frames) else source.first_frame + source.num_frames
    fps = source.fps
    return {
        "recording": processed.name,
        "start_frame": first,
        "stop_frame": end,
        "start_second": None if fps is None else first / fps,
        "stop_second": None if fps is None else end / fps,
    }
