"""How a request is refused: one small document (RFC 9457), the same words for the same cause."""

from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException

from quantum_os.api.acts import ActRefused, Unanswered
from quantum_os.api.fund import NotLiving
from quantum_os.api.reloading import ConfigRefused

MEDIA_TYPE = "application/problem+json"
DETAIL_MAX = 500
"""Characters of a detail that go back to the caller."""

ERRORS_MAX = 100
"""Errors that are named one by one."""

_log = structlog.get_logger("quantum_os.api")


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """What went wrong; `type` is always about:blank, so `title` is the status in words.

    `errors` has a line for each error, where there can be several.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[str] = []


def answer(
    status: int, detail: str, path: str, headers: dict[str, str] | None = None
) -> Response[bytes]:
    """Gives the response of a refusal."""
    body = msgspec.json.encode(problem(status, detail, path))
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def problem(status: int, detail: str, path: str) -> Problem:
    return Problem("about:blank", HTTPStatus(status).phrase, status, _plain(detail), path)


def _plain(text: str) -> str:
    return text[:DETAIL_MAX].encode("ascii", "backslashreplace").decode()


def of_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """A refusal that a route or the framework raised, with what was wrong with which field."""
    detail = error.detail
    if isinstance(error.extra, list):
        fields = (each for each in error.extra if isinstance(each, dict))
        named = [f"{each.get('key', '')}: {each.get('message', '')}".strip(": ") for each in fields]
        detail = "; ".join([detail, *named])
    return answer(error.status_code, detail, request.scope["path"], dict(error.headers or {}))


def of_fund(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The fund cannot answer now, or refuses what was asked."""
    status = (
        HTTPStatus.CONFLICT if isinstance(error, ActRefused) else HTTPStatus.SERVICE_UNAVAILABLE
    )
    headers = {} if isinstance(error, ActRefused) else {"Retry-After": "1"}
    return answer(status, str(error), request.scope["path"], headers)


def of_config(request: Request[Any, Any, Any], error: ConfigRefused) -> Response[bytes]:
    """A configuration that may not hold: every error is named, and nothing was changed."""
    found = problem(HTTPStatus.CONFLICT, str(error), request.scope["path"])
    errors = [_plain(each) for each in error.errors[:ERRORS_MAX]]
    body = msgspec.json.encode(msgspec.structs.replace(found, errors=errors))
    return Response(body, status_code=HTTPStatus.CONFLICT, media_type=MEDIA_TYPE)


def of_defect(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A defect of ours: its text stays in the log."""
    _log.error("a route failed", path=request.scope["path"], error=repr(error), exc_info=error)
    return answer(500, "the request could not be answered; see the log", request.scope["path"])


HANDLERS = {
    HTTPException: of_http,
    ActRefused: of_fund,
    NotLiving: of_fund,
    Unanswered: of_fund,
    ConfigRefused: of_config,
    Exception: of_defect,
}
"""Which answer each error becomes."""
