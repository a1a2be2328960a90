"""The live page of a tiny model with a prior, asked in this process."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

import htvae
from htvae.app.collect.report import ReportRequest, collect_report
from htvae.app.collect.scores import Scored
from htvae.app.live.guard import Guard
from htvae.app.live.server import build_app
from htvae.app.live.session import Session
from htvae.app.remembering import RememberingModel
from htvae.app.writing import describe_making
from htvae.cli.explore.command import make_savers
from htvae.cli.explore.options import ExploreOptions
from htvae.data.loader import PoseDataLoader
from htvae.poses.sequence import FrameLabel

TOKEN, PORT = "a-token-of-tests", 8417
HEADERS = {"X-HTVAE-Token": TOKEN}
SCORED = Scored(figures={"mpjpe": 0.1, "pca_mpjpe": 0.2}, split="test", num_recordings=3, source="given")


@pytest.fixture(scope="session")
def reported(trained_with_prior: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ...]:
    """Return model, recordings and report: the first has labelled spans, the second begins at frame 7."""
    model = RememberingModel(
        htvae.load(trained_with_prior.checkpoint, "cpu"), tmp_path_factory.mktemp("live") / "poses"
    )
    first, second, *rest = PoseDataLoader(trained_with_prior.config).sequences
    spans = (FrameLabel(0, 20, "wave"), FrameLabel(25, 40, "nod"))
    sources = [replace(first, frame_labels=spans), replace(second, first_frame=7), *rest]
    recordings = [model.process(own) for own in sources]
    request = ReportRequest(made=describe_making("htvae explore", 0), scored=SCORED)
    return model, recordings, collect_report(model, recordings, request)


@pytest.fixture
def session(reported: tuple[Any, ...], trained_with_prior: Any, tmp_path: Path) -> Session:
    model, recordings, report = reported
    return Session(
        model=model,
        recordings=recordings,
        report=report,
        data_dir=trained_with_prior.folder,
        output_dir=tmp_path / "explore",
        savers=make_savers(ExploreOptions(output_dir=tmp_path / "explore")),
    )


@pytest.fixture
def app(session: Session) -> Guard:
    return build_app(session, TOKEN, PORT)


class Client:
    """Asks an application in this process, without a socket."""

    def __init__(self, app: Guard) -> None:
        self.app = app

    def request(self, method: str, path: str, headers: Any = None, **wish: Any) -> httpx.Response:
        """Return the answer; ``headers`` None are those of the page itself."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            own = HEADERS if headers is None else headers
            async with httpx.AsyncClient(transport=transport, base_url=f"http://127.0.0.1:{PORT}") as client:
                return await client.request(method, path, headers=own, **wish)

        return asyncio.run(ask())

    def get(self, path: str, **wish: Any) -> httpx.Response:
        """Return the answer."""
        return self.request("GET", path, **wish)

    def post(self, path: str, **wish: Any) -> httpx.Response:
        """Return the answer."""
        return self.request("POST", path, **wish)

    def delete(self, path: str, **wish: Any) -> httpx.Response:
        """Return the answer."""
        return self.request("DELETE", path, **wish)

    def finish(self, job: httpx.Response) -> dict[str, Any]:
        """Wait for the end of a job that was started, and return what is told of it."""
        assert job.status_code == 200, job.text
        for _ in range(1_000):
            told: dict[str, Any] = self.get(f"/api/jobs/{job.json()['id']}").json()
            if told["state"] not in ("waiting", "running"):
                return told
            time.sleep(0.02)
        raise AssertionError("The job did not end.")


@pytest.fixture
def client(app: Guard) -> Client:
    return Client(app)


@pytest.fixture
def read_clip() -> Callable[[Any], dict[str, Any]]:
    """Return what reads an answer's clip as the page does, in torso lengths."""

    def read(answer: Any) -> dict[str, Any]:
        import json

        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/octet-stream"
        about = json.loads(answer.headers["X-Clip"])
        shape = (about["count"], about["landmarks"], about["coordinates"])
        found, at = dict(about), 0
        for name in about["arrays"]:
            kind, own = (np.uint8, shape[:2]) if name == "given" else ("<i2", shape)
            size = int(np.prod(own)) * np.dtype(kind).itemsize
            part = np.frombuffer(answer.content[at : at + size], kind).reshape(own)
            found[name] = part.astype(bool) if name == "given" else part * about["scale"]
            at += size
        assert at == len(answer.content)
        return found

    return read
