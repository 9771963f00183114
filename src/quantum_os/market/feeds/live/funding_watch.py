"""Which funding was paid and not told yet: each stamp once, with the length of its interval."""

from collections.abc import Iterable, Mapping
from itertools import pairwise

import msgspec

from quantum_os.events.units import NS_PER_HOUR, NS_PER_MINUTE, NS_PER_S, Ns
from quantum_os.market.feeds.live.heard import Reference
from quantum_os.market.feeds.live.history import Stamp

INTERVALS_H = (1, 2, 4, 8)
"""The intervals that exchanges use; another distance is a hole."""

ASK_AFTER_NS = 3 * NS_PER_S
"""How long after a payment the exchange is asked what it was."""

ASK_AGAIN_NS = 10 * NS_PER_S
"""Between two questions about the same payment."""


NOTICE_NS = 10 * NS_PER_S
"""For how long at least a payment is announced by the stream before it is made."""


class Paid(msgspec.Struct, frozen=True):
    """One payment of one symbol; `interval_h` and `following` are None where they are unknown."""

    symbol: str
    time: Ns
    rate: float
    interval_h: float | None
    following: Ns | None


class FundingWatch:
    """Hears when funding falls due, and takes what the exchange then says that was paid.

    A rate that a stream shows is a forecast until its time has come, so it is never told as paid.
    `told` holds the last stamp (ns) told of each symbol.
    """

    def __init__(self, symbols: Iterable[str], told: Mapping[str, int], since: int) -> None:
        self._told = {symbol: told.get(symbol, since) for symbol in symbols}
        self._next: dict[str, int] = {}
        self._interval_h: dict[str, float] = {}
        self._asked: dict[str, int] = {}
        self._covered: dict[str, int] = {}
        self._unannounced: dict[str, int] = {}
        self._ready: list[Paid] = []

    def hears(self, said: Reference) -> None:
        """Notes when a symbol's interval ends; one that has ended stays due until it is told.

        An exchange may make an interval shorter while it runs: the earlier end counts.
        """
        if said.interval_h is not None:
            self._interval_h[said.symbol] = said.interval_h
        upcoming = said.next_funding
        if upcoming is None or said.symbol not in self._told:
            return
        self._notices_silence(said)
        known = self._next.get(said.symbol)
        if known is None or known <= self._told[said.symbol] or upcoming < known:
            self._next[said.symbol] = upcoming

    def _notices_silence(self, said: Reference) -> None:
        """Notes a minute in which a payment may have been made that nobody heard announced."""
        covered = self._covered.get(said.symbol)
        minute = said.ts // NS_PER_MINUTE * NS_PER_MINUTE
        if covered is not None and covered < minute:
            self._unannounced[said.symbol] = minute
        self._covers(said.symbol, said.ts + NOTICE_NS)

    def _covers(self, symbol: str, until: int) -> None:
        """What is paid by then has been announced, or was asked for."""
        self._covered[symbol] = max(self._covered.get(symbol, 0), until)

    def due(self, now: int) -> tuple[str, ...]:
        """Names the symbols to ask about at `now` (the exchange's ns), and notes that it was."""
        ended = {
            symbol
            for symbol, upcoming in self._next.items()
            if self._told[symbol] < upcoming <= now - ASK_AFTER_NS
        }
        silent = {
            symbol for symbol, minute in self._unannounced.items() if minute <= now - ASK_AFTER_NS
        }
        found = tuple(
            symbol
            for symbol in self._told
            if symbol in ended | silent and now - self._asked.get(symbol, 0) >= ASK_AGAIN_NS
        )
        for symbol in found:
            self._asked[symbol] = now
        return found

    def fetch_from(self, symbol: str) -> int:
        """The time (ns) from which stamps of a symbol are still to be told."""
        return self._told[symbol] + 1

    def takes(self, symbol: str, stamps: Iterable[Stamp], until: int) -> None:
        """Keeps the stamps that were not told, in their order; rounded to the minute.

        `until` (ns) is when they were asked for: what was paid later is not among them.
        """
        if self._unannounced.get(symbol, until) <= until - ASK_AFTER_NS:
            del self._unannounced[symbol]
        self._covers(symbol, until - ASK_AFTER_NS)
        fresh: dict[int, float] = {}
        for stamp in stamps:
            time = (stamp.time + NS_PER_MINUTE // 2) // NS_PER_MINUTE * NS_PER_MINUTE
            if time > self._told[symbol]:
                fresh[time] = stamp.rate
        times = sorted(fresh)
        gaps = [later - earlier for earlier, later in pairwise(times)]
        for place, time in enumerate(times):
            before = gaps[place - 1] if place else time - self._told[symbol]
            behind = gaps[place] if place < len(gaps) else 0
            interval = _hours(before) or _hours(behind) or self._interval_h.get(symbol)
            self._ready.append(
                Paid(symbol, Ns(time), fresh[time], interval, _following(time, interval))
            )
        if times:
            self._told[symbol] = times[-1]

    def told(self) -> list[Paid]:
        """Gives what was paid since it was last asked, each once."""
        ready, self._ready = self._ready, []
        return ready


def _hours(gap: int) -> float | None:
    hours, rest = divmod(gap, NS_PER_HOUR)
    return float(hours) if not rest and hours in INTERVALS_H else None


def _following(time: int, interval_h: float | None) -> Ns | None:
    return None if interval_h is None else Ns(time + int(interval_h * NS_PER_HOUR))
