"""Evidence made by hand: trades and days that come out to numbers one can check."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypeVar, cast

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.execution import Fill, Leg, Liquidity, OrderRequested
from quantum_os.events.exits import ExitReason
from quantum_os.events.governance import PolicyUpdated
from quantum_os.events.portfolio import TradeClosed
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import NS_PER_DAY, NS_PER_HOUR, Mode, PositionSide, Regime, Side
from quantum_os.learning.report.evidence import Bars, Evidence, Life, Mark, SeenFill
from quantum_os.learning.report.facts import Facts, facts_of
from quantum_os.learning.report.trial_count import TrialCount
from tests.events.examples import example_of

E = TypeVar("E", bound=Event)

DAY_0 = 20_270
"""2025-07-01."""
DEPOSIT = Decimal(10_000)
BTC = "BTC/USDT:USDT"


def replaced(kind: type[E], **changes: Any) -> E:
    """The example of an event with some of its fields as given."""
    return cast(E, msgspec.structs.replace(example_of(kind), **changes))


def fill(
    price: str, qty: str = "1", side: Side = Side.BUY, leg: Leg = Leg.ENTRY, **changes: Any
) -> SeenFill:
    """One fill of an order; `reference` and `fee` as changes."""
    reference = changes.get("reference", price)
    made = replaced(
        Fill,
        price=Decimal(price),
        qty=Decimal(qty),
        side=side,
        fee=Decimal(changes.get("fee", "0")),
        liquidity=changes.get("liquidity", Liquidity.TAKER),
    )
    order = replaced(OrderRequested, leg=leg, side=side)
    against = None if reference is None else Decimal(reference)
    return SeenFill(made, order, against, gapped=changes.get("gapped", False))


def trade(won: float, day: int = 0, **changes: Any) -> TradeClosed:
    """A closed trade of 100 USD risk that netted so much, on a day counted from `DAY_0`."""
    closed = (DAY_0 + day) * NS_PER_DAY + changes.pop("hour", 12) * NS_PER_HOUR
    told = {
        "symbol": BTC,
        "side": PositionSide.LONG,
        "strategy": "trend",
        "regime": Regime.NORMAL,
        "exit_reason": ExitReason.STOP if won < 0 else ExitReason.TARGET,
        "gross": Decimal(repr(won)) + 2,
        "fees": Decimal(2),
        "funding": Decimal(0),
        "net": Decimal(repr(won)),
        "r": won / 100,
        "opened_at": closed - 6 * NS_PER_HOUR,
        "closed_at": closed,
        "stop_distance": 0.02,
        "entry_price": Decimal(100),
        "exit_price": Decimal(101),
        "qty": Decimal(50),
        "intent_id": f"intent-{day}-{won}",
        "position_id": f"position-{day}-{won}-{changes.get('symbol', BTC)}",
        **changes,
    }
    return replaced(TradeClosed, **told)


def life(closed: TradeClosed, *fills: SeenFill) -> Life:
    return Life(closed, fills, None, None, (), None)


def evidence(nets: Sequence[float], **changes: Any) -> Evidence:
    """A run with one trade a day that netted so much; equity moves by exactly that."""
    equity, marks, lives = DEPOSIT, [], []
    for day, net in enumerate(nets):
        equity += Decimal(repr(net))
        closed = trade(net, day)
        marks.append(Mark(closed.closed_at, equity, equity, 0.0, 0.0))
        lives.append(life(closed))
    start = replaced(ProcessStarted, deposit=DEPOSIT, mode=Mode.BACKTEST, venue="sim:binance")
    first = DAY_0 * NS_PER_DAY
    told = {
        "starts": [start],
        "policies": [replaced(PolicyUpdated)],
        "timeframe": "1h",
        "first": first,
        "last": first + len(nets) * NS_PER_DAY,
        "bars": {BTC: bars([100.0 + place for place in range(24 * max(1, len(nets)))])},
        "marks": marks,
        "lives": lives,
        **changes,
    }
    return Evidence(**told)


def bars(closes: Sequence[float], step: int = NS_PER_HOUR) -> Bars:
    """Bars from `DAY_0` on, each opening where the last one closed and reaching 1 beyond."""
    made = Bars()
    for place, close in enumerate(closes):
        before = closes[place - 1] if place else close
        made.open_time.append(DAY_0 * NS_PER_DAY + place * step)
        made.open.append(before)
        made.high.append(max(before, close) + 1)
        made.low.append(min(before, close) - 1)
        made.close.append(close)
    return made


def facts(of: Evidence) -> Facts:
    return facts_of(None, of)


def count(trials: int = 1, *sharpes: float, damaged: tuple[str, ...] = ()) -> TrialCount:
    return TrialCount("runs/trials.jsonl", trials, True, sharpes, damaged)
