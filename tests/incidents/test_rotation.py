"""Positions that go nowhere end by time, and make room for the ones that waited (F81)."""

from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from math import sin

import msgspec
import numpy as np
import pytest

from quantum_os.ai.voter import FeatureFrame, Prediction, sides
from quantum_os.events.ai import Gate
from quantum_os.events.base import Event
from quantum_os.events.exits import ExitIntent, ExitReason
from quantum_os.events.market import FeedWatermark, MarketKlines, MarketOpens
from quantum_os.events.portfolio import PositionUpdated, TradeClosed
from quantum_os.events.risk import RiskRefusal
from quantum_os.events.units import NS_PER_HOUR, NS_PER_MINUTE, Mode, Ns, Regime
from quantum_os.governance.policy_document import load
from quantum_os.kernel.bus import KERNEL, Bus
from quantum_os.kernel.drive import Driver
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.kernel.timers import Timers
from quantum_os.lineup import Plan, line_up
from quantum_os.market.instrument_book import packaged_instruments
from quantum_os.settings import load_settings, policy_of
from tests.laws.misspeaking import Misspeaking, Twist, straight

VENUE = "binance"
STEP = 5 * NS_PER_MINUTE
START = 1_735_689_600_000_000_000
HOURS = 60
PLACES = 3
HOLD_H = 3.0
PRICES = {
    "ADA/USDT:USDT": 0.95,
    "BCH/USDT:USDT": 450.0,
    "BNB/USDT:USDT": 690.0,
    "DOT/USDT:USDT": 7.2,
    "LTC/USDT:USDT": 110.0,
    "SUI/USDT:USDT": 4.4,
    "XRP/USDT:USDT": 2.3,
}
SYMBOLS = tuple(PRICES)


class Everything(msgspec.Struct, frozen=True):
    """Wants every symbol long, always."""

    name: str = "everything"
    version: str = "test"

    def predict(self, frame: FeatureFrame) -> Prediction:
        known = ~np.isnan(frame["atr_frac"])
        said = sides(known, np.zeros_like(known))
        return msgspec.structs.replace(said, p=(0.9,) * len(said.side))


def sideways() -> Iterator[tuple[int, Event | None]]:
    """A market that swings by a tenth of a percent for ever: no stop and no target is in reach."""
    for place in range(int(HOURS * NS_PER_HOUR / STEP)):
        at = START + place * STEP
        path = [
            tuple(
                price * (1.0 + 0.001 * sin((place + part) / 9 + row))
                for row, price in enumerate(PRICES.values())
            )
            for part in (0.0, 1.0)
        ]
        opened, close = path
        high = tuple(max(pair) * 1.0002 for pair in zip(opened, close, strict=True))
        low = tuple(min(pair) * 0.9998 for pair in zip(opened, close, strict=True))
        volume = (1e7,) * len(SYMBOLS)
        time = at + STEP
        yield at, MarketOpens(VENUE, Ns(at), SYMBOLS, opened, synthetic=True)
        yield (
            time,
            MarketKlines(
                VENUE,
                "5m",
                Ns(at),
                Ns(time),
                SYMBOLS,
                opened,
                high,
                low,
                close,
                volume,
                synthetic=True,
            ),
        )
        yield time, FeedWatermark(VENUE, Ns(time))
        yield time, None


def plan() -> Plan:
    """Three places, positions of three hours, stops of 5 %. A symbol rests after four round trips,
    as in the strict profile: then others are equally good."""
    hold = {regime.value: HOLD_H for regime in Regime}
    reports = [gate for gate in load("research").report_only if gate is not Gate.CHURN]
    given = {
        "run": {"profile": "research", "fast_decisions": True, "deposit": 100_000.0},
        "policy": {
            "report_only": [gate.value for gate in reports],
            "decision": {"timeframe": "15m"},
            "modes": {"EXPANSION": {"positions": PLACES}},
            "sizing": {"risk_base": 0.001},
            "supervision": {"constant_under": 0.0},  # its voter says always the same
            "exits": {"stop_min": 0.05, "stop_cost_multiple": 0.0, "max_hold_h": hold},
        },
    }
    settings = load_settings(None, given, {"PATH": ""})
    return Plan(
        settings=settings,
        policy=policy_of(settings, Mode.BACKTEST),
        instruments=packaged_instruments(),
        venues=(VENUE,),
        price_venue=VENUE,
        symbols=SYMBOLS,
        unfunded=SYMBOLS,
        step_ns=STEP,
        data_hash="sideways",
        mode=Mode.BACKTEST,
    )


class Story(msgspec.Struct, frozen=True):
    """What happened: closed trades, refusals, exits, and how many positions were open at once."""

    trades: list[TradeClosed]
    refusals: list[RiskRefusal]
    open_most: int


def played(says: Twist = straight) -> Story:
    """Plays the market; `says` bends what ExitBrain says."""
    built = plan()
    modules = tuple(
        Misspeaking(each, says=says) if each.name == "exits.brain" else each
        for each in line_up(built, voters=(Everything(),))
    )
    journal = MemoryJournal()
    bus = Bus(modules, journal)
    driver = Driver(bus, next(each for each in modules if isinstance(each, Timers)))
    driver.offer(START, built.first_event("test", START), KERNEL)
    for time, event in sideways():
        driver.offer(time, event, "market.feeds.tape")
    assert not bus.faulted
    return told(journal.read())


def told(envelopes: Iterator[Envelope]) -> Story:
    trades, refusals = list[TradeClosed](), list[RiskRefusal]()
    held: dict[str, Decimal] = {}
    most = 0
    for envelope in envelopes:
        if envelope.stream not in ("trade.closed", "risk.refusal", "position.updated"):
            continue
        event = envelope.event()
        if isinstance(event, TradeClosed):
            trades.append(event)
        elif isinstance(event, RiskRefusal):
            refusals.append(event)
        elif isinstance(event, PositionUpdated):
            held[event.symbol] = event.qty
            most = max(most, sum(qty != 0 for qty in held.values()))
    return Story(trades, refusals, most)


@cache
def story() -> Story:
    return played()


def test_f81_positions_that_go_nowhere_are_closed_by_time_and_the_next_get_in() -> None:
    """Three places, seven symbols that always want one, and no stop or target in reach."""
    seen = story()
    assert seen.open_most == PLACES
    assert {trade.exit_reason for trade in seen.trades} == {ExitReason.TIME}
    assert all(HOLD_H <= trade.hold_s / 3600 <= HOLD_H + 0.25 for trade in seen.trades)
    turned_away = {one.symbol for one in seen.refusals if one.code is Gate.MAX_POSITIONS}
    assert len(turned_away) > PLACES
    assert {trade.symbol for trade in seen.trades} == set(SYMBOLS)


def test_f81_canary_without_the_time_exit_nobody_else_gets_in() -> None:
    """The fault of the replaced system: places taken for good by positions that go nowhere."""

    def patient(event: Event) -> list[Event]:
        is_time = isinstance(event, ExitIntent) and event.reason is ExitReason.TIME
        return [] if is_time else [event]

    stuck = played(patient)
    assert stuck.open_most == PLACES
    assert stuck.trades == []


@pytest.mark.parametrize("regime", list(Regime))
def test_f81_no_regime_is_without_a_longest_time(regime: Regime) -> None:
    for profile in ("default", "research"):
        hours = load(profile).exits.max_hold_h[regime]
        assert 0.0 < hours <= 72.0
