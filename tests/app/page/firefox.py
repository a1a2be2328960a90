"""The system's Firefox by WebDriver BiDi (https://w3c.github.io/webdriver-bidi/): no driver beside it."""

import json
import re
import subprocess
import time
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from websockets.sync.client import ClientConnection, connect

PREFERENCES = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "privacy.reduceTimerPrecision": False,
    "toolkit.telemetry.enabled": False,
}
SECONDS = 60.0
"""Time that starting and one answer may take."""


class Firefox:
    """One window of Firefox, and what the page in it complains of.

    Args:
        program: Firefox.
        profile: an empty folder for its profile.
    """

    def __init__(self, program: str, profile: Path) -> None:
        self.complaints: list[str] = []
        self._number = 0
        lines = [f'user_pref("{name}", {json.dumps(value)});' for name, value in PREFERENCES.items()]
        (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
        self._log = profile / "log.txt"
        with ExitStack() as stack:
            log = stack.enter_context(self._log.open("w", encoding="utf-8"))
            command = [program, "--headless", "--no-remote", "--profile", str(profile)]
            command += ["--remote-debugging-port", "0", "about:blank"]
            self._process = stack.enter_context(subprocess.Popen(command, stdout=log, stderr=log))
            stack.callback(self._process.terminate)
            self._socket = stack.enter_context(self._connect())
            self._call("session.new", capabilities={})
            self._call("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
            self._context = self._call("browsingContext.getTree")["contexts"][0]["context"]
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def resize(self, width: int, height: int) -> None:
        """Set the page's size in CSS pixels."""
        self._call(
            "browsingContext.setViewport",
            context=self._context,
            viewport={"width": width, "height": height},
            devicePixelRatio=1,
        )

    def open(self, address: str) -> None:
        """Open a report and wait until it is ready."""
        self._call("browsingContext.navigate", context=self._context, url=address, wait="complete")
        self.wait("document.documentElement.dataset.ready !== undefined")

    def evaluate(self, expression: str) -> Any:
        """Return the JSON value of an expression of the page."""
        answer = self._call(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression})))()",
            target={"context": self._context},
            awaitPromise=True,
        )
        assert answer["type"] == "success", answer
        text = answer["result"].get("value")
        return None if text is None else json.loads(text)

    def wait(self, condition: str, seconds: float = 10.0) -> None:
        """Wait until an expression of the page is true."""
        end = time.monotonic() + seconds
        while not self.evaluate(f"Boolean({condition})"):
            assert time.monotonic() < end, f"not true within {seconds} s: {condition}"
            time.sleep(0.02)

    def point(self, x: float, y: float, press: bool = False) -> None:
        """Move the pointer to a place of the page, and click there if ``press``."""
        actions = [{"type": "pointerMove", "x": round(x), "y": round(y)}]
        if press:
            actions += [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        source = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}}
        self._call("input.performActions", context=self._context, actions=[{**source, "actions": actions}])

    def _connect(self) -> AbstractContextManager[ClientConnection]:
        end = time.monotonic() + SECONDS
        while True:
            found = re.search(r"WebDriver BiDi listening on (ws://\S+)", self._log.read_text("utf-8"))
            if found:
                return connect(f"{found[1]}/session", max_size=None, proxy=None)
            assert self._process.poll() is None, self._log.read_text("utf-8")
            assert time.monotonic() < end, "Firefox did not start"
            time.sleep(0.05)

    def _call(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=SECONDS))
            if message["type"] == "event":
                self._hear(message)
            elif message["id"] == self._number:
                assert message["type"] == "success", message
                return message["result"]

    def _hear(self, event: dict[str, Any]) -> None:
        said = event["params"]
        if event["method"] == "log.entryAdded":
            self.complaints.append(said["text"])
        elif not said["request"]["url"].startswith(("file:", "data:", "blob:", "about:")):
            self.complaints.append(said["request"]["url"])
