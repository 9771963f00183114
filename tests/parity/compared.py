"""When two engines agree, and what is written down of it."""

from collections.abc import Sequence

import msgspec

from tests.parity.fund import EmaCross, Ran, run_fund
from tests.parity.peer import run_peer
from tests.parity.rule import Rule, Task, Trade
from tests.parity.tasks import INSTRUMENTS

PRICE_RELATIVE = 1e-12
"""Prices are copied; the peer's are multiplied by a quantity and divided again."""

MONEY_USD = 1e-7
"""Our venue rounds each fee, and each profit of a part, to 1e-8 USD: at most eight roundings of
half a unit in a trade with three targets, 4e-8 in all. The peer computes in doubles, whose error at
these sizes is some 1e-12."""


class Outcome(msgspec.Struct, frozen=True):
    """Both sides of one task, and the largest difference of a trade's result in USD."""

    name: str
    ours: list[Trade]
    theirs: list[Trade]
    passed: int
    largest: float
    ran: Ran


def compare(task: Task, rule: Rule, ran: Ran) -> Outcome:
    """Plays the peer over what the fund has played; labels of trends are the fund's own."""
    trends = {(c.symbol, c.bar_close) for c in ran.closed if c.regime.is_trend}
    theirs: list[Trade] = []
    passed = 0
    for symbol in task.sizes:
        times = [time for named, time in trends if named == symbol and time is not None]
        traded = run_peer(task, rule, symbol, INSTRUMENTS[symbol].tick, times)
        theirs += traded.trades
        passed += traded.passed
    ours, theirs = sorted(ran.trades), sorted(theirs)
    gaps = [abs(a.net - b.net) for a, b in zip(ours, theirs, strict=False)]
    name = f"{task.name}, {'ladder' if rule.ladder else 'one target'}"
    return Outcome(name, ours, theirs, passed, max(gaps, default=0.0), ran)


def play_both(task: Task, rule: Rule) -> Outcome:
    """Plays a task on both sides. With several symbols the votes are sure, or sizes would shrink
    with each position that is open already."""
    voter = EmaCross(p=0.9) if len(task.sizes) > 1 else EmaCross()
    return compare(task, rule, run_fund(task, rule, voter=voter))


def differences(ours: Sequence[Trade], theirs: Sequence[Trade]) -> list[str]:
    """Says what differs, trade by trade; an empty list is parity."""
    said = [] if len(ours) == len(theirs) else [f"{len(ours)} trades, not {len(theirs)}"]
    for place, (a, b) in enumerate(zip(ours, theirs, strict=False)):
        for name in ("symbol", "entered", "left", "side", "qty"):
            if getattr(a, name) != getattr(b, name):
                said.append(f"trade {place}: {name} {getattr(a, name)}, not {getattr(b, name)}")
        for name in ("entry", "exit"):
            mine, other = getattr(a, name), getattr(b, name)
            if abs(mine - other) > PRICE_RELATIVE * other:
                said.append(f"trade {place}: {name} {mine}, not {other}")
        for name in ("fees", "net"):
            mine, other = getattr(a, name), getattr(b, name)
            if abs(mine - other) > MONEY_USD:
                said.append(f"trade {place}: {name} {mine}, not {other}")
    return said
