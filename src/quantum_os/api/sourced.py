"""Where a number comes from and how old it is: what every answer says of itself."""

from typing import Any

import msgspec

from quantum_os.api.fund import Fund
from quantum_os.kernel.clock import monotonic_ns
from quantum_os.kernel.iso_time import iso

MARKET_STREAMS = ("market.klines", "market.tick", "market.opens", "feed.watermark")
"""What the market says while it lives."""


class Sourced(msgspec.Struct, frozen=True, kw_only=True):
    """`as_of` is the fund's own time of the last event read, `heard_at` the machine's; both null
    while nothing was heard in this life. `stale` says that the market has fallen silent.
    """

    source: str
    as_of: str | None
    heard_at: str | None
    stale: bool


def provenance(fund: Fund, source: str, *streams: str) -> dict[str, Any]:
    """Gives the fields of Sourced for what was read from these streams; from all when none."""
    board = fund.board
    words = board.last.values() if not streams else map(board.last.get, streams)
    latest = max((word for word in words if word), key=lambda word: word.heard_ns, default=None)
    return {
        "source": source,
        "as_of": None if latest is None else iso(latest.envelope.ts),
        "heard_at": None if latest is None else iso(board.heard_at(latest)),
        "stale": is_stale(fund),
    }


def market_age_s(fund: Fund) -> float | None:
    """Wall seconds since the market last said anything; None before it ever did."""
    words = [fund.board.last[name] for name in MARKET_STREAMS if name in fund.board.last]
    if not words:
        return None
    return (monotonic_ns() - max(word.heard_ns for word in words)) / 1e9


def is_stale(fund: Fund) -> bool:
    age_s = market_age_s(fund)
    return age_s is None or age_s > fund.facts.stale_after_s
