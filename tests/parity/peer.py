"""The other side: backtesting.py trades the same rule, with its own broker and its own arithmetic.

Its indicators come from TA-Lib, its candles from pandas, its stop and target prices from decimals
written out here: nothing of the fund is used. One unit of its size is one tenth of an order of
ours, so that prices are multiplied by that quantity once and its results are in USD.
"""

import math
import warnings
from collections.abc import Collection, Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import groupby
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import polars as pl
import talib
from backtesting import Backtest, Strategy

from tests.parity.rule import PARTS, Rule, Task, Trade

WARM_CANDLES = 73
"""Closed decision candles before the first vote: the longest feature window and one."""

NS_PER_MS = 1_000_000
TENTHS = 10


class Asked(Strategy):  # type: ignore[misc]
    """Buys and sells as told by `signal`; what it holds is left by stop, target or time alone."""

    signal = np.zeros(0)
    rule = Rule()
    tick = Decimal(1)
    unit = 1.0
    step = pd.Timedelta(hours=1)
    trends: Collection[int] = ()

    def init(self) -> None:
        self.parts = 0

    def next(self) -> None:
        closes_at = self.data.index[-1] + self.step
        if self.trades:
            if closes_at - self.trades[0].entry_time >= pd.Timedelta(hours=self.rule.hold_h):
                self.leave()
            elif self.rule.ladder:
                self.move_stops()
            return
        way = int(self.signal[len(self.data) - 1])
        if way and not self.orders:
            self.enter(way, is_trend=closes_at.value in self.trends)

    def enter(self, way: int, *, is_trend: bool) -> None:
        """One order, or one per part; its stop and target come with it."""
        close = Decimal(repr(float(self.data.Last[-1])))
        stop, targets = levels(close, way, self.rule, self.tick)
        order = self.buy if way > 0 else self.sell
        for place, (size, target) in enumerate(
            zip(PARTS, targets, strict=True) if self.rule.ladder else [(TENTHS, targets[0])]
        ):
            runs = is_trend and place == len(PARTS) - 1
            order(
                size=size,
                sl=float(stop) * self.unit,
                tp=None if runs else float(target) * self.unit,
                tag=float(targets[0]),
            )

    def leave(self) -> None:
        """At the next open. A venue fills that order first; this broker would look at the resting
        ones before it, so they are taken away."""
        for trade in self.trades:
            trade.sl, trade.tp = None, None
            trade.close()

    def move_stops(self) -> None:
        """After the first target beyond both fees and a tick, after the second to the first."""
        gone = len(PARTS) - len(self.trades)
        for trade in self.trades if gone else ():
            way = 1 if trade.is_long else -1
            entry = Decimal(repr(float(round(trade.entry_price / self.unit, 8))))
            level = entry * (1 + way * 2 * self.rule.fee) + way * self.tick
            if gone == len(PARTS) - 1:
                level = max(way * level, way * Decimal(repr(trade.tag))) * way
            towards = ROUND_CEILING if way > 0 else ROUND_FLOOR
            stop = float(on_tick(level, self.tick, towards)) * self.unit
            if way * (stop - trade.sl) > 0:
                trade.sl = stop


def on_tick(price: Decimal, tick: Decimal, rounding: str) -> Decimal:
    return (price / tick).to_integral_value(rounding) * tick


def levels(
    close: Decimal, way: int, rule: Rule, tick: Decimal
) -> tuple[Decimal, tuple[Decimal, ...]]:
    """Stop and targets on the tick, all rounded towards the entry.

    At leverage 1, with s = 1 / (1 + ln 2), the targets are .6 + s, max(1.2 + s/2, 1.4 times the
    first) and max(1.8 + s/4, 1.3 times the second) stops away.
    """
    stop, scale = float(rule.stop), 1.0 / (1.0 + math.log(2.0))
    first = stop * (0.6 + scale)
    second = max(stop * (1.2 + scale / 2.0), 1.4 * first)
    third = max(stop * (1.8 + scale / 4.0), 1.3 * second)
    near, far = (ROUND_CEILING, ROUND_FLOOR) if way > 0 else (ROUND_FLOOR, ROUND_CEILING)
    targets = (close * (1 + way * Decimal(repr(reach))) for reach in (first, second, third))
    return (
        on_tick(close * (1 - way * rule.stop), tick, near),
        tuple(on_tick(target, tick, far) for target in targets),
    )


def bars_of(task: Task, symbol: str) -> pd.DataFrame:
    """The bars of a symbol inside the span, indexed by their open."""
    base = symbol.partition("/")[0]
    file = next(path for path in task.files if f"_{base}USDT_" in path.name)
    frame = pd.DataFrame(pl.read_parquet(file).to_dict(as_series=False))
    times = frame["open_time"].to_numpy() * NS_PER_MS
    step = times[1] - times[0]
    inside = (times >= task.start) & (times + step <= task.end)
    frame = frame[inside]
    frame.index = pd.to_datetime(times[inside], unit="ns")
    return frame


def votes(bars: pd.DataFrame, step: pd.Timedelta) -> np.ndarray:
    """+1 and -1 at the bars that close a decision hour, by the cross of its EMAs; 0 elsewhere."""
    on_hour = np.asarray((bars.index + step).minute == 0)
    candles = bars["close"].to_numpy()[on_hour]
    cross = np.sign(talib.EMA(candles, 10) - talib.EMA(candles, 20))
    cross[: WARM_CANDLES - 1] = 0.0
    signal = np.zeros(len(bars))
    signal[on_hour] = cross
    return signal


class Traded(msgspec.Struct, frozen=True):
    """The closed trades, and how many targets were passed by the open of a bar.

    There the brokers differ: this one gives a resting limit the better price of the open, a venue
    gives it its own. It is put right here, and counted.
    """

    trades: list[Trade]
    passed: int


def run_peer(
    task: Task, rule: Rule, symbol: str, tick: Decimal, trends: Collection[int] = ()
) -> Traded:
    """Plays one symbol. `trends` are the decision times (ns) at which the market was in a trend."""
    bars = bars_of(task, symbol)
    unit = float(task.sizes[symbol] / TENTHS)
    step = bars.index[1] - bars.index[0]
    frame = pd.DataFrame(
        {name.title(): bars[name] * unit for name in ("open", "high", "low", "close")}
    )
    frame["Last"] = bars["close"]
    test = Backtest(frame, Asked, cash=1e9, commission=float(rule.fee))
    told: dict[str, Any] = {"rule": rule, "tick": tick, "unit": unit, "step": step}
    with warnings.catch_warnings():
        # The peer's own: it warns of a position left open, and asks pandas for an old name.
        warnings.filterwarnings("ignore", message=".*trades remain open.*")
        warnings.filterwarnings("ignore", message="DatetimeIndex.dayofweek is deprecated")
        stats = test.run(signal=votes(bars, step), trends=trends, **told)
    parts = list(_parts(stats["_trades"], task, symbol, rule))
    # A position whose last part is still open is no closed trade.
    open_from = {trade.entry_time.value for trade in stats["_strategy"].trades}
    closed = [(part, passed) for part, passed in parts if part.entered not in open_from]
    closed.sort(key=lambda one: one[0].entered)
    grouped = groupby((part for part, _ in closed), key=lambda part: part.entered)
    return Traded(
        [_whole(list(group)) for _, group in grouped], sum(passed for _, passed in closed)
    )


def _parts(rows: pd.DataFrame, task: Task, symbol: str, rule: Rule) -> Iterator[tuple[Trade, bool]]:
    tenth = task.sizes[symbol] / TENTHS
    unit = float(tenth)
    for row in rows.itertuples():
        way, fee = (1 if row.Size > 0 else -1), float(rule.fee)
        passed = bool((row.ExitPrice - row.TP) * row.Size > 0)
        left_at = row.TP if passed else row.ExitPrice
        gained = (left_at - row.ExitPrice) * row.Size
        fees = row.Commission + (left_at - row.ExitPrice) * abs(row.Size) * fee
        yield (
            Trade(
                symbol=symbol,
                entered=row.EntryTime.as_unit("ns").value,
                left=row.ExitTime.as_unit("ns").value,
                side="LONG" if way > 0 else "SHORT",
                qty=abs(int(row.Size)) * tenth,
                entry=row.EntryPrice / unit,
                exit=left_at / unit,
                fees=fees,
                net=row.PnL + gained - (fees - row.Commission),
            ),
            passed,
        )


def _whole(parts: list[Trade]) -> Trade:
    """Puts the parts of a position together: sums, and prices by quantity."""
    qty = sum((part.qty for part in parts), Decimal(0))
    return Trade(
        symbol=parts[0].symbol,
        entered=parts[0].entered,
        left=max(part.left for part in parts),
        side=parts[0].side,
        qty=qty,
        entry=parts[0].entry,
        exit=sum(part.exit * float(part.qty / qty) for part in parts),
        fees=sum(part.fees for part in parts),
        net=sum(part.net for part in parts),
    )
