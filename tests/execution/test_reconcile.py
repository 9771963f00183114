"""What the reconciler says when it hears the venue's listing and the ledger's word."""

from decimal import Decimal

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.execution import (
    OrderKind,
    PositionCorrected,
    ReconcileState,
    VenueOrder,
    VenueSnapshot,
)
from quantum_os.events.portfolio import AccountUpdated, PositionUpdated
from quantum_os.events.system import AlertRaised, AlertResolved, TimerSet
from quantum_os.events.units import (
    NS_PER_S,
    Leverage,
    Margin,
    Mode,
    Ns,
    Price,
    Qty,
    Side,
    Usd,
)
from quantum_os.execution.reconcile import RECONCILE_TIMER, Reconcile
from quantum_os.kernel.instant import Instant
from tests.execution.desk import BTC, ETH, POLICY, T0, policy_updated, started
from tests.execution.fake_venue import VENUE, FakeVenue


def listing(wallet: str = "1000", **held: str) -> VenueSnapshot:
    venue = FakeVenue()
    names = {"btc": BTC, "eth": ETH}
    venue.held = {names[name]: Decimal(qty) for name, qty in held.items()}
    return venue.lists(wallet)


def account(equity: str = "1000") -> AccountUpdated:
    usd = Usd(Decimal(equity))
    nothing = POLICY.exits.stop_min
    return AccountUpdated(
        wallet=usd,
        upnl=Usd(Decimal(0)),
        equity=usd,
        margin_used=Margin(Decimal(0)),
        margin_util=nothing,
        available=usd,
        peak_equity=usd,
        drawdown=nothing,
        day_pnl_frac=nothing,
        week_pnl_frac=nothing,
        time=T0,
        source="ledger",
        age_ms=0.0,
    )


def position(qty: str, symbol: str = BTC, name: str = "p1") -> PositionUpdated:
    price, usd = Price(Decimal(100)), Usd(Decimal(0))
    return PositionUpdated(
        venue=VENUE,
        mode=Mode.BACKTEST,
        position_id=name,
        symbol=symbol,
        qty=Qty(Decimal(qty)),
        entry=price,
        mark=price,
        upnl=usd,
        leverage=Leverage(3),
        margin=Margin(Decimal(1)),
        liq_price=None,
        stop_price=None,
        stop_qty=Qty(Decimal(0)),
        risk_to_stop=usd,
        opened_at=T0,
        intent_id=None,
        decision_id=None,
    )


class Auditor:
    """The reconciler with a clock, started under the default policy."""

    def __init__(self) -> None:
        self.reactor = Reconcile()
        self.instant = Instant(T0)
        self.reactor.keep_time_by(self.instant)
        self.said = self.hears(started(), policy_updated())

    def hears(self, *events: Event) -> list[Event]:
        said: list[Event] = []
        for event in events:
            answer = self.reactor.handlers()[type(event)](event) or ()
            said += [answer] if isinstance(answer, Event) else answer
        return said


def verdict(said: list[Event]) -> ReconcileState:
    (found,) = [event for event in said if isinstance(event, ReconcileState)]
    return found


def test_hears_the_policy_and_sets_its_periodic_timer_once() -> None:
    auditor = Auditor()
    period = int(POLICY.execution.reconcile_s * NS_PER_S)
    assert auditor.said == [TimerSet(RECONCILE_TIMER, Ns(T0 + period), period)]
    assert auditor.hears(policy_updated()) == []
    assert auditor.hears(started()) == [], "a world that stood still has its timer still"
    again = auditor.hears(started(world_went_on=True))
    assert again == auditor.said, "one that went on is compared anew"


def test_hears_a_listing_that_agrees_and_says_ok() -> None:
    auditor = Auditor()
    said = auditor.hears(
        position("-0.5"), position("2", ETH, "p2"), listing(btc="-0.5", eth="2"), account()
    )
    assert said == [ReconcileState(VENUE, T0, True, Usd(Decimal(0)), ())]


def test_a_cent_is_allowed_and_more_is_not() -> None:
    auditor = Auditor()
    assert verdict(auditor.hears(listing("1000.01"), account())).ok
    told = verdict(auditor.hears(listing("1000"), account("1000.011")))
    assert not told.ok
    assert told.equity_gap == Decimal("0.011")
    assert auditor.reactor.state.equity_gap_max == Decimal("0.011")


def test_hears_differing_positions_and_raises_once_until_healed() -> None:
    auditor = Auditor()
    auditor.hears(position("1"))
    first = auditor.hears(listing(btc="-1"), account())
    again = auditor.hears(listing(eth="1"), account())
    assert verdict(first).mismatches == (f"{BTC}: venue -1, ledger 1",)
    assert verdict(again).mismatches == (f"{ETH}: venue 1, ledger 0", f"{BTC}: venue 0, ledger 1")
    assert [type(e) for e in (*first, *again)].count(AlertRaised) == 1
    auditor.instant.ns += NS_PER_S
    healed = auditor.hears(position("0"), listing(), account())
    assert healed[-1] == AlertResolved("execution.reconcile", T0, Ns(T0 + NS_PER_S))
    assert verdict(healed).ok
    assert auditor.reactor.state.positions == {}


def test_f65_an_absent_listing_is_never_read_as_flat() -> None:
    auditor = Auditor()
    auditor.hears(position("1"))
    assert auditor.hears(account(), account("0")) == []
    assert auditor.hears(msgspec.structs.replace(listing(), venue="elsewhere"), account()) == []
    assert [held.qty for held in auditor.reactor.state.positions.values()] == [1]
    assert not verdict(auditor.hears(listing(), account())).ok
    assert auditor.hears(account()) == [], "one listing is compared once"


def test_f75_signed_positions_survive_persistence() -> None:
    auditor = Auditor()
    auditor.hears(position("-0.5"), listing(btc="-0.5"))
    restored = Reconcile()
    restored.restore(auditor.reactor.snapshot())
    assert restored.state == auditor.reactor.state
    (said,) = restored.on_account(account())
    assert isinstance(said, ReconcileState)
    assert said.ok


def real(snapshot: VenueSnapshot) -> VenueSnapshot:
    return msgspec.structs.replace(snapshot, mode=Mode.TESTNET)


def corrections(said: list[Event]) -> list[PositionCorrected]:
    return [event for event in said if isinstance(event, PositionCorrected)]


def test_f74_a_position_that_only_the_venue_knows_is_taken_over_at_once() -> None:
    auditor = Auditor()
    (told,) = corrections(auditor.hears(real(listing(btc="-2")), account()))
    assert (told.symbol, told.qty, told.was) == (BTC, Decimal(-2), Decimal(0))
    assert told.entry == Decimal(100)


def test_by_policy_a_position_by_others_is_told_and_left_alone() -> None:
    policy = policy_updated()
    execution = msgspec.structs.replace(policy.policy.execution, adopt_foreign=False)
    auditor = Auditor()
    told = msgspec.structs.replace(policy.policy, execution=execution)
    auditor.hears(msgspec.structs.replace(policy, policy=told))
    said = auditor.hears(real(listing(btc="-2")), account())
    assert corrections(said) == []
    assert "foreign_position" in [e.rule for e in said if isinstance(e, AlertRaised)]


def test_f74_a_ghost_is_let_go_of_after_two_listings() -> None:
    auditor = Auditor()
    auditor.hears(position("1"))
    assert corrections(auditor.hears(real(listing()), account())) == []
    (told,) = corrections(auditor.hears(real(listing()), account()))
    assert (told.qty, told.was, told.entry) == (Decimal(0), Decimal(1), None)


def test_a_ghost_that_is_listed_again_is_none() -> None:
    auditor = Auditor()
    auditor.hears(position("1"))
    auditor.hears(real(listing()), account())
    auditor.hears(real(listing(btc="1")), account())
    assert corrections(auditor.hears(real(listing()), account())) == []


def test_more_than_we_know_of_is_naked_and_taken_over_at_once() -> None:
    auditor = Auditor()
    auditor.hears(position("1"))
    (told,) = corrections(auditor.hears(real(listing(btc="1.5")), account()))
    assert (told.qty, told.was) == (Decimal("1.5"), Decimal(1))


def test_a_simulated_venue_that_differs_is_a_fault_and_not_corrected() -> None:
    auditor = Auditor()
    for _ in range(3):
        assert corrections(auditor.hears(listing(btc="2"), account())) == []


def test_e8_an_order_by_others_is_told_once() -> None:
    order = VenueOrder(
        "web_1",
        BTC,
        OrderKind.LIMIT,
        Side.BUY,
        Qty(Decimal(1)),
        Qty(Decimal(0)),
        False,
        Price(Decimal(90)),
        None,
    )
    ours = msgspec.structs.replace(order, client_id="qos1-p1-stop-0")
    auditor = Auditor()
    rules = [
        event.rule
        for _ in range(3)
        for event in auditor.hears(
            msgspec.structs.replace(listing(), orders=(order, ours)), account()
        )
        if isinstance(event, AlertRaised)
    ]
    assert rules == ["foreign_order"]
