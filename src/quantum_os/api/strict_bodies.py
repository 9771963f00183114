"""Which bodies are read at all: small, flat, plain JSON that says each thing once."""

import json
from typing import Any

from litestar import Request
from litestar.exceptions import ClientException, HTTPException

BODY_MAX = 64 * 1024
"""Bytes of a body."""

DEPTH_MAX = 20
"""Brackets that may stand open at once."""

JSON = "application/json"
_OPENING, _CLOSING = b"[{", b"]}"


class NotPlain(ValueError):
    """Text that some readers would take for another document than we do."""


async def check_body(request: Request[Any, Any, Any]) -> None:
    """Refuses a body before any route reads it; raises the refusal."""
    if request.method not in {"POST", "PUT", "PATCH", "DELETE"}:
        return
    body = await request.body()
    if not body:
        return
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise HTTPException(status_code=415, detail=f"a body is {JSON}")
    try:
        check_plain(body)
    except NotPlain as error:
        raise ClientException(str(error)) from error


def check_plain(body: bytes) -> None:
    """Raises NotPlain for what is too deep, repeats a key, or holds what JSON has no word for."""
    if depth_of(body) > DEPTH_MAX:
        raise NotPlain(f"the body is nested deeper than {DEPTH_MAX}")
    try:
        json.loads(body, object_pairs_hook=_once, parse_constant=_refuse_constant)
    except NotPlain:
        raise
    except (ValueError, RecursionError) as error:
        raise NotPlain("the body is not JSON") from error


def depth_of(body: bytes) -> int:
    """Counts how many brackets stand open at once, those in strings apart."""
    depth = deepest = 0
    in_string = escaped = False
    for byte in body:
        if in_string:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_string = False
        elif byte == 0x22:
            in_string = True
        elif byte in _OPENING:
            depth += 1
            deepest = max(deepest, depth)
        elif byte in _CLOSING:
            depth -= 1
    return deepest


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotPlain("the body says a key twice")
    return found


def _refuse_constant(word: str) -> float:
    raise NotPlain(f"{word} is not JSON")
