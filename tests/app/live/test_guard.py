"""Who may ask: every route, also those of tomorrow, is closed to other hosts, sites and tokens."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from htvae.app.live.guard import MOST_BYTES, OPEN, Guard
from htvae.app.live.server import ROUTES
from tests.app.live.conftest import HEADERS, PORT, TOKEN


def all_routes(app: Guard) -> Iterator[tuple[str, str]]:
    """Yield method and a path of every route that the application has, whoever added it."""
    inner: Any = app.app
    for route in inner.routes:
        path = route.path.format(name="x.js", job_id="1", index=0)
        for method in route.methods:
            yield method, path


def test_the_table_lists_all_routes(app: Guard) -> None:
    inner: Any = app.app
    assert {(m, r.path) for r in inner.routes for m in r.methods} == set(ROUTES)
    assert not {route.path for route in inner.routes} & {"/docs", "/redoc", "/openapi.json"}


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        TOKEN[:-1],
        TOKEN + "x",
        TOKEN.upper(),
        "ä",
    ],
)
def test_each_route_needs_the_token(app: Guard, client: Any, given: str | None) -> None:
    headers = {} if given is None else {"X-HTVAE-Token": given.encode()}
    for method, path in all_routes(app):
        answer = client.request(method, path, headers=headers)
        if path.startswith(OPEN):
            assert answer.status_code == 404
            continue
        assert answer.status_code == 403, (method, path)
        assert "token" in answer.json()["error"]
        in_query = client.request(method, f"{path}?token={given or ''}", headers={})
        assert in_query.status_code == 403, (method, path)


def test_the_query_holds_the_token_for_page_and_video_alone(app: Guard, client: Any) -> None:
    for method, path in all_routes(app):
        answer = client.request(method, f"{path}?token={TOKEN}", headers={})
        opened = path == "/" or path.startswith(("/video/", OPEN))
        assert (answer.status_code != 403) == opened, (method, path)
        twice = client.request(method, f"{path}?token={TOKEN}&token=x", headers={})
        assert twice.status_code == (404 if path.startswith(OPEN) else 403)
    both = client.request("GET", f"/?token={TOKEN}", headers=[("X-HTVAE-Token", "x")])
    assert both.status_code == 403


@pytest.mark.parametrize("path", ["/", "/video/0"])
@pytest.mark.parametrize(
    "query", [f"token={TOKEN}" + "&a=1" * 16, "&" * 30_000, "=" * 1_000, "token=%ff%fe", "token=%00", "%%%;;"]
)
def test_strange_queries(client: Any, path: str, query: str) -> None:
    answer = client.request("GET", f"{path}?{query}", headers={})
    assert answer.status_code == 403 and "token" in answer.json()["error"]
    assert client.request("GET", f"/?token={TOKEN}" + "&a=1" * 15, headers={}).status_code == 200


def test_two_tokens_are_none(client: Any) -> None:
    headers = [("X-HTVAE-Token", TOKEN), ("X-HTVAE-Token", TOKEN)]
    assert client.request("GET", "/api/jobs/1", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        f"evil.example:{PORT}",
        "127.0.0.1",
        f"127.0.0.1:{PORT + 1}",
        f"127.0.0.1.evil.example:{PORT}",
        f"127.0.0.1:{PORT}.evil.example",
        f"user@127.0.0.1:{PORT}",
        f"[::1]:{PORT}",
        f"0.0.0.0:{PORT}",
        f"2130706433:{PORT}",
        "",
    ],
)
def test_another_host_is_refused_everywhere(app: Guard, client: Any, host: str) -> None:
    for method, path in all_routes(app):
        answer = client.request(method, f"{path}?token={TOKEN}", headers=HEADERS | {"Host": host})
        assert answer.status_code == 403 and "127.0.0.1" in answer.json()["error"], (method, path)


def test_both_own_names_are_answered(client: Any) -> None:
    for host in (f"127.0.0.1:{PORT}", f"localhost:{PORT}", f"LOCALHOST:{PORT}"):
        assert client.get("/", headers=HEADERS | {"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "name_and_value",
    [
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Origin", ""),
        ("Origin", f"https://127.0.0.1:{PORT}"),
        ("Origin", f"http://127.0.0.1:{PORT + 1}"),
        ("Origin", f"http://127.0.0.1:{PORT}.evil.example"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Sec-Fetch-Site", "SAME-ORIGIN, cross-site"),
    ],
)
def test_another_site_is_refused_everywhere(app: Guard, client: Any, name_and_value: tuple[str, str]) -> None:
    for method, path in all_routes(app):
        answer = client.request(method, f"{path}?token={TOKEN}", headers=HEADERS | dict([name_and_value]))
        assert answer.status_code == 403 and "Another site" in answer.json()["error"], (method, path)


def test_the_page_itself_is_answered(client: Any) -> None:
    for further in (
        {"Origin": f"http://127.0.0.1:{PORT}", "Sec-Fetch-Site": "same-origin"},
        {"Origin": f"http://localhost:{PORT}"},
        {"Sec-Fetch-Site": "none"},
    ):
        assert client.get("/", headers=HEADERS | further).status_code == 200


def test_every_answer_has_the_headers(app: Guard, client: Any) -> None:
    asked = [("GET", "/nothing"), ("PUT", "/api/jobs"), ("OPTIONS", "/api/jobs"), *all_routes(app)]
    for method, path in asked:
        for headers in (HEADERS, {}):
            answer = client.request(method, path, headers=headers)
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "no-referrer"
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy and "unsafe" not in policy and "script-src 'self'" in policy
            assert not [name for name in answer.headers if name.startswith("access-control")]


def send_raw(app: Guard, parts: list[bytes], headers: list[tuple[bytes, bytes]]) -> tuple[int, Any, int]:
    """Send a body in parts, as chunked bodies come, and return status, answer, and the parts not taken."""
    left, sent = list(parts), []

    async def receive() -> Any:
        body = left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    async def send(message: Any) -> None:
        sent.append(message)

    own = [(b"host", f"127.0.0.1:{PORT}".encode()), (b"x-htvae-token", TOKEN.encode()), *headers]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/decode",
        "raw_path": b"/api/decode",
        "query_string": b"",
        "headers": own,
        "http_version": "1.1",
        "scheme": "http",
        "server": ("127.0.0.1", PORT),
        "client": ("127.0.0.1", 5),
        "root_path": "",
    }
    asyncio.run(app(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], json.loads(body), len(left)


def test_a_huge_body_is_refused_unread(app: Guard) -> None:
    status, answer, left = send_raw(app, [b"x"] * 3, [(b"content-length", b"1000000001")])
    assert (status, left) == (413, 3) and "1,000,000 bytes" in answer["error"]
    for nonsense in (b"-1", b"1e9", b"9" * 400, b"", b"\xff"):
        assert send_raw(app, [b"x"] * 3, [(b"content-length", nonsense)])[0] == 413


def test_an_endless_chunked_body_is_left(app: Guard) -> None:
    part = b"x" * 65_536
    status, _, left = send_raw(app, [part] * 1_000, [(b"transfer-encoding", b"chunked")])
    assert status == 413 and left == 1_000 - (MOST_BYTES // len(part) + 1)
    assert send_raw(app, [b'{"recordi', b'ng": 0}'], [])[0] == 422  # read whole, then judged


def test_a_body_that_lies_about_its_size_is_left(app: Guard) -> None:
    assert send_raw(app, [b"x" * 600_000] * 3, [(b"content-length", b"10")])[0] == 413


def test_a_socket_of_the_web_is_not_answered(app: Guard) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    asyncio.run(app({"type": "websocket", "path": "/", "headers": []}, receive, send))
    assert sent == []
