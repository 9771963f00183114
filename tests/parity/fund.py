"""Our side: the whole fund, held by policy to what the other engine can do as well.

Bus, features, engine, decision, planner, sizing, gate, orders, simulated venue, ExitBrain, guard
and ledger all work as always. The policy leaves one leg, one stop distance, one holding time and
leverage 1; the venue has no slippage and one fee; the instrument has one size.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

import msgspec
import numpy as np
from msgspec.structs import replace

from quantum_os.ai.voter import FeatureFrame, Prediction, sides
from quantum_os.cli.planning import plan_run
from quantum_os.events.base import Event
from quantum_os.events.execution import Fill, FundingPaid
from quantum_os.events.market import Instrument
from quantum_os.events.portfolio import AccountUpdated, TradeClosed
from quantum_os.events.units import Mode, Qty, Regime
from quantum_os.kernel.bus import KERNEL, Bus
from quantum_os.kernel.drive import Driver
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.kernel.reactor import Module
from quantum_os.kernel.timers import Timers
from quantum_os.lineup import Plan, line_up
from quantum_os.market.feeds.tape import TapeFeed
from quantum_os.market.feeds.tape_frames import Tape, open_tape
from quantum_os.market.instrument_book import packaged_instruments
from quantum_os.portfolio.track_record import TrackRecord
from quantum_os.settings import load_settings
from tests.laws.misspeaking import Misspeaking, Twist, straight
from tests.parity.rule import Rule, Task, Trade

DEPOSIT = 1_000_000.0
"""So much that no budget, margin or drawdown limit binds at the constant size."""

Bent = Callable[[Module], Module]
"""How one module is bent before the run: a canary's error."""


class EmaCross(msgspec.Struct, frozen=True):
    """Votes at every decision with the 10/20 EMA cross; `p` None leaves the record to say."""

    p: float | None = None
    name: str = "ema_cross"
    version: str = "parity"

    def predict(self, frame: FeatureFrame) -> Prediction:
        cross = frame["ema_cross_atr"]
        said = sides(np.greater(cross, 0.0), np.less(cross, 0.0))
        return replace(said, p=(self.p,) * len(said.side))


class Ran(msgspec.Struct):
    """What the fund said: trades closed, fills, funding paid, and the account at every word."""

    trades: list[Trade] = []
    closed: list[TradeClosed] = []
    fills: list[Fill] = []
    funding: list[FundingPaid] = []
    equity: list[tuple[int, Decimal]] = []
    drawdown_max: float = 0.0


class Record(MemoryJournal):
    """Keeps what is compared and forgets the rest: a run of years has millions of events."""

    def __init__(self, step_ns: int) -> None:
        super().__init__()
        self.ran = Ran()
        self._step_ns = step_ns
        self._on_bars = False
        self._entered: dict[str, int] = {}

    def append(self, envelope: Envelope) -> None:
        if envelope.is_input:
            self._on_bars = envelope.stream == "market.klines"
        if envelope.stream not in ("fill", "trade.closed", "funding.paid", "account.updated"):
            return
        event = envelope.event()
        if isinstance(event, Fill):
            self.ran.fills.append(event)
            self._entered.setdefault(event.symbol, self._bar(event.venue_ts))
        elif isinstance(event, TradeClosed):
            self.ran.closed.append(event)
            self.ran.trades.append(self._trade(event))
        elif isinstance(event, FundingPaid):
            self.ran.funding.append(event)
        elif isinstance(event, AccountUpdated):
            self.ran.equity.append((event.time, event.equity))

    def _bar(self, time: int) -> int:
        """The open of the bar a fill belongs to: on its way it is stamped with the bar's end."""
        return time - self._step_ns if self._on_bars else time

    def _trade(self, event: TradeClosed) -> Trade:
        return Trade(
            symbol=event.symbol,
            entered=self._entered.pop(event.symbol),
            left=self._bar(event.closed_at),
            side=event.side.value,
            qty=event.qty,
            entry=float(event.entry_price),
            exit=float(event.exit_price),
            fees=float(event.fees),
            net=float(event.net),
        )


def policy_of(rule: Rule) -> dict[str, object]:
    """The research profile, with everything that the other engine lacks turned off."""
    every = {regime.value: 1e-6 for regime in Regime}
    hold = {regime.value: float(rule.hold_h) for regime in Regime}
    out_of_reach = {regime.value: 1e6 for regime in Regime}
    return {
        "leverage": {"cap": 1},
        "sizing": {"kelly_trades_min": 1_000_000},
        "supervision": {"constant_under": 0.0, "runaway_from": 1.0},
        "exits": {
            "stop_atr": every,
            "stop_cost_multiple": 0.0,
            "stop_min": float(rule.stop),
            "max_hold_h": hold,
            "trailing_atr": out_of_reach,
        },
    }


def run_fund(
    task: Task,
    rule: Rule,
    *,
    voter: EmaCross | None = None,
    sim: dict[str, object] | None = None,
    bent: Bent = lambda module: module,
) -> Ran:
    """Plays a recording through the whole fund; raises when a module faults."""
    known = {instrument.symbol for instrument in packaged_instruments()}
    tape = open_tape(task.files, known_symbols=known, start=task.start, end=task.end)
    plan = _plan(task, rule, tape, sim or {})
    feed = TapeFeed(tape)
    modules = tuple(map(bent, line_up(plan, feed, voters=(voter or EmaCross(),))))
    record = Record(tape.step_ns)
    bus = Bus(modules, record)
    driver = Driver(bus, next(each for each in modules if isinstance(each, Timers)))
    driver.offer(tape.start, plan.first_event("parity", tape.start), KERNEL)
    for time, event in _inputs(feed):
        driver.offer(time, event, feed.name)
    if bus.faulted:
        raise AssertionError("; ".join(f"{n}: {f.error}" for n, f in bus.faulted.items()))
    track = next(each for each in modules if isinstance(each, TrackRecord))
    record.ran.drawdown_max = track.state.drawdown_max
    return record.ran


def bending(name: str, *, hears: Twist = straight, says: Twist = straight) -> Bent:
    """Bends what one module hears or says."""
    return lambda module: (
        Misspeaking(module, hears=hears, says=says) if module.name == name else module
    )


def _inputs(feed: TapeFeed) -> Iterator[tuple[int, Event | None]]:
    return feed.inputs()


def _plan(task: Task, rule: Rule, tape: Tape, sim: dict[str, object]) -> Plan:
    bps = float(rule.fee * 10_000)
    exact = {
        "taker_fee_bps": bps,
        "maker_fee_bps": bps,
        "half_spread_bps": 0.0,
        "slippage_bps": 0.0,
        "slippage_jitter": 0.0,
        "impact_bps_per_pct": 0.0,
        "range_share": 0.0,
        "latency_ms": 0.0,
        "limit_through_ticks": 0,
    }
    given = {
        "run": {"profile": "research", "deposit": DEPOSIT, "symbols": list(task.sizes)},
        "sim": {**exact, **sim},
        "policy": policy_of(rule),
    }
    plan = plan_run(load_settings(None, given, {"PATH": ""}), tape, Mode.BACKTEST)
    return replace(plan, instruments=tuple(_sized(plan.instruments, task, rule)))


def _sized(instruments: Sequence[Instrument], task: Task, rule: Rule) -> Iterator[Instrument]:
    """The instruments with one size: at most so much, and at least that or a tenth in a ladder."""
    for one in instruments:
        size = task.sizes.get(one.symbol)
        if size is not None:
            qty = Qty(size)
            least = Qty(size / 10) if rule.ladder else qty
            yield replace(one, min_qty=least, max_qty=qty, market_max_qty=qty)
