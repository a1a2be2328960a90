"""A server that answers as `htvae explore` does, without a model: by formula. It keeps what it was asked."""

import contextlib
import json
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

from htvae.app.html import SCRIPT_PLACE, STYLE_PLACE, join_modules, reach_modules, read_page, to_json
from htvae.app.packing import DIGITS
from tests.app.page.made_up import LANDMARKS, PLACES, RATE, SCALE, MadeUp

Array = np.ndarray

TOKEN = "token-of-tests"
COUNT = 20
"""Poses of a clip."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
ENDLESS, FAILING = 999, 666
"""Seeds of a job that does not end, and of one that fails."""
TOLD = (
    "Precision on new subjects 0.80 (0.40 to 0.97, from 5 answers). Recall is unknown. No clip was checked."
)
FOUND = [[1, 60, 120, 0.91], [2, 0, 60, 0.8], [0, 300, 360, 0.44]]


def bend(shifts: list[float]) -> Array:
    """Return poses (F, L, D) that sliders make: each moves one point to the right."""
    pose = np.repeat(PLACES[None, :, :2], COUNT, axis=0)
    pose[:, 0, 1] += 0.1 * np.sin(np.arange(COUNT))
    for point, shift in enumerate(shifts):
        pose[:, point, 0] += 0.1 * shift
    return pose


@dataclass(eq=False)
class Stub:
    """The server, and what it was asked."""

    report: MadeUp
    asked: list[tuple[str, Any]] = field(default_factory=list)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    looks: dict[str, int] = field(default_factory=dict)
    connections: list[socket.socket] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page = read_page()
        self.page["joined.js"] = join_modules(
            reach_modules(self.page, "explore.js")
        )  # one request, not sixty
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._build_handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.server.server_address[1]}/?token={TOKEN}"

    def stop(self) -> None:
        """End the server, as Ctrl-C does."""
        self.server.shutdown()
        self.server.server_close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def last(self, path: str) -> Any:
        """Return what was sent to a path last."""
        return [content for own, content in self.asked if own == path][-1]

    def index(self) -> str:
        """Return the page."""
        data = f'<script type="application/json" id="report">{to_json(self.report.payload)}</script>'
        script = '<script type="module" src="page/joined.js"></script>'
        text = self.page["index.html"].replace(STYLE_PLACE, '<link rel="stylesheet" href="page/page.css">')
        return text.replace(SCRIPT_PLACE, f"{data}\n{script}")

    def answer(self, method: str, path: str, content: Any) -> tuple[int, Any, dict[str, str]]:
        """Return status, content and headers."""
        if path == "api/decode":
            return 200, *self._clip(bend(content["shifts"]), first=content["frame"] // 60 * 60)
        if path == "api/jobs":
            name = f"job{len(self.jobs)}"
            self.jobs[name] = content
            return 200, {"id": name}, {}
        if path.endswith("/clip"):
            return 200, *self._result(self.jobs[path.split("/")[2]])
        if path.startswith("api/jobs/"):
            return 200, self._look(path.split("/")[2], method), {}
        if path == "api/find":
            yes = sum(example[3] for example in content["examples"])
            text = f"learned from {yes} yes. {TOLD}"
            return 200, {"hits": FOUND, "text": text}, {}
        if path == "api/export":
            return 200, b"recording,frame\nann_1,60\n", {}
        if path == "api/labels" and content["spans"] and content["spans"][0][2] == "refused":
            return 422, {"error": "This label is refused."}, {}
        return 200, {"file": "out.csv", "text": f"Saved in explore/{path.split('/')[1]}."}, {}

    def _look(self, name: str, method: str) -> dict[str, Any]:
        wish = self.jobs[name]
        looks = self.looks[name] = self.looks.get(name, 0) + 1
        state = {
            "state": "running",
            "progress": min(0.3 * looks, 1),
            "secondsLeft": 7,
            "text": "",
            "error": None,
        }
        if method == "DELETE" or wish.get("cancelled"):
            wish["cancelled"] = True
            return state | {"state": "cancelled"}
        if wish.get("seed") == ENDLESS:
            return state | {"progress": 0.4}
        if looks == 1:
            return state | {"state": "waiting", "progress": 0, "secondsLeft": None}
        if wish.get("seed") == FAILING:
            return state | {"state": "failed", "error": "The model had no idea."}
        return state if looks < 4 else state | {"state": "done", "progress": 1}

    def _result(self, wish: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
        if wish["kind"] == "generate":
            return self._clip(bend([]))
        given = np.ones((COUNT, len(LANDMARKS)), np.uint8)
        given[COUNT // 2 :, wish.get("landmarks") or slice(None)] = 0
        return self._clip(bend([]), given=given)

    def _clip(self, pose: Array, given: Array | None = None, **more: Any) -> tuple[bytes, dict[str, str]]:
        steps = np.rint(pose / SCALE).astype("<i2")
        head = {"rate": RATE, "scale": SCALE, "count": COUNT, "landmarks": len(LANDMARKS), "coordinates": 2}
        arrays, content = ["pose"], steps.tobytes()
        if given is not None:
            arrays += ["low", "high", "given"]
            content += (steps - 20).tobytes() + (steps + 20).tobytes() + given.tobytes()
        return content, {"X-Clip": json.dumps(head | {"arrays": arrays} | more)}

    def _block(self, name: str) -> bytes:
        """Return a block as raw deflate."""
        text = self.report.blocks[name]
        pad = -len(text) % 5
        places = np.array([DIGITS.index(digit) for digit in text] + [84] * pad).reshape(-1, 5)
        values = places @ 85 ** np.arange(4, -1, -1)
        return values.astype(">u4").tobytes()[: len(values) * 4 - pad]

    def _build_handler(self) -> type[BaseHTTPRequestHandler]:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            """Sends what the stub answers."""

            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                stub.connections.append(self.connection)

            def do_GET(self) -> None:
                path = self.path.lstrip("/").split("?")[0]
                if path == "":
                    self._send(200, stub.index().encode(), {"Content-Type": "text/html; charset=utf-8"})
                elif path.startswith("page/"):
                    kind = "text/css" if path.endswith(".css") else "text/javascript"
                    self._send(200, stub.page[path[5:]].encode(), {"Content-Type": f"{kind}; charset=utf-8"})
                elif path.startswith("video/"):
                    self._send(200, b"no video", {"Content-Type": "video/mp4"})
                elif self.headers["X-HTVAE-Token"] != TOKEN:
                    self._send(403, {"error": "token"}, {})
                elif path.startswith("blocks/"):
                    self._send(200, stub._block(path[7:]), {})
                else:
                    self._send(*stub.answer("GET", path, None))

            def do_DELETE(self) -> None:
                self._send(*stub.answer("DELETE", self.path.lstrip("/"), None))

            def do_POST(self) -> None:
                content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                path = self.path.lstrip("/")
                stub.asked.append((path, content))
                self._send(*stub.answer("POST", path, content))

            def _send(self, status: int, content: Any, headers: dict[str, str]) -> None:
                body = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                for name, value in {"Content-Security-Policy": POLICY, **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler
