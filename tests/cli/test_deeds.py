"""What the fund does is told in words, once, and what is no news is not told."""

from decimal import Decimal

from msgspec.structs import replace

from quantum_os.cli.deeds import Deed, Deeds, in_words
from quantum_os.events.ai import CandidateRefused, DecisionSummary, Gate
from quantum_os.events.base import Event, stream_of
from quantum_os.events.exits import ExitReason, StopRequested
from quantum_os.events.market import MarketFlagged, MarketTick
from quantum_os.events.portfolio import TradeClosed
from quantum_os.events.risk import RiskPermit, RiskRefusal
from quantum_os.events.system import Keeper, StorageState
from quantum_os.events.units import Flag, Ns, PositionSide, Price, Qty, Usd
from quantum_os.kernel.envelope import Envelope, encode_event
from tests.events.examples import example_of

BTC = "BTC/USDT:USDT"


def envelope(event: Event, ts: int = 7) -> Envelope:
    return Envelope(1, ts, 0, 1, "test", stream_of(type(event)), encode_event(event), 0)


def permit() -> RiskPermit:
    found = example_of(RiskPermit)
    assert isinstance(found, RiskPermit)
    intent = replace(
        found.intent,
        symbol=BTC,
        side=PositionSide.LONG,
        qty=Qty(Decimal(2)),
        ref_price=Price(Decimal(100)),
        sl_price=Price(Decimal(98)),
        strategy="trend",
    )
    return RiskPermit(intent, Qty(Decimal(2)), intent.leverage, ())


def closed(net: str, r: float | None) -> TradeClosed:
    found = example_of(TradeClosed)
    assert isinstance(found, TradeClosed)
    side, reason = PositionSide.SHORT, ExitReason.STOP
    return replace(found, symbol=BTC, side=side, net=Usd(Decimal(net)), r=r, exit_reason=reason)


def flagged(venue: str) -> MarketFlagged:
    return MarketFlagged(venue, BTC, (Flag.FROZEN,), Ns(1), "12 bars without a move")


def test_an_entry_names_its_stop_and_who_wanted_it() -> None:
    words, _ = in_words(permit()) or ("", "")
    assert words.startswith("goes LONG BTC, 2 at 100: stop 98 (2.0% away)")
    assert words.endswith("by trend")


def test_a_refusal_names_its_gate_value_and_limit() -> None:
    refused = CandidateRefused("d", BTC, Ns(1), "sizing.sizer", Gate.MIN_NOTIONAL, 3.5, 5.0)
    assert in_words(refused) == ("drops BTC at sizing: min notional (3.5, limit 5)", "dim")
    silent = RiskRefusal("i", "d", BTC, Gate.SAME_SIDE, None, None, "", ())
    assert in_words(silent) == ("refuses BTC: same side", "dim")


def test_a_closed_trade_says_what_it_was_worth() -> None:
    assert in_words(closed("12.5", 1.25)) == (
        "closed SHORT BTC: +12.50 USD (+1.2 R), stop",
        "green",
    )
    assert in_words(closed("-3", None)) == ("closed SHORT BTC: -3.00 USD (R n/a), stop", "red")


def test_a_stop_that_follows_is_news_and_the_first_one_is_not() -> None:
    found = example_of(StopRequested)
    assert isinstance(found, StopRequested)
    stop = replace(found, symbol=BTC, stop_price=Price(Decimal("99.5")))
    moved = in_words(replace(stop, reason="ratchet after 1"))
    assert moved == ("moves the stop of BTC to 99.5", "cyan")
    assert in_words(replace(stop, reason="entry")) is None


def test_a_keeper_that_goes_down_is_news_and_so_is_that_it_is_back() -> None:
    told: list[Deed] = []
    deeds = Deeds("binance", told.append)
    well = StorageState(Keeper.REDIS, ok=True, since=Ns(1), lag=0)
    down = StorageState(Keeper.REDIS, ok=False, since=Ns(2), lag=1_250, reason="refused")
    for event in (well, down, well, well):
        deeds(envelope(event))
    assert [deed.words for deed in told] == [
        "redis is down, 1,250 events behind: refused",
        "redis is well again",
    ]
    assert all(deed.is_of_the_process for deed in told)


def test_the_tap_keeps_the_latest_and_tells_each_once() -> None:
    told: list[Deed] = []
    deeds = Deeds("binance", told.append)
    assert Deeds("binance").data_age_s is None
    tick = example_of(MarketTick)
    summary = example_of(DecisionSummary)
    for event in (tick, permit(), summary, closed("1", 0.1), flagged("bybit"), flagged("binance")):
        deeds(envelope(event))
    assert [deed.words.split()[0] for deed in told] == ["goes", "closed", "distrusts"]
    assert list(deeds.latest) == told[::-1]
    assert deeds.summary == summary
    assert deeds.trade is not None
    assert deeds.entered is not None
    assert deeds.data_age_s is not None
    assert deeds.data_age_s >= 0.0
