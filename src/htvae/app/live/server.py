"""The server of the live page: which request is answered by what.

No route takes a path: recordings are named by their number, files of the page by their name among those that
were read at the start.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from htvae.app.html import read_page
from htvae.app.live.answers import add_error_answers
from htvae.app.live.desk import Desk
from htvae.app.live.guard import Guard
from htvae.app.live.session import Session

ROUTES = {
    ("GET", "/"): "show_page",
    ("GET", "/page/{name}"): "send_module",
    ("GET", "/blocks/{name}"): "send_block",
    ("GET", "/video/{index}"): "send_video",
    ("POST", "/api/decode"): "decode",
    ("POST", "/api/jobs"): "start_job",
    ("GET", "/api/jobs/{job_id}"): "tell_job",
    ("DELETE", "/api/jobs/{job_id}"): "cancel_job",
    ("GET", "/api/jobs/{job_id}/clip"): "send_job",
    ("POST", "/api/find"): "find",
    ("POST", "/api/detectors"): "save_detector",
    ("POST", "/api/labels"): "save_labels",
    ("POST", "/api/motifs"): "save_motifs",
    ("POST", "/api/export"): "export",
}
"""Method and path of each request, and the method of `Desk` that answers it."""


def build_app(session: Session, token: str, port: int) -> Guard:
    """Return the application: the routes behind the guard.

    Args:
        session: model, recordings, report.
        token: what every request but those for modules must have.
        port: the port that is listened to.
    """
    desk = Desk(session, token, read_page())

    @asynccontextmanager
    async def end_jobs(_: FastAPI) -> AsyncIterator[None]:
        yield
        desk.jobs.close()

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False, lifespan=end_jobs)
    add_error_answers(app)
    for (method, path), name in ROUTES.items():
        app.add_api_route(path, getattr(desk, name), methods=[method], response_model=None)
    return Guard(app, port, token)
