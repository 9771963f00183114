"""Which Redis is meant: a URL as it is given, and as it may be shown."""

import re

SCHEMES = ("redis", "rediss", "unix")

_SECRET = re.compile(r"//[^@/]*@")


def redis_url(text: str) -> str:
    """Gives the URL back; raises ValueError when it can name no Redis."""
    scheme, found, rest = text.partition("://")
    if not found or scheme not in SCHEMES or not rest:
        raise ValueError(
            f"{shown(text)!r} names no Redis: write redis://HOST:PORT/DATABASE, rediss://... or "
            "unix:///PATH"
        )
    return text


def shown(url: str) -> str:
    """Gives the URL without user and password."""
    return _SECRET.sub("//", url)
