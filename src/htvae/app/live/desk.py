"""The answers to the page's requests, one method each; what they do lives in modules of its own."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

from fastapi import Body, Response
from fastapi.responses import FileResponse, HTMLResponse, StreamingResponse

from htvae.app.live.answers import refuse_unknown, send_clip
from htvae.app.live.bodies import Decode, Export, Find, SaveDetector, SaveLabels, SaveMotifs, Wish
from htvae.app.live.decoding import decode_moment
from htvae.app.live.detectors import save_detector
from htvae.app.live.exporting import FILE_NAME, export_spans
from htvae.app.live.finding import Marked, find_like
from htvae.app.live.jobs import Job, JobQueue
from htvae.app.live.motif_names import MotifNames
from htvae.app.live.page import build_live_html, list_modules
from htvae.app.live.painted import PaintedLabels
from htvae.app.live.saving import Shelf
from htvae.app.live.session import Session
from htvae.app.live.wishes import describe_wish, fulfil, name_recordings


class Desk:
    """Answers requests that have passed the guard.

    Args:
        session: model, recordings, report.
        token: put into the page.
        page: the page's files by name.
    """

    def __init__(self, session: Session, token: str, page: Mapping[str, str]) -> None:
        self._session, self._token, self._page = session, token, page
        self._modules = list_modules(page)
        self._shelf = Shelf()
        self._labels, self._motifs = PaintedLabels(session, self._shelf), MotifNames(session, self._shelf)
        self.jobs = JobQueue()

    def show_page(self) -> Response:
        """Send the page."""
        report = self._motifs.update(self._labels.update(self._session.describe(self._token)))
        return HTMLResponse(build_live_html(report, self._page))

    def send_module(self, name: str) -> Response:
        """Send a module, or the style, of the page."""
        if name not in self._modules:
            raise refuse_unknown("This part of the page")
        content, kind = self._modules[name]
        return Response(content, media_type=kind)

    def send_block(self, name: str) -> Response:
        """Send packed numbers."""
        if name not in self._session.blocks:
            raise refuse_unknown("This part of the report")
        return Response(self._session.blocks[name], media_type="application/octet-stream")

    def send_video(self, index: int) -> Response:
        """Send a recording's source video, or the range of its bytes that is asked for."""
        videos = self._session.videos
        video = videos[index] if 0 <= index < len(videos) else None
        if video is None or not video.path.is_file():
            raise refuse_unknown("The video of this recording")
        return FileResponse(video.path, media_type=video.kind)

    def decode(self, wish: Decode) -> Response:
        """Send a moment whose latents are moved."""
        self._check_recording(wish.recording)
        return send_clip(decode_moment(self._session, wish.recording, wish.frame, wish.shifts).pack())

    def start_job(self, wish: Annotated[Wish, Body()]) -> dict[str, str]:
        """Put a job into the queue."""
        for index in name_recordings(wish):
            self._check_recording(index)
        return {"id": self.jobs.submit(describe_wish(wish), partial(fulfil, self._session, wish)).id}

    def tell_job(self, job_id: str) -> dict[str, object]:
        """Tell how far a job is."""
        return self._find_job(job_id).describe()

    def cancel_job(self, job_id: str) -> dict[str, object]:
        """Cancel a job."""
        job = self._find_job(job_id)
        self.jobs.cancel(job)
        return job.describe()

    def send_job(self, job_id: str) -> Response:
        """Send what a job has made."""
        job = self._find_job(job_id)
        if job.clip is None:
            raise refuse_unknown("The result of this job")
        return send_clip(job.clip)

    def find(self, wish: Find) -> dict[str, object]:
        """Search by examples."""
        self._check_examples(wish.examples)
        found = find_like(self._session, wish.examples)
        return {"hits": found.hits, "text": found.text}

    def save_detector(self, wish: SaveDetector) -> dict[str, str]:
        """Learn a detector and save it."""
        self._check_examples(wish.examples)
        return _say_file(*save_detector(self._session, self._shelf, wish.name, wish.examples))

    def save_labels(self, wish: SaveLabels) -> dict[str, str]:
        """Save a recording's labels."""
        self._check_recording(wish.recording)
        return _say_file(*self._labels.save(wish.recording, wish.spans))

    def save_motifs(self, wish: SaveMotifs) -> dict[str, str]:
        """Save the names of motifs."""
        return _say_file(*self._motifs.save(wish.names))

    def export(self, wish: Export) -> Response:
        """Send spans as CSV."""
        for index, _, _ in wish.spans:
            self._check_recording(index)
        headers = {"Content-Disposition": f'attachment; filename="{FILE_NAME}"'}
        return StreamingResponse(export_spans(self._session, wish.spans), 200, headers, "text/csv")

    def _check_examples(self, examples: Sequence[Marked]) -> None:
        for index, *_ in examples:
            self._check_recording(index)

    def _find_job(self, job_id: str) -> Job:
        job = self.jobs.find(job_id)
        if job is None:
            raise refuse_unknown("This job")
        return job

    def _check_recording(self, index: int) -> None:
        if index >= len(self._session.recordings):
            raise refuse_unknown("This recording")


def _say_file(path: Path, text: str) -> dict[str, str]:
    return {"file": str(path), "text": text}
