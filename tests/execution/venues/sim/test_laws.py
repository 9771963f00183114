"""Whatever is ordered and whatever prices do, money, positions and orders obey their laws."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantum_os.events.base import Event
from quantum_os.events.execution import (
    Fill,
    FundingPaid,
    Leg,
    Liquidity,
    OrderCancelRequested,
    OrderKind,
    OrderRequested,
)
from quantum_os.events.market import ExchangeRaw, MarketKlines, RawKind
from quantum_os.events.units import Mode, Ns, Price, Qty, Side
from quantum_os.execution.venues.sim.config import SimVenueConfig
from quantum_os.execution.venues.sim.state import Said
from quantum_os.execution.venues.sim.venue import SimVenue
from tests.execution.venues.sim.auditor import audit
from tests.execution.venues.sim.floor import BAR, BTC, PRICES, T0, VENUE, D, Floor

CONFIG = SimVenueConfig(seed=11, latency_ms=5.0)
TICKS = st.integers(600, 1600).map(lambda tenths: tenths / 10)
VOLUME = st.sampled_from([0.0, 5.0, 40.0, 1e6])
QTY = st.integers(1, 30_000).map(lambda n: str(D(n) / 1000))


class Step(msgspec.Struct, frozen=True):
    """One bar's worth of life: orders, a funding rate, an open or none, the bar."""

    orders: list[tuple[Side, str, OrderKind, float, bool]]
    cancel: bool
    rate: float | None
    skip_open: bool
    path: tuple[float, float, float, float]
    volume: float


ORDER = st.tuples(
    st.sampled_from(list(Side)),
    QTY,
    st.sampled_from(list(OrderKind)),
    TICKS,
    st.booleans(),
)
STEP = st.builds(
    Step,
    orders=st.lists(ORDER, max_size=3),
    cancel=st.booleans(),
    rate=st.none() | st.floats(-0.01, 0.01, allow_subnormal=False),
    skip_open=st.booleans(),
    path=st.tuples(TICKS, TICKS, TICKS, TICKS).map(lambda p: (p[0], max(p), min(p), p[3])),
    volume=VOLUME,
)
LIVES = st.lists(STEP, min_size=1, max_size=12)


def live(steps: list[Step], venue: SimVenue | None = None, leverage: int = 5) -> Floor:
    """Runs a life and audits it after every bar."""
    floor = Floor(CONFIG, deposit="5000", venue=venue)
    floor.leverage(leverage)
    floor.bar((100, 100, 100, 100), volume=100.0)
    sent: list[OrderRequested] = []
    for number, step in enumerate(steps):
        if not step.skip_open:
            floor.opens(step.path[0])
        for place, spec in enumerate(step.orders):
            sent.append(send(floor, f"o{number}-{place}", spec))
        if step.cancel and sent:
            floor.hears(OrderCancelRequested(VENUE, Mode.BACKTEST, sent[-1].client_id, BTC, "test"))
        if step.rate is not None:
            floor.funding(step.rate, stamp=floor.now + BAR)
        before, walked = floor.venue.state.books.get(BTC), len(floor.record)
        mark = step.path[0] if before is None else before.mark
        floor.bar(step.path, volume=step.volume)
        audit(floor, sent)
        audit_range(floor.record[walked:], step, mark)
    return floor


def send(
    floor: Floor, client_id: str, spec: tuple[Side, str, OrderKind, float, bool]
) -> OrderRequested:
    side, qty, kind, level, reduce_only = spec
    limit = kind in (OrderKind.LIMIT, OrderKind.LIMIT_IOC)
    order = OrderRequested(
        VENUE,
        Mode.BACKTEST,
        client_id,
        BTC,
        Leg.ENTRY,
        kind,
        side,
        Qty(D(qty)),
        reduce_only,
        Ns(floor.now),
        price=Price(D(level)) if limit else None,
        trigger=Price(D(level)) if kind is OrderKind.STOP_MARKET else None,
    )
    floor.hears(order)
    return order


def audit_range(said: list[Event], step: Step, mark: float) -> None:
    """No fill outside the bar, and the gap before it, but for slippage and the insurance fund."""
    _, high, low, _ = step.path
    low, high = min(low, mark), max(high, mark)
    for fill in said:
        if not isinstance(fill, Fill) or fill.liquidity is Liquidity.LIQUIDATION:
            continue
        cap = CONFIG.slippage_cap_bps / 1e4 if fill.liquidity is Liquidity.TAKER else 0.0
        assert low * (1 - cap) - 0.1 <= float(fill.price) <= high * (1 + cap) + 0.1


@settings(max_examples=150, deadline=None)
@given(LIVES)
def test_the_laws_hold_in_every_life(steps: list[Step]) -> None:
    live(steps)


@settings(max_examples=40, deadline=None)
@given(LIVES, st.integers(1, 125))
def test_the_same_life_is_lived_the_same_at_any_leverage(steps: list[Step], leverage: int) -> None:
    first, second = live(steps, leverage=leverage), live(steps, leverage=leverage)
    assert first.record == second.record
    assert first.venue.snapshot() == second.venue.snapshot()


class PaysFundingTheWrongWay(SimVenue):
    """A canary: the sign of funding is turned round, in the books and in what is said."""

    def on_klines(self, event: MarketKlines) -> list[Said] | None:
        said = super().on_klines(event)
        for place, fact in enumerate(said or []):
            if said is not None and isinstance(fact, FundingPaid):
                self.state.account.book_funding(-2 * fact.amount)
                said[place] = msgspec.structs.replace(fact, amount=-fact.amount)
        return said


class BooksTwice(SimVenue):
    """A canary: what a bar fills is booked once more than it is said."""

    def on_klines(self, event: MarketKlines) -> list[Said] | None:
        said = super().on_klines(event)
        for fact in said or []:
            if isinstance(fact, Fill):
                self.state.account.book_trade(fact.symbol, fact.side, fact.qty, fact.price)
                self.state.account.book_fee(fact.fee)
        return said


class ForgetsAFee(SimVenue):
    """A canary: a fee is said and not taken."""

    def on_klines(self, event: MarketKlines) -> list[Said] | None:
        said = super().on_klines(event)
        for fact in said or []:
            if isinstance(fact, Fill):
                self.state.account.book_fee(-fact.fee)
        return said


class EnlargesOnAnExit(SimVenue):
    """A canary: reduce-only is ignored."""

    def on_order(self, event: OrderRequested) -> list[Said] | None:
        return super().on_order(msgspec.structs.replace(event, reduce_only=False))


CANARY_LIFE = [
    Step(
        [(Side.BUY, "2", OrderKind.MARKET, 100.0, False)],
        False,
        None,
        True,
        (100, 101, 99, 100),
        1e6,
    ),
    Step(
        [(Side.SELL, "3", OrderKind.MARKET, 100.0, False)],
        False,
        0.001,
        False,
        (100, 101, 99, 100),
        1e6,
    ),
    Step(
        [(Side.BUY, "9", OrderKind.MARKET, 100.0, True)],
        False,
        0.001,
        False,
        (100, 101, 99, 100),
        1e6,
    ),
    Step(
        [(Side.BUY, "2", OrderKind.STOP_MARKET, 101.5, False)],
        False,
        None,
        False,
        (100, 102, 99, 100),
        1e6,
    ),
    Step([], False, None, False, (100, 101, 99, 100), 1e6),
]


def test_canary_life_is_sound_in_a_sound_venue() -> None:
    floor = live(CANARY_LIFE)
    assert len(floor.fills()) >= 4
    assert floor.payments()


@pytest.mark.parametrize(
    "canary", [PaysFundingTheWrongWay, BooksTwice, ForgetsAFee, EnlargesOnAnExit]
)
def test_canary_bugs_are_caught(canary: type[SimVenue]) -> None:
    with pytest.raises(AssertionError):
        live(CANARY_LIFE, canary(CONFIG))


def test_funding_of_a_symbol_without_interest_costs_nothing() -> None:
    floor = Floor(CONFIG)
    assert floor.hears(ExchangeRaw(PRICES, BTC, RawKind.FUNDING, Ns(T0), 0.01)) == []
    assert floor.account.funding == 0
