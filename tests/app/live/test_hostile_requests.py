"""Requests that nobody's page sends: each is refused with one sentence, and the next one is answered."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from htvae.app.html import read_page
from htvae.app.live.page import build_live_html
from htvae.app.live.server import ROUTES
from tests.app.live.conftest import HEADERS, Client

GOOD: dict[str, dict[str, Any]] = {
    "/api/decode": {"recording": 0, "frame": 3, "shifts": [0.0, 0.0]},
    "/api/jobs": {"kind": "complete", "recording": 0, "start": 3, "stop": 9},
    "/api/find": {"examples": [[0, 3, 20, True]]},
    "/api/detectors": {"name": "x", "examples": [[0, 3, 20, True]]},
    "/api/labels": {"recording": 0, "spans": [[3, 9, "x"]]},
    "/api/motifs": {"names": {"m01": "x"}},
    "/api/export": {"spans": [[0, 3, 9]]},
}
NUMBERS = [
    "-1",
    "1e999",
    "-1e999",
    "NaN",
    "Infinity",
    "9" * 400,
    "9" * 6_000,
    "1.5",
    "true",
    "null",
    '"1"',
    "{}",
]
"""What may stand where a number is expected."""


def test_all_posts_are_tried() -> None:
    assert set(GOOD) == {path for method, path in ROUTES if method == "POST"}


def is_refused(client: Client, path: str, body: bytes, headers: Any = None) -> str:
    """Return the sentence of a refusal; whatever else comes is a fault."""
    own = HEADERS | {"Content-Type": "application/json"} if headers is None else headers
    answer = client.post(path, content=body, headers=own)
    assert answer.status_code in (400, 404, 413, 422), (path, body[:80], answer.status_code, answer.text)
    found = answer.json()
    assert list(found) == ["error"] and "Traceback" not in answer.text and len(answer.text) < 1_000
    sentence: str = found["error"]
    return sentence


@pytest.mark.parametrize("path", GOOD)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 200 + b"]" * 200,
        b'{"recording": 0',
        b"\xff\xfe\x00",
        b"\0",
        b'{"recording": 0, "recording": ' + b"1" * 900_000 + b"}",
        b'"' + b"x" * 900_000 + b'"',
    ],
    ids=lambda body: f"{len(body)}",
)
def test_malformed_bodies(client: Client, path: str, body: bytes) -> None:
    assert is_refused(client, path, body)


@pytest.mark.parametrize("path", GOOD)
def test_every_value_is_checked(client: Client, path: str) -> None:
    """Each value of a body, at any depth, is replaced by each of `NUMBERS`."""
    for place, own in list_places(GOOD[path]):
        for number in NUMBERS:
            mark = "@@"
            body = json.dumps(put(GOOD[path], place, mark)).replace(f'"{mark}"', number).encode()
            is_fine = (
                (number == "null" and place[-1:] == ["landmarks"])
                or (number == "true" and own is True)
                or (number == '"1"' and isinstance(own, str) and place != ["kind"])
            )
            if not is_fine:
                assert is_refused(client, path, body), (place, number)
    for key in GOOD[path]:
        less = {name: value for name, value in GOOD[path].items() if name != key}
        assert is_refused(client, path, json.dumps(less).encode())
    assert is_refused(client, path, json.dumps(GOOD[path] | {"__proto__": 1}).encode())


def list_places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[list[Any], Any]]:
    """Return the places of all values of a body, whole parts included."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    inner = [found for key, part in parts for found in list_places(part, (*at, key))]
    return [*([(list(at), value)] if at else []), *inner]


def put(body: Any, place: list[Any], value: Any) -> Any:
    copy = json.loads(json.dumps(body))
    at = copy
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    return copy


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_forms_of_other_sites_are_not_read(client: Client, kind: str) -> None:
    body = json.dumps(GOOD["/api/labels"]).encode()
    assert is_refused(client, "/api/labels", body, HEADERS | {"Content-Type": kind})


def test_lists_are_bounded(client: Client) -> None:
    for path, wish in {
        "/api/decode": GOOD["/api/decode"] | {"shifts": [0.0] * 100},
        "/api/find": {"examples": [[0, 3, 20, True]] * 501},
        "/api/find ": {"examples": []},
        "/api/detectors": GOOD["/api/detectors"] | {"name": "x" * 201},
        "/api/labels": {"recording": 0, "spans": [[3, 9, "x"]] * 5_001},
        "/api/motifs": {"names": {f"m{i}": "x" for i in range(1_001)}},
        "/api/export": {"spans": [[0, 3, 9]] * 5_001},
        "/api/jobs": {"kind": "generate", "script": "walk:1s," * 600},
    }.items():
        assert is_refused(client, path.strip(), json.dumps(wish).encode())


@pytest.mark.parametrize(
    "wish",
    [
        {"kind": "generate", "seconds": 1e9},
        {"kind": "generate", "seconds": -1},
        {"kind": "generate", "seconds": 0},
        {"kind": "generate", "seed": -1},
        {"kind": "generate", "seed": 2**31},
        {"kind": "generate", "guidance": 1e6},
        {"kind": "continue", "recording": 0, "frame": 3, "seconds": 1e9},
        {"kind": "complete", "recording": 0, "start": 3, "stop": 9, "landmarks": []},
        {"kind": "edit", "recording": 0, "start": 3, "stop": 9, "towards": "a", "strength": 1e30},
        {"kind": "interpolate", "begin": [0, 1], "end": [0, 2]},
        {"kind": "interpolate", "from": [0], "to": [0, 2]},
        {"kind": "train"},
        {"kind": "__class__"},
    ],
)
def test_jobs_out_of_bounds(client: Client, wish: dict[str, Any]) -> None:
    assert is_refused(client, "/api/jobs", json.dumps(wish).encode())


PATHS = [
    "..%2f..%2fhtml.py",
    "%2e%2e%2f%2e%2e%2fpacking.py",
    "....//....//etc/passwd",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "C:%5cWindows%5cwin.ini",
    "main.js%00.txt",
    "main.js/",
    "index.html",
    "tsconfig.json",
    "types.d.ts",
    "",
    "%ff%fe",
    "x" * 5_000,
    "%F0%9F%90%81",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("before", ["/page/", "/blocks/", "/video/", "/api/jobs/", "/", "/api/"])
def test_no_path_reaches_a_file(client: Client, before: str, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = client.request(method, before + path)
        if (before, path) == ("/", ""):
            continue
        assert answer.status_code in (400, 404, 405, 422), (method, before + path, answer.status_code)
        assert "root:" not in answer.text and "def " not in answer.text
        assert list(answer.json()) == ["error"]


@pytest.mark.parametrize("index", ["-1", "10", "9" * 30, "1.5", "nan", "0x0", "٣"])
def test_videos_by_number_alone(client: Client, index: str) -> None:
    assert client.get(f"/video/{index}").status_code in (404, 422)


def test_hostile_names_stay_text_on_the_page(session: Any) -> None:
    title = "</title></script><img src=x onerror=alert(1)>\u2028\ud800"
    text = build_live_html({**session.report.payload, "title": title}, read_page())
    assert "<img src=x" not in text and "&lt;img src=x" in text
    assert text.count("</script>") == 2 and "main.js" not in text.replace("page/main.js", "")
    text.encode("utf-8")


def test_three_clients_at_once(client: Client, session: Any) -> None:
    """Searches, moments, jobs and saved labels of several tabs do not disturb each other."""

    def visit(number: int) -> list[int]:
        own = []
        for turn in range(4):
            wish = {"recording": number, "frame": 10 + turn, "shifts": [0.0] * len(session.directions)}
            own.append(client.post("/api/decode", json=wish))
            own.append(client.post("/api/find", json={"examples": [[number, 8, 30, True]]}))
            spans = [[10, 20 + turn, f"by {number}"]]
            own.append(client.post("/api/labels", json={"recording": number, "spans": spans}))
            own.append(client.post("/api/jobs", json={"kind": "generate", "seconds": 0.2}))
        return [answer.status_code for answer in own]

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(visit, range(3)))
    assert {status for own in found for status in own} <= {200, 409}
    assert all(own.count(200) >= 12 for own in found)
    lines = (session.output_dir / "frame_labels.csv").read_text().splitlines()
    assert len(lines) == 4 and all(line.endswith(f"23,by {i}") for i, line in enumerate(lines[1:]))
    assert [path.name for path in Path(session.output_dir).iterdir()] == ["frame_labels.csv"]


def test_a_fault_is_told_in_the_terminal_alone(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise KeyError("a secret of the program")

    monkeypatch.setattr("htvae.app.live.desk.find_like", fail)
    answer = client.post("/api/find", json={"examples": [[0, 3, 20, True]]})
    assert answer.status_code == 500 and "terminal" in answer.json()["error"] and "secret" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "/api/find could not be answered" in caplog.text and "a secret of the program" in caplog.text
