"""``htvae explore`` from its flags to a served page, and to its end by Ctrl-C."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from htvae.app.live.serving import HOST, NUM_TRIED, PORT, open_socket
from htvae.cli.explore.command import check_outside
from htvae.cli.explore.options import ExploreOptions
from htvae.cli.main import main

SECONDS = 90
"""Most seconds until the page is served, on a busy machine."""


def start(trained: Any, folder: Path, *flags: str) -> tuple[subprocess.Popen[str], str]:
    """Start the command in a process of its own; return it and the address that it prints."""
    argv = ["explore", "--checkpoint", str(trained.checkpoint), "--device", "cpu", "--split", "test"]
    places = ["--output_dir", str(folder / "explore"), "--experiments_dir", str(folder / "runs")]
    with (folder / "errors.txt").open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "htvae", *argv, *places, *flags],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=folder,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    assert address.startswith("http://127.0.0.1:"), (folder / "errors.txt").read_text()
    return process, address


@pytest.fixture(scope="module")
def served(
    trained_with_prior: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[subprocess.Popen[str], httpx.Client, Path]]:
    """A server, and a client that has its token."""
    folder = tmp_path_factory.mktemp("served")
    process, address = start(trained_with_prior, folder)
    base, _, token = address.partition("/?token=")
    headers = {"X-HTVAE-Token": token}
    with process, httpx.Client(base_url=base, headers=headers, timeout=SECONDS) as client:
        yield process, client, folder
        process.kill()


def say(client: httpx.Client, request: bytes) -> bytes:
    """Send bytes to the server as they are, and return the beginning of what comes back."""
    port = client.base_url.port or 0
    with socket.create_connection((HOST, port), SECONDS) as connection:
        with contextlib.suppress(OSError):  # it may hang up before all is sent
            connection.sendall(request)
        return connection.recv(65_536)


def test_the_page_and_its_parts_are_served(served: Any) -> None:
    _, client, _ = served
    token = client.headers["X-HTVAE-Token"]
    page = httpx.get(f"{client.base_url}/?token={token}")
    assert page.status_code == 200 and "script-src 'self'" in page.headers["content-security-policy"]
    assert "server" not in page.headers
    payload = json.loads(re.findall(r'id="report">(.*?)</script>', page.text)[0])
    assert payload["live"]["token"] == token and payload["live"]["canGenerate"] is True
    assert {own["split"] for own in payload["recordings"]} == {"test"}
    (script,) = re.findall(r'<script type="module" src="([^"]+)"></script>', page.text)
    (style,) = re.findall(r'<link rel="stylesheet" href="([^"]+)">', page.text)
    for name, kind in ((script, "text/javascript"), (style, "text/css"), ("page/data.js", "text/javascript")):
        own = httpx.get(f"{client.base_url}/{name}")
        assert own.status_code == 200 and own.headers["content-type"].startswith(kind)
    block = client.get(f"/blocks/{payload['recordings'][0]['poses']}")
    assert block.status_code == 200 and block.headers["content-type"] == "application/octet-stream"


def test_small_answers_come_at_once(served: Any) -> None:
    """Not 40 ms later, as they do where a connection waits for more to send."""
    _, client, _ = served
    took = []
    for _ in range(15):
        began = time.perf_counter()
        assert client.get("/page/dom.js").status_code == 200
        took.append(time.perf_counter() - began)
    assert min(took) < 0.03


def test_raw_paths_and_hosts(served: Any) -> None:
    _, client, _ = served
    own = f"127.0.0.1:{client.base_url.port}".encode()
    token = client.headers["X-HTVAE-Token"].encode()
    for path in (b"/page/../../packing.py", b"/page/..", b"//etc/passwd", b"/blocks/../page.css", b"/../../"):
        for host in (own, b"evil.example"):
            request = b"GET %s HTTP/1.1\r\nHost: %s\r\nX-HTVAE-Token: %s\r\n\r\n" % (path, host, token)
            answer = say(client, request)
            assert answer.split()[1] == (b"404" if host == own else b"403"), (path, answer[:200])
    twice = b"GET / HTTP/1.1\r\nHost: %s\r\nHost: evil.example\r\nX-HTVAE-Token: %s\r\n\r\n" % (own, token)
    assert say(client, twice).split()[1] in (b"400", b"403")
    assert say(client, b"GET / HTTP/1.0\r\nX-HTVAE-Token: %s\r\n\r\n" % token).split()[1] == b"403"
    assert say(client, b"\x16\x03\x01\x00\xff nonsense\r\n\r\n").split()[1] == b"400"


def test_an_endless_body_is_ended(served: Any) -> None:
    _, client, _ = served
    head = b"POST /api/decode HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nX-HTVAE-Token: %s\r\n" % (
        client.base_url.port,
        client.headers["X-HTVAE-Token"].encode(),
    )
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    answer = say(client, head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 100)
    assert not answer or answer.split()[1] == b"413"
    assert client.post("/api/decode", content=b"x" * 1_000_001).status_code == 413
    assert client.get("/api/jobs/none").status_code == 404


def test_only_this_machine_is_listened_to(served: Any) -> None:
    _, client, _ = served
    addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in addresses - {HOST}:
        if not str(address).startswith("127."):
            with pytest.raises(OSError, match=r"refused|timed out|unreachable"):
                socket.create_connection((str(address), client.base_url.port), 2).close()


def test_a_taken_port_is_said(served: Any, capsys: pytest.CaptureFixture[str]) -> None:
    port = served[1].base_url.port
    assert main(["explore", "--port", str(port), "--checkpoint", "none.pt"]) == 1
    said = capsys.readouterr().err
    assert f"{port} cannot be used" in said and "leave out --port" in said and "Traceback" not in said


def test_the_next_free_port_is_taken() -> None:
    with open_socket(None) as first, open_socket(None) as second:
        numbers = [own.getsockname()[1] for own in (first, second)]
        assert PORT <= numbers[0] < numbers[1] < PORT + NUM_TRIED
        assert first.getsockname()[0] == HOST
        with pytest.raises(ValueError, match="cannot be used"):
            open_socket(numbers[0])
    open_socket(numbers[1]).close()


def ask_for_much(client: httpx.Client) -> bytes:
    """Return a request for megabytes, more than a connection holds that nobody reads from."""
    body = json.dumps({"spans": [[0, 0, 30]] * 600}).encode()
    head = (
        f"POST /api/export HTTP/1.1\r\nHost: 127.0.0.1:{client.base_url.port}\r\n"
        f"X-HTVAE-Token: {client.headers['X-HTVAE-Token']}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@pytest.mark.skipif(os.name != "posix", reason="signals as here are POSIX's")
def test_ctrl_c_ends_it_with_a_job_and_a_connection_open(served: Any) -> None:
    """The last test of this server."""
    process, client, folder = served
    wish = {"kind": "generate", "seconds": 600.0, "seed": 1}
    job = client.post("/api/jobs", json=wish).json()["id"]
    while client.get(f"/api/jobs/{job}").json()["state"] == "waiting":
        time.sleep(0.02)
    address = (HOST, client.base_url.port)
    with socket.create_connection(address, 5) as idle, socket.create_connection(address, 5) as unread:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: ")
        unread.sendall(ask_for_much(client))
        assert unread.recv(20).startswith(b"HTTP/1.1 200")
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert time.monotonic() - began < 10  # 1 to 2 seconds on an idle machine
    said = (folder / "errors.txt").read_text()
    assert "Traceback" not in said and "Error" not in said and client.headers["X-HTVAE-Token"] not in said
    assert not (folder / "explore").exists()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--port", "0"], "port must be in [1, 65535], but got 0"),
        (["--port", "70000"], "port must be in"),
        (["--recordings", "0"], "at least 1"),
        (["--seed", "-1"], "seed must be at least 0"),
    ],
)
def test_wrong_flags(flags: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.suppress(SystemExit):
        assert main(["explore", *flags]) != 0
    assert words in re.sub(r"[│\s]+", " ", capsys.readouterr().err)


def test_what_is_saved_lies_outside_of_the_recordings(tmp_path: Path) -> None:
    data = tmp_path / "pose_csvs"
    check_outside(tmp_path / "explore", data)
    check_outside(tmp_path, data)
    for own in (data, data / "explore", data / "x/../explore"):
        with pytest.raises(ValueError, match="must lie outside of the folder of recordings"):
            check_outside(own, data)


def test_without_the_extra_one_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["explore"]) == 1
    assert 'pip install "ht-vae[explore]"' in capsys.readouterr().err


def test_the_usual_folder_is_new() -> None:
    assert ExploreOptions().output_dir == Path("explore") and ExploreOptions().port is None
