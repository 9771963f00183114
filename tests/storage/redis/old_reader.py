"""A reader as the replaced system had them: it knows four fields and JSON, and nothing of us."""

import json
from typing import Any

import redis


def read_old(url: str, event_type: str) -> list[dict[str, Any]]:
    """Reads a stream from its beginning; fails as the old readers did on what they do not know."""
    heard = []
    with redis.Redis.from_url(url, decode_responses=True) as client:
        for _, fields in client.xrange(f"quantum:stream:{event_type}"):
            assert fields["event_type"] == event_type
            payload = json.loads(fields["payload"])
            heard.append({"payload": payload, **{n: fields[n] for n in ("timestamp", "source")}})
    return heard
