"""A simulated venue lived through by chance, against what a venue may never do with money.

The auditor counts every fill and payment anew; beside it stand the filters, the leverage of a
position, the margin of what was let in, and which of stop and target a bar meets first.
"""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from quantum_os.events.execution import (
    Fill,
    FundingPaid,
    Leg,
    LeverageConfirmed,
    LeverageRequested,
    OrderCancelRequested,
    OrderKind,
    OrderRequested,
    OrderState,
    OrderUpdated,
)
from quantum_os.events.market import MarketKlines, MarketOpens
from quantum_os.events.units import Mode, Ns, Price, Qty, Side
from quantum_os.execution.venues.sim.account import Position
from quantum_os.execution.venues.sim.config import SimVenueConfig
from quantum_os.execution.venues.sim.state import Said
from quantum_os.execution.venues.sim.venue import SimVenue
from tests.execution.venues.sim.auditor import audit
from tests.execution.venues.sim.floor import BAR, BTC, VENUE, D, Floor, instrument, only
from tests.lives import LawBroken, law, law_broken_by, lived

LOAD = lived(200, 30)
CONFIG = SimVenueConfig(seed=3, latency_ms=5.0)
SIDES = st.sampled_from(list(Side))
TENTHS = st.integers(800, 1250)
QTY = st.sampled_from(["0.0005", "1.0005", "0.001", "0.5", "2", "3.25", "20", "100", "200"])
RULES = instrument()
LONG = Side.BUY


class VenueLife(RuleBasedStateMachine):
    """One floor and one symbol; bars follow each other, and orders come between."""

    venue_of: type[SimVenue] = SimVenue

    @initialize()
    def opens_the_account(self) -> None:
        self.floor = Floor(CONFIG, deposit="1000", venue=self.venue_of(CONFIG))
        self.sent: list[OrderRequested] = []
        self.price = 100.0
        self.floor.leverage(5)
        self.floor.bar((100, 100, 100, 100), volume=1e6)

    @property
    def held(self) -> Position | None:
        return self.floor.account.positions.get(BTC)

    @rule(side=SIDES, qty=QTY, kind=st.sampled_from(list(OrderKind)), at=TENTHS, only=st.booleans())
    def orders(self, side: Side, qty: str, kind: OrderKind, at: int, only: bool) -> None:
        self.sends(side, qty, kind, D(at) / 10, reduces=only)

    @precondition(lambda self: self.held is not None)
    @rule(offset=st.integers(1, 20), extra=st.sampled_from(["0", "1.5"]))
    def protects(self, offset: int, extra: str) -> None:
        """A stop and a target for all that is held, and perhaps for more than that."""
        held = self.held
        if held is None:
            return
        sign, out = (1, Side.SELL) if held.qty > 0 else (-1, Side.BUY)
        size = str(abs(held.qty) + D(extra))
        mark = D(round(self.price, 1))
        self.sends(out, size, OrderKind.STOP_MARKET, mark - sign * D(offset) / 10, reduces=True)
        self.sends(out, size, OrderKind.LIMIT, mark + sign * D(offset) / 10, reduces=True)

    @rule(side=SIDES, qty=st.sampled_from(["1.5", "3"]))
    def enters(self, side: Side, qty: str) -> None:
        """The short way to a position: a market order and the open that fills it."""
        self.sends(side, qty, OrderKind.MARKET, None, reduces=False)
        self.floor.opens(self.price)

    @rule(
        gap=st.sampled_from([0, 0, 0, -60, 60]),
        low=st.integers(0, 50),
        high=st.integers(0, 50),
        last=st.integers(0, 50),
        volume=st.sampled_from([5.0, 1e6, 1e6]),
    )
    def bar(self, gap: int, low: int, high: int, last: int, volume: float) -> None:
        """Tenths of a dollar: from the last price, perhaps after a gap, down, up and between."""
        first = round(min(max(self.price * 10 + gap, 700), 1_400))
        end = min(max(first - low + last, first - low), first + high)
        path = [each / 10 for each in (first, first - low, first + high, end)]
        held, stops, targets = self.held, self.covering(stop=True), self.covering(stop=False)
        before = len(self.floor.record)
        self.floor.opens(path[0])
        fresh = self.held == held and len(self.floor.record) == before
        prices = (path[0], max(path), min(path), path[3])
        self.floor.bar(prices, volume=volume)
        self.price = path[3]
        if fresh and held is not None and volume > 1e5:
            self.stop_came_first(held, stops, targets, before)

    @rule(rate=st.sampled_from([-0.01, -0.0003, 0.0001, 0.004]))
    def funding_is_due(self, rate: float) -> None:
        self.floor.funding(rate, stamp=self.floor.now + BAR)

    @rule(leverage=st.sampled_from([1, 3, 10, 125, 500, 0]))
    def sets_leverage(self, leverage: int) -> None:
        held = self.held
        before = None if held is None else held.leverage
        said = self.floor.leverage(leverage)
        law(held is None or said.leverage == before, "a position keeps its leverage")
        law(1 <= said.leverage <= 125, "a leverage of the brackets is confirmed")

    @precondition(lambda self: self.sent)
    @rule(which=st.integers(0, 20))
    def cancels(self, which: int) -> None:
        name = self.sent[which % len(self.sent)].client_id
        ended = self.has_ended(name)
        said = self.floor.hears(OrderCancelRequested(VENUE, Mode.BACKTEST, name, BTC, "test"))
        law(not ended or not said, "what has ended is not cancelled")

    @precondition(lambda self: self.sent)
    @rule(which=st.integers(0, 20))
    def sends_again(self, which: int) -> None:
        order = self.sent[which % len(self.sent)]
        resting, held = self.resting(), msgspec.json.encode(self.floor.account)
        said = self.floor.hears(order)
        codes = [each.code for each in said if isinstance(each, OrderUpdated)]
        law(codes == ["-4116"], "a client id is taken once")
        same = self.resting() == resting and msgspec.json.encode(self.floor.account) == held
        law(same, "a client id is taken once")
        self.floor.record[-len(said) :] = []

    @rule()
    def restarts(self) -> None:
        self.floor.venue.restore(self.floor.venue.snapshot())

    def sends(
        self, side: Side, qty: str, kind: OrderKind, at: Decimal | None, *, reduces: bool
    ) -> None:
        is_limit = kind in (OrderKind.LIMIT, OrderKind.LIMIT_IOC)
        order = OrderRequested(
            VENUE, Mode.BACKTEST, f"o{len(self.sent)}", BTC, Leg.ENTRY, kind, side, Qty(D(qty)),
            reduces, Ns(self.floor.now),
            price=Price(at) if is_limit and at is not None else None,
            trigger=Price(at) if kind is OrderKind.STOP_MARKET and at is not None else None,
        )  # fmt: skip
        free = self.floor.account.free()
        self.sent.append(order)
        said = only(OrderUpdated, self.floor.hears(order))
        taken = bool(said) and said[0].state is OrderState.ACKED
        law(bool(said), "every order is answered")
        law(not taken or self.fits(order), "what is taken fits the filters")
        opens = self.held is None and not reduces
        need = order.qty * (order.price or order.trigger or D(self.price)) / self.leverage
        law(not (taken and opens) or need <= free, "what is taken has its margin")
        law(not (taken and reduces) or self.held is not None, "a reduction has what it reduces")

    @property
    def leverage(self) -> int:
        return self.floor.account.leverage[BTC]

    def fits(self, order: OrderRequested) -> bool:
        largest = RULES.max_qty
        if order.kind in (OrderKind.MARKET, OrderKind.STOP_MARKET):
            largest = RULES.market_max_qty
        on_step = order.qty % RULES.step == 0 and RULES.min_qty <= order.qty <= largest
        prices = [each for each in (order.price, order.trigger) if each is not None]
        return on_step and all(price % RULES.tick == 0 for price in prices)

    def has_ended(self, name: str) -> bool:
        return name not in self.resting()

    def resting(self) -> list[str]:
        book = self.floor.venue.state.books.get(BTC)
        return [] if book is None else [order.client_id for order in book.orders]

    def covering(self, *, stop: bool) -> list[OrderRequested]:
        """The resting reduce-only stops, or targets, that hold the whole position alone."""
        held, alive = self.held, self.resting()
        wanted = OrderKind.STOP_MARKET if stop else OrderKind.LIMIT
        return [
            order
            for order in self.sent
            if held is not None
            and order.client_id in alive
            and order.kind is wanted
            and order.reduce_only
            and order.qty >= abs(held.qty)
            and (order.side is Side.SELL) is (held.qty > 0)
        ]

    def stop_came_first(
        self,
        held: Position,
        stops: list[OrderRequested],
        targets: list[OrderRequested],
        before: int,
    ) -> None:
        """Of a bar that reached both, the stop took the position."""
        fills = only(Fill, self.floor.record[before:])
        names = {order.client_id for order in targets}
        if not fills or not stops or fills[0].client_id not in names:
            return
        bar = self.floor.venue.state.bars
        assert bar is not None
        down = held.qty > 0
        triggers = [float(stop.trigger or 0) for stop in stops]
        reached = any(bar.low[0] <= at if down else bar.high[0] >= at for at in triggers)
        law(not reached, "the stop comes before the target")

    @invariant()
    def the_auditor_finds_nothing(self) -> None:
        if not hasattr(self, "floor"):
            return
        try:
            audit(self.floor, self.sent)
        except AssertionError as error:
            raise LawBroken("the auditor's sums agree") from error

    @invariant()
    def a_position_costs_its_margin_at_most(self) -> None:
        if hasattr(self, "floor"):
            account = self.floor.account
            law(account.wallet >= 0, "isolated margin: the wallet never goes below nothing")


TestVenueLife = VenueLife.TestCase
TestVenueLife.settings = LOAD


class BooksTwice(SimVenue):
    """Takes what an open fills into the account once more than it says."""

    def on_opens(self, event: MarketOpens) -> list[Said] | None:
        said = super().on_opens(event)
        for fact in said or []:
            if isinstance(fact, Fill):
                self.state.account.book_fee(fact.fee)
        return said


class TurnsFundingRound(SimVenue):
    """Receives what should be paid."""

    def on_klines(self, event: MarketKlines) -> list[Said] | None:
        said = super().on_klines(event)
        for fact in said or []:
            if isinstance(fact, FundingPaid):
                self.state.account.book_funding(-2 * fact.amount)
        return said


class IgnoresReduceOnly(SimVenue):
    """Lets an exit open a position."""

    def on_order(self, event: OrderRequested) -> list[Said] | None:
        return super().on_order(msgspec.structs.replace(event, reduce_only=False))


class TakesAnyQuantity(SimVenue):
    """Has no steps and no limits of quantity."""

    def on_order(self, event: OrderRequested) -> list[Said] | None:
        known = self.state.instruments[BTC]
        self.state.instruments[BTC] = msgspec.structs.replace(
            known, step=Qty(D("1e-8")), min_qty=Qty(D("1e-8"))
        )
        said = super().on_order(event)
        self.state.instruments[BTC] = known
        return said


class MovesLeverage(SimVenue):
    """Changes the leverage of a position that is held."""

    def on_leverage_request(self, event: LeverageRequested) -> LeverageConfirmed | None:
        held = self.state.account.positions.pop(event.symbol, None)
        said = super().on_leverage_request(event)
        if held is not None:
            self.state.account.positions[event.symbol] = held
        return said


class MeetsTargetsFirst(SimVenue):
    """Walks a bar to the good side first: every stop is forgotten while the bar passes."""

    def on_klines(self, event: MarketKlines) -> list[Said] | None:
        book = self.state.books.get(BTC)
        if book is None or BTC not in self.state.account.positions:
            return super().on_klines(event)
        stops = [order for order in book.orders if order.is_dormant_stop]
        levels = [order.level for order in stops]
        for order in stops:
            order.level = 0.0 if order.side is Side.SELL else 1e9
        book.refresh(self.state.account.positions[BTC])
        said = super().on_klines(event)
        for order, level in zip(stops, levels, strict=True):
            order.level = level
        return said


class ForgetsIds(SimVenue):
    """Does not know a client id again."""

    def on_order(self, event: OrderRequested) -> list[Said] | None:
        self.state.known_ids.clear()
        return super().on_order(event)


class LendsMargin(SimVenue):
    """Takes an entry that the account cannot back."""

    def on_order(self, event: OrderRequested) -> list[Said] | None:
        self.state.account.wallet += 10**6
        said = super().on_order(event)
        self.state.account.wallet -= 10**6
        return said


CANARIES = [
    BooksTwice,
    TurnsFundingRound,
    IgnoresReduceOnly,
    TakesAnyQuantity,
    MovesLeverage,
    MeetsTargetsFirst,
    ForgetsIds,
    LendsMargin,
]


@pytest.mark.parametrize("canary", CANARIES)
def test_canary_a_planted_bug_is_found(canary: type[SimVenue]) -> None:
    law_broken_by(type(canary.__name__, (VenueLife,), {"venue_of": canary}), LOAD)
