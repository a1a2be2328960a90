"""What a request must be to be answered at all: of this machine, of this page, with its token, and small.

It stands around the whole application, so that no route can be forgotten. A page of another site that this
browser has open can send requests here, too, and by a name that it lets point here (DNS rebinding): hence the
checks of Host, Origin and Sec-Fetch-Site beside the token.

The names of the protocol: ``scope`` is the request's head, ``receive`` its body, ``send`` the answer (ASGI).
"""

import json
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

MOST_BYTES = 1_000_000
"""Largest body of a request."""
MOST_FIELDS = 16
"""Parts of a query."""
TOKEN_HEADER = b"x-htvae-token"
OPEN = "/page/"
"""Paths that begin so need no token: the package's own modules, which say nothing of anybody."""
BY_QUERY = ("/video/",)
"""Paths that begin so, and ``/``, may have the token in the query: browsers ask for these themselves."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
"""Headers of every answer."""


class Guard:
    """An application behind these checks.

    Args:
        app: what answers the requests that pass.
        port: the port that is listened to.
        token: what only the page that was opened from the terminal knows.
    """

    def __init__(self, app: App, port: int, token: str) -> None:
        self.app, self.token = app, token.encode()
        names = ("127.0.0.1", "localhost")
        self.hosts = {f"{name}:{port}".encode() for name in names}
        self.origins = {b"http://" + host for host in self.hosts}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it with one sentence."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        refusal = self._judge(scope)
        if refusal:
            await refuse(send, 403, refusal)
            return
        body = await _read(receive) if _declared_size(scope) <= MOST_BYTES else None
        if body is None:
            await refuse(send, 413, f"A request must have at most {MOST_BYTES:,} bytes, but this has more.")
            return
        await self.app(scope, _replay(body, receive), _with_headers(send))

    def _judge(self, scope: Message) -> str:
        """Return why a request is refused; empty where it is not."""
        hosts, origins, sites, tokens = (
            [value for key, value in scope["headers"] if key == name]
            for name in (b"host", b"origin", b"sec-fetch-site", TOKEN_HEADER)
        )
        if len(hosts) != 1 or hosts[0].lower() not in self.hosts:
            return "This page answers at 127.0.0.1 alone. Open the address that the terminal shows."
        is_foreign = any(origin not in self.origins for origin in origins)
        if is_foreign or any(site not in (b"same-origin", b"none") for site in sites):
            return "Another site asked for this. Open the address that the terminal shows."
        path = scope["path"]
        if path.startswith(OPEN):
            return ""
        if path == "/" or path.startswith(BY_QUERY):
            tokens = [*tokens, *_tokens_of(scope["query_string"])]
        if len(tokens) != 1 or not secrets.compare_digest(tokens[0], self.token):
            return "The token is missing or wrong. Open the address that the terminal shows, token included."
        return ""


async def refuse(send: Send, status: int, sentence: str) -> None:
    """Send one sentence as the answer."""
    content = json.dumps({"error": sentence}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    send = _with_headers(send)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def _tokens_of(query: bytes) -> list[bytes]:
    """Return the tokens of a query; none where it has too many parts to be this page's."""
    try:
        parts = parse_qs(query.decode("latin-1"), max_num_fields=MOST_FIELDS)
    except ValueError:
        return []
    return [token.encode() for token in parts.get("token", [])]


def _declared_size(scope: Message) -> int:
    """Return the size that a request says it has; 0 where it says none, too much where it says nonsense."""
    sizes = [value for key, value in scope["headers"] if key == b"content-length"]
    if not sizes:
        return 0
    return int(sizes[0]) if sizes[0].isdigit() and len(sizes[0]) < 10 else MOST_BYTES + 1


async def _read(receive: Receive) -> bytes | None:
    """Return the body; None where it is too large, whatever the request said."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            return None
        if not message.get("more_body", False):
            return body


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return what hands out the body that was read, then what comes later."""
    parts = [body]

    async def replay() -> Message:
        if parts:
            return {"type": "http.request", "body": parts.pop(), "more_body": False}
        return await receive()

    return replay


def _with_headers(send: Send) -> Send:
    own = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
    names = {name for name, _ in own}

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [(key, value) for key, value in message.get("headers", ()) if key.lower() not in names]
            message = {**message, "headers": [*kept, *own]}
        await send(message)

    return send_with_headers
