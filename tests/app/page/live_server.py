"""The server of the live page in a thread of this process, at a port of its own."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from htvae.app.live.server import build_app
from htvae.app.live.serving import open_socket
from htvae.app.live.session import Session
from tests.app.live.conftest import TOKEN


@contextmanager
def serve_session(session: Session) -> Iterator[str]:
    """Serve a session; give its address."""
    listener = open_socket(None)
    port = listener.getsockname()[1]
    config = uvicorn.Config(build_app(session, TOKEN, port), log_level="warning", access_log=False, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}/?token={TOKEN}"
    server.should_exit = True
    thread.join(10)
