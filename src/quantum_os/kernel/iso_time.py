"""How a time is written for people: ISO-8601 in UTC with a Z, and read back from it."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US_PER_S = 1_000_000


def iso(ns: int) -> str:
    """Gives `2025-07-04T11:35:00Z`; parts of a second only where there are any."""
    moment = _EPOCH + timedelta(microseconds=ns // 1000)
    return moment.isoformat().replace("+00:00", "Z")


def from_iso(text: str) -> int:
    """Reads a date or time as UTC ns; raises ValueError with what was expected."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"not a date or time: {text!r} (as 2025-07-04 or 2025-07-04T11:35Z)"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    apart = moment - _EPOCH
    return (apart.days * 86_400 * _US_PER_S + apart.seconds * _US_PER_S + apart.microseconds) * 1000
