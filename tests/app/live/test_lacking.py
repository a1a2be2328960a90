"""Models without a prior, recordings without labels, frame rate or videos: the page does without them."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import htvae
from htvae.app.collect.report import ReportRequest, collect_report
from htvae.app.live.server import build_app
from htvae.app.live.session import Session
from htvae.app.live.videos import find_video
from htvae.app.remembering import RememberingModel
from htvae.app.writing import describe_making
from htvae.cli.explore.command import make_savers
from htvae.cli.explore.options import ExploreOptions
from tests.app.live.conftest import HEADERS, PORT, SCORED, TOKEN, Client


def serve(model: Any, sources: Any, data_dir: Path, folder: Path) -> tuple[Client, Session]:
    remembering = RememberingModel(model, folder / "poses")
    recordings = [model.process(own) for own in sources]
    request = ReportRequest(made=describe_making("htvae explore", 0), scored=SCORED)
    report = collect_report(remembering, recordings, request)
    session = Session(
        model=remembering,
        recordings=recordings,
        report=report,
        data_dir=data_dir,
        output_dir=folder / "explore",
        savers=make_savers(ExploreOptions(output_dir=folder / "explore")),
    )
    return Client(build_app(session, TOKEN, PORT)), session


def read_payload(client: Client) -> Any:
    return json.loads(re.findall(r'id="report">(.*?)</script>', client.get("/").text)[0])


def test_without_a_prior_labels_and_subjects(trained: Any, make_walk: Any, tmp_path: Path) -> None:
    model = htvae.load(trained.checkpoint, "cpu")
    client, _ = serve(model, [make_walk(0, 70), make_walk(1, 60)], tmp_path, tmp_path)
    live = read_payload(client)["live"]
    assert live["canGenerate"] is False and live["labels"] == [] and live["towards"] == []
    assert live["video"] == [False, False] and live["detectors"] == []
    for wish, words in (
        ({"kind": "generate", "seconds": 1.0}, "must have a prior"),
        ({"kind": "continue", "recording": 0, "frame": 40}, "must have a prior"),
        (
            {"kind": "edit", "recording": 0, "start": 0, "stop": 20, "towards": "walk"},
            "Known for label: none",
        ),
        ({"kind": "generate", "label": 0}, "label must be one of the 0"),
    ):
        told = client.finish(client.post("/api/jobs", json=wish))
        assert told["state"] == "failed" and words in told["error"]
    job = client.post("/api/jobs", json={"kind": "complete", "recording": 0, "start": 30, "stop": 40})
    assert client.finish(job)["state"] == "done"
    about = json.loads(client.get(f"/api/jobs/{job.json()['id']}/clip").headers["X-Clip"])
    assert about["arrays"] == ["pose", "given"]  # without a prior there is no band
    answer = client.post("/api/labels", json={"recording": 1, "spans": [[0, 9, "first"]]})
    assert answer.status_code == 200
    assert read_payload(client)["labels"] == ["first"]
    assert client.post("/api/find", json={"examples": [[0, 3, 30, True]]}).status_code == 200


def test_without_a_frame_rate_lengths_are_frames(
    trained_with_prior: Any, make_walk: Any, tmp_path: Path
) -> None:
    model = htvae.load(trained_with_prior.checkpoint, "cpu")
    model.processor.fps = None
    client, session = serve(
        model, [make_walk(0, 70, fps=None), make_walk(1, 60, fps=None)], tmp_path, tmp_path
    )
    assert session.clock.rate is None and read_payload(client)["recordings"][0]["fps"] is None
    for wish, count in (
        ({"kind": "generate", "seconds": 25}, 25),
        ({"kind": "continue", "recording": 0, "frame": 49, "seconds": 10}, 30 + 10),
        ({"kind": "interpolate", "from": [0, 0], "to": [1, 5], "seconds": 20}, 20),
        ({"kind": "complete", "recording": 0, "start": 40, "stop": 45}, 30 + 5 + 25),
    ):
        job = client.post("/api/jobs", json=wish)
        told = client.finish(job)
        assert told["state"] == "done", told
        about = json.loads(client.get(f"/api/jobs/{job.json()['id']}/clip").headers["X-Clip"])
        assert (about["rate"], about["count"], about["fps"]) == (1.0, count, None)
    shifts = [0.0] * len(session.directions)
    answer = client.post("/api/decode", json={"recording": 0, "frame": 3, "shifts": shifts})
    assert json.loads(answer.headers["X-Clip"])["rate"] == 1.0


def test_a_recording_without_motifs_is_renamed_in_words(trained: Any, make_walk: Any, tmp_path: Path) -> None:
    model = htvae.load(trained.checkpoint, "cpu")
    client, session = serve(model, [make_walk(0, 33)], tmp_path, tmp_path)
    assert session.report.motifs is None and read_payload(client)["motifs"] == []
    answer = client.post("/api/motifs", json={"names": {"m01": "walk"}})
    assert answer.status_code == 400 and "m01 is none" in answer.json()["error"]
    none = [0.0] * len(session.directions)
    answer = client.post("/api/decode", json={"recording": 0, "frame": 32, "shifts": none})
    assert answer.status_code == 200


class TestVideos:
    def test_ranges_of_a_video(self, trained: Any, make_walk: Any, tmp_path: Path) -> None:
        content = bytes(range(256)) * 100
        (tmp_path / "videos").mkdir()
        (tmp_path / "videos/walk ü.mp4").write_bytes(content)
        covariates = {"video": "videos/walk ü.mp4", "video_offset": "1.5"}
        sources = [replace(make_walk(0, 40), covariates=covariates), make_walk(1, 40)]
        client, _ = serve(htvae.load(trained.checkpoint, "cpu"), sources, tmp_path, tmp_path)
        live = read_payload(client)["live"]
        assert live["video"] == [True, False] and live["offsets"] == [1.5, 0.0]
        address = f"/video/0?token={TOKEN}"
        whole = client.get(address, headers={})
        assert whole.content == content and whole.headers["content-type"] == "video/mp4"
        assert whole.headers["accept-ranges"] == "bytes"
        part = client.get(address, headers={"Range": "bytes=100-199"})
        assert part.status_code == 206 and part.content == content[100:200]
        assert part.headers["content-range"] == f"bytes 100-199/{len(content)}"
        end = client.get(address, headers={"Range": "bytes=-10"})
        assert end.status_code == 206 and end.content == content[-10:]
        assert client.get(address, headers={"Range": "bytes=9999999-"}).status_code == 416
        for nonsense in ("bytes=9-1", "bytes=x", "lines=1-2", "bytes=" + "0-1," * 500 + "5-6"):
            answer = client.get(address, headers={"Range": nonsense})
            assert answer.status_code in (200, 206, 400, 416) and "Traceback" not in answer.text
        assert client.get("/video/0", headers={}).status_code == 403
        assert client.get("/video/1", headers=HEADERS).status_code == 404
        (tmp_path / "videos/walk ü.mp4").unlink()
        assert client.get(address, headers={}).status_code == 404

    @pytest.mark.parametrize(
        "name", ["", "absent.mp4", "manifest.csv", "/etc/passwd", ".", "a\0.mp4", "x" * 400 + ".mp4"]
    )
    def test_what_is_no_video(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "manifest.csv").write_text("file")
        assert find_video(tmp_path, {"video": name}) is None

    @pytest.mark.parametrize(("text", "offset"), [("", 0), ("nan", 0), ("inf", 0), ("-2.5", -2.5), ("x", 0)])
    def test_offsets(self, tmp_path: Path, text: str, offset: float) -> None:
        (tmp_path / "a.WEBM").write_bytes(b"x")
        video = find_video(tmp_path, {"video": "a.WEBM", "video_offset": text})
        assert video is not None and video.offset == offset and video.kind == "video/webm"
