"""How far a backtest reads its market ahead of the fund, so that blocks of bars can be computed.

What is read ahead is told to `Coming` alone. The fund hears each input in its turn, as ever.
"""

from collections import deque
from collections.abc import Iterable, Iterator

from quantum_os.ai.coming import Coming, bars_ahead
from quantum_os.events.base import Event
from quantum_os.events.market import MarketKlines
from quantum_os.lineup import Plan
from quantum_os.market.candles import Candles, CandlesConfig

Input = tuple[int, Event | None]

INPUTS_AHEAD_MAX = 50_000
"""Inputs that are kept at most: on a fine tape a decision bar is made of many."""


def read_ahead(inputs: Iterable[Input], plan: Plan, coming: Coming) -> Iterator[Input]:
    """Gives the inputs of a tape unchanged, and tells the candles of some dozens of bars before."""
    candles = Candles(CandlesConfig(plan.price_venue, (plan.policy.decision.timeframe,)))
    most = bars_ahead(len(plan.symbols))
    waiting: deque[Input] = deque()
    told = 0
    for each in inputs:
        waiting.append(each)
        if isinstance(each[1], MarketKlines):
            for candle in candles.on_klines(each[1]) or ():
                coming.tell(candle)
                told += 1
        if told >= most or len(waiting) >= INPUTS_AHEAD_MAX:
            yield from _emptied(waiting)
            told = 0
    yield from _emptied(waiting)


def _emptied(waiting: deque[Input]) -> Iterator[Input]:
    while waiting:
        yield waiting.popleft()
