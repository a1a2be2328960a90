"""The socket, and the server that runs until Ctrl-C."""

import contextlib
import os
import socket

import uvicorn

from htvae.app.live.guard import Guard

HOST = "127.0.0.1"
PORT, NUM_TRIED = 8417, 20
"""First port that is tried, and how many."""
LAST_SECONDS = 1
"""Seconds that open requests get when the server ends."""
MOST_AT_ONCE = 64
"""Requests that are answered at a time."""


def open_socket(port: int | None) -> socket.socket:
    """Return a socket that listens at a port of this machine.

    Args:
        port: the port. None: the first free one from `PORT` on.

    Raises:
        ValueError: it is taken, or all that were tried are.
    """
    wanted = range(PORT, PORT + NUM_TRIED) if port is None else [port]
    for number in wanted:
        try:
            return _listen(number)
        except OSError as error:
            reason = error.strerror
    which = f"{wanted[0]} to {wanted[-1]}" if len(wanted) > 1 else f"{wanted[0]}"
    raise ValueError(
        f"port must be one that this machine can listen at, but {which} cannot be used ({reason}). "
        f"End the other program, or {'name another with' if len(wanted) > 1 else 'leave out'} --port."
    )


def run_server(app: Guard, listener: socket.socket) -> None:
    """Serve until Ctrl-C; running jobs end with it."""
    config = uvicorn.Config(
        app,
        log_level="critical",  # faults are logged where they are answered, requests that Ctrl-C ends are none
        access_log=False,  # addresses hold the token
        server_header=False,
        ws="none",
        limit_concurrency=MOST_AT_ONCE,
        timeout_graceful_shutdown=LAST_SECONDS,
    )
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])


def _listen(port: int) -> socket.socket:
    # named as TCP, or asyncio would not send small answers at once: each would wait 40 ms for the browser
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere it would let two programs share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener
