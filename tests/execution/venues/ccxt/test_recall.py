"""What a life may have missed begins where the account was last told in full, not where it died."""

from decimal import Decimal

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.execution import (
    Fill,
    FundingPaid,
    HaltState,
    Liquidity,
    OrderUpdated,
    VenueSnapshot,
)
from quantum_os.events.risk import SafetyCleared
from quantum_os.events.units import Frac, Mode, Ns, Price, Qty, Side, Usd
from quantum_os.execution.venues.ccxt.recall import recalled
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.journal import MemoryJournal
from tests.events.examples import example_of

BTC = "BTC/USDT:USDT"
BORN, LISTED, DIED = 1_000, 5_000, 9_000


def journal(*events: Event) -> MemoryJournal:
    kept = MemoryJournal()
    bus = Bus([], kept)
    for number, event in enumerate(events):
        bus.process(BORN + number, event, "venue")
    return kept


def fill(trade_id: str, at: int) -> Fill:
    price, qty, fee = Price(Decimal(100)), Qty(Decimal(1)), Usd(Decimal("0.05"))
    who = ("binance", Mode.TESTNET, trade_id, "qos0-a-entry-0", BTC)
    return Fill(*who, Side.BUY, price, qty, fee, Liquidity.TAKER, Ns(at))


def listing(at: int) -> VenueSnapshot:
    wallet = Usd(Decimal(10_000))
    return VenueSnapshot("binance", Mode.TESTNET, Ns(at), wallet, wallet, (), ())


def paid(funding_id: str) -> FundingPaid:
    amount, rate = Usd(Decimal(1)), Frac(0.0001)
    price, qty = Price(Decimal(100)), Qty(Decimal(1))
    return FundingPaid(
        "binance", Mode.TESTNET, funding_id, BTC, amount, rate, price, qty, Ns(LISTED)
    )


def test_a_fill_that_was_told_later_does_not_hide_an_earlier_one() -> None:
    known = recalled(journal(listing(3_000), listing(LISTED), fill("BTCUSDT:2", DIED)))
    assert (known.born, known.listed) == (BORN, LISTED)
    assert known.trade_ids == ["BTCUSDT:2"]


def test_without_a_listing_all_since_the_beginning_may_have_been_missed() -> None:
    known = recalled(journal(fill("BTCUSDT:1", DIED), paid("F1")))
    assert known.listed == known.born == BORN
    assert (known.trade_ids, known.payment_ids) == (["BTCUSDT:1"], ["F1"])


def test_symbols_are_those_listed_last_and_those_heard_of_since() -> None:
    held = example_of(VenueSnapshot)
    filled = example_of(OrderUpdated)
    assert isinstance(held, VenueSnapshot)
    assert isinstance(filled, OrderUpdated)
    (position,) = held.positions
    gone = msgspec.structs.replace(filled, symbol="GONE/USDT:USDT")
    late = msgspec.structs.replace(filled, symbol="LATE/USDT:USDT")
    known = recalled(journal(gone, held, late, fill("BTCUSDT:2", DIED)))
    assert set(known.symbols) >= {position.symbol, late.symbol, BTC}
    assert gone.symbol not in known.symbols, "a listing that was told in full has all before it"


def test_an_empty_journal_has_missed_nothing() -> None:
    known = recalled(journal())
    assert (known.born, known.listed, known.trade_ids) == (0, 0, [])


def halted(cause: str, *, closed: bool = True) -> HaltState:
    return HaltState("bybit", cause, "", closed, True, "why", "way out", Ns(BORN))


def test_what_called_a_person_outlives_a_restart_until_one_has_come() -> None:
    known = recalled(journal(halted("closed_by_venue"), halted("reduce_only")))
    assert [each.cause for each in known.halts] == ["closed_by_venue"]
    cleared = SafetyCleared("venue.closed_by_venue", "ann", "looked at it", Ns(BORN))
    assert recalled(journal(halted("closed_by_venue"), cleared)).halts == ()
    over = halted("closed_by_venue", closed=False)
    assert recalled(journal(halted("closed_by_venue"), over)).halts == ()
