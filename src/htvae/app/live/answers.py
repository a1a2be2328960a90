"""Answers: clips as bytes, and every error as one sentence."""

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from htvae.app.live.clips import PackedClip
from htvae.app.live.jobs import QueueFullError

CLIP_HEADER = "X-Clip"

log = logging.getLogger(__name__)


def send_clip(clip: PackedClip) -> Response:
    """Return a clip as an answer."""
    return Response(clip.content, media_type="application/octet-stream", headers={CLIP_HEADER: clip.header})


def refuse_unknown(what: str) -> HTTPException:
    """Return the error of something that is not there."""
    return HTTPException(404, f"{what} is not there.")


def add_error_answers(app: FastAPI) -> None:
    """Let an application answer every error by a sentence, and never by a traceback."""
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(QueueFullError, lambda _, error: _say(409, str(error)))
    app.add_exception_handler(ValueError, lambda _, error: _say(400, str(error)))
    app.add_exception_handler(OSError, _answer_disk)
    app.add_exception_handler(Exception, _answer_fault)


def _answer_http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return _say(error.status_code, error.detail)


def _answer_invalid(_: Request, error: Exception) -> JSONResponse:
    """Say what is wrong with the first part of a body that is."""
    assert isinstance(error, RequestValidationError)
    first: Mapping[str, Any] = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part != "body")[:200]
    return _say(422, f"The request is not as this page sends it: {place or 'body'}: {first['msg'][:200]}.")


def _answer_fault(request: Request, error: Exception) -> JSONResponse:
    log.error("%s could not be answered.", request.url.path, exc_info=error)
    return _say(500, "The program has a fault; the terminal says more.")


def _answer_disk(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, OSError)
    return _say(400, f"{error.filename or 'A file'} could not be written: {error.strerror or error}.")


def _say(status: int, sentence: str) -> JSONResponse:
    plain = sentence.encode("utf-8", "replace").decode()
    return JSONResponse({"error": plain}, status)
