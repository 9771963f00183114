"""Whether an answer is one that the caller has already: then it is not sent again."""

from collections.abc import Awaitable, Callable, MutableMapping
from hashlib import blake2b
from typing import Any

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

TAGGED = b"application/json"
DROPPED = frozenset({b"content-length", b"content-type"})


def tagging(send: Send, shown: list[bytes]) -> Send:
    """Gives each whole JSON answer its ETag; 304 without a body where `shown` holds it already."""
    start: Message | None = None

    async def sent(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start" and _is_tagged(message):
            start = message
            return
        if start is None:
            await send(message)
            return
        held, start = start, None
        if message.get("more_body", False):
            await send(held)
            await send(message)
            return
        tag = tag_of(message.get("body", b""))
        headers = [*held["headers"], (b"etag", tag)]
        if _holds(shown, tag):
            left = [each for each in headers if each[0].lower() not in DROPPED]
            await send({**held, "status": 304, "headers": left})
            await send({"type": "http.response.body", "body": b""})
            return
        await send({**held, "headers": headers})
        await send(message)

    return sent


def tag_of(body: bytes) -> bytes:
    """Gives the entity tag of a body: the same bytes, the same tag."""
    return b'"' + blake2b(body, digest_size=12).hexdigest().encode() + b'"'


def _is_tagged(message: Message) -> bool:
    kinds = [value for name, value in message.get("headers", []) if name.lower() == b"content-type"]
    return message["status"] == 200 and any(kind.startswith(TAGGED) for kind in kinds)


def _holds(shown: list[bytes], tag: bytes) -> bool:
    known = [each.strip().removeprefix(b"W/") for line in shown for each in line.split(b",")]
    return tag in known or b"*" in known
