"""EDGE. What an exchange remembers: bars and funding of any span, page by page, all checked."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, TypeVar

import ccxt
import msgspec

from quantum_os.events.units import NS_PER_HOUR, NS_PER_MS, Ns
from quantum_os.exchange.ban_clock import Banned
from quantum_os.exchange.rate_budget import BudgetSpent
from quantum_os.formulas.timeframes import timeframe_ns
from quantum_os.kernel.backoff import Backoff
from quantum_os.market.feeds.live.figures import (
    Unreadable,
    candle,
    fields_of,
    rate_if_any,
    rows_of,
    time_of,
)
from quantum_os.market.feeds.live.heard import Bar

BARS_PER_PAGE = 1_000
"""Bars asked for at once: what both exchanges give for their lowest price."""

STAMPS_PER_PAGE = 200
"""Funding stamps asked for at once: Bybit gives no more."""

STAMP_HOURS_MIN = 1
"""Hours between two stamps, at least."""

TRIES = 5
"""How often a page is asked for before it is given up."""

REST_MIN_S, REST_MAX_S = 0.25, 8.0
"""Wall seconds between two tries."""

PATIENCE_S = 90.0
"""Seconds of silence that an exchange may ask for while a page is waited for."""

_BAR = ("open", "high", "low", "close", "volume")
_NO_USE = (
    ccxt.BadSymbol,
    ccxt.BadRequest,
    ccxt.ArgumentsRequired,
    ccxt.NotSupported,
    ccxt.AuthenticationError,
)

T = TypeVar("T")


class HistoryError(RuntimeError):
    """A span that could not be had, in one line."""


class Stamp(msgspec.Struct, frozen=True):
    """One funding payment: raw rate per interval, paid at `time` (ns)."""

    time: Ns
    rate: float


class History:
    """Asks one exchange through its ccxt client; what cannot be true is refused, never passed on.

    Every span is `start` <= time < `end`, ns UTC. Raises HistoryError.
    """

    def __init__(self, venue: str, client: Any, seed: int = 0) -> None:
        self._venue = venue
        self._client = client
        self._backoff = Backoff(seed, f"history.{venue}", REST_MIN_S, REST_MAX_S)

    async def bars(
        self, symbol: str, timeframe: str, start: int, end: int, *, mark: bool = False
    ) -> AsyncIterator[list[Bar]]:
        """Gives the bars that open inside the span, a page at a time; a page may be empty.

        Bars of the mark price have no volume.
        """
        step = timeframe_ns(timeframe)
        at = -(-start // step) * step
        while at < end:
            until = min(at + BARS_PER_PAGE * step, end)
            params = {"until": (until - 1) // NS_PER_MS} | ({"price": "mark"} if mark else {})
            count = -(-(until - at) // step)
            rows = await self._asked(
                f"bars of {symbol}",
                lambda since=at // NS_PER_MS, count=count, params=params: self._client.fetch_ohlcv(
                    symbol, timeframe, since, count, params
                ),
            )
            yield self._bars(rows, symbol, timeframe, (at, until), mark=mark)
            at = until

    async def funding(self, symbol: str, start: int, end: int) -> AsyncIterator[list[Stamp]]:
        """Gives the funding paid inside the span, a page at a time; a page may be empty."""
        at = start
        while at < end:
            until = min(at + STAMPS_PER_PAGE * STAMP_HOURS_MIN * NS_PER_HOUR, end)
            params = {"until": (until - 1) // NS_PER_MS}
            rows = await self._asked(
                f"funding of {symbol}",
                lambda since=at // NS_PER_MS, params=params: (
                    self._client.fetch_funding_rate_history(symbol, since, STAMPS_PER_PAGE, params)
                ),
            )
            yield self._stamps(rows, symbol, (at, until))
            at = until

    async def _asked(self, what: str, ask: Any) -> Any:
        """Asks until there is an answer, or no hope of one."""
        waited = 0.0
        for left in reversed(range(TRIES)):
            try:
                answer = await ask()
            except Banned as error:
                waited += error.seconds
                if waited > PATIENCE_S:
                    raise self._failed(what, error) from error
                await asyncio.sleep(error.seconds)
            except _NO_USE as error:
                raise self._failed(what, error) from error
            except (ccxt.BaseError, BudgetSpent, OSError, TimeoutError) as error:
                if not left:
                    raise self._failed(what, error) from error
                await asyncio.sleep(self._backoff.rest_s())
            else:
                self._backoff.succeeded()
                return answer
        raise HistoryError(f"{self._venue}: {what}: no answer")

    def _failed(self, what: str, error: Exception) -> HistoryError:
        return HistoryError(f"{self._venue}: {what}: {str(error) or type(error).__name__}")

    def _bars(
        self, rows: object, symbol: str, timeframe: str, span: tuple[int, int], *, mark: bool
    ) -> list[Bar]:
        what = f"{self._venue}: bars of {symbol}"
        step, found, last = timeframe_ns(timeframe), [], 0
        try:
            for row in rows_of(rows, "answer"):
                bar = _bar(row, symbol, timeframe, mark=mark)
                if not span[0] <= bar.open_time < span[1]:
                    continue
                if bar.open_time % step or bar.open_time <= last:
                    raise Unreadable(f"time: {bar.open_time // NS_PER_MS} is out of order")
                last = bar.open_time
                found.append(bar)
        except Unreadable as error:
            raise HistoryError(f"{what}: {error}") from error
        return found

    def _stamps(self, rows: object, symbol: str, span: tuple[int, int]) -> list[Stamp]:
        what = f"{self._venue}: funding of {symbol}"
        found: dict[int, Stamp] = {}
        try:
            for row in rows_of(rows, "answer"):
                fields = fields_of(row, "stamp")
                time = time_of(fields, "timestamp")
                rate = rate_if_any(fields, "fundingRate")
                if rate is None:
                    raise Unreadable("fundingRate: no number")
                if span[0] <= time < span[1]:
                    found[time] = Stamp(time, rate)
        except Unreadable as error:
            raise HistoryError(f"{what}: {error}") from error
        return [found[time] for time in sorted(found)]


def _bar(row: object, symbol: str, timeframe: str, *, mark: bool) -> Bar:
    figures = rows_of(row, "bar", 16)
    if len(figures) < (5 if mark else 6):
        raise Unreadable("bar: a figure is missing")
    fields = dict(zip(("time", *_BAR), figures, strict=False))
    if mark:
        fields["volume"] = 0.0
    opened, high, low, close, volume = candle(fields, _BAR)
    time = time_of(fields, "time")
    return Bar(symbol, timeframe, time, opened, high, low, close, volume, closed=True, ts=time)
