from decimal import Decimal

import msgspec
import pytest

from quantum_os.events.market import Bracket, Instrument
from quantum_os.events.units import Notional, Price, Qty, Usd
from quantum_os.formulas.symbols import unified
from quantum_os.market.instrument_book import (
    check_instrument,
    packaged_instruments,
    read_book,
)


def bracket(floor: str, cap: str, leverage: int, mmr: str, cum: str) -> Bracket:
    return Bracket(
        Notional(Decimal(floor)), Notional(Decimal(cap)), leverage, Decimal(mmr), Usd(Decimal(cum))
    )


GOOD = Instrument(
    symbol="ABC/USDT:USDT",
    tick=Price(Decimal("0.01")),
    step=Qty(Decimal("0.1")),
    min_qty=Qty(Decimal("0.1")),
    max_qty=Qty(Decimal(1000)),
    market_max_qty=Qty(Decimal(100)),
    min_notional=Notional(Decimal(5)),
    brackets=(
        bracket("0", "10000", 50, "0.01", "0"),
        bracket("10000", "50000", 20, "0.025", "150"),
    ),
)


def test_every_packaged_instrument_is_sound_and_named_as_we_name_symbols() -> None:
    book = {one.symbol: one for one in packaged_instruments()}

    assert len(book) == 27
    assert all(unified(symbol) == symbol for symbol in book)
    bitcoin = book["BTC/USDT:USDT"]
    assert (bitcoin.tick, bitcoin.step) == (Decimal("0.1"), Decimal("0.001"))
    assert bitcoin.min_notional == 100
    assert book["ETH/USDT:USDT"].min_notional == 20
    assert book["SOL/USDT:USDT"].min_notional == 5
    assert bitcoin.brackets[1].cum == 300


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"tick": Decimal(0)}, "tick is 0"),
        ({"step": Decimal("-0.1")}, "step is -0.1"),
        ({"tick": Decimal("NaN")}, "tick is NaN"),
        ({"max_qty": Decimal("0.01")}, "maximum quantity"),
        ({"min_qty": Decimal("0.15")}, "no multiple of step"),
        ({"brackets": ()}, "no brackets"),
    ],
)
def test_filters_no_exchange_can_have(change: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=f"ABC/USDT:USDT: .*{reason}"):
        check_instrument(msgspec.structs.replace(GOOD, **change))


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (bracket("20000", "50000", 20, "0.025", "300"), "does not start at 10000"),
        (bracket("10000", "50000", 20, "0.01", "0"), "does not rise"),
        (bracket("10000", "50000", 50, "0.025", "150"), "does not fall"),
        (bracket("10000", "50000", 20, "0.025", "149"), "cum 149 is not"),
        (bracket("10000", "10000", 20, "0.025", "150"), "cap 10000"),
    ],
)
def test_brackets_that_do_not_join(second: Bracket, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_instrument(msgspec.structs.replace(GOOD, brackets=(GOOD.brackets[0], second)))


def test_the_first_bracket_starts_at_nothing() -> None:
    raised = (bracket("1", "10000", 50, "0.01", "0"),)
    with pytest.raises(ValueError, match="must start at 0"):
        check_instrument(msgspec.structs.replace(GOOD, brackets=raised))


def book_of(*entries: dict[str, object], **extra: object) -> bytes:
    return msgspec.json.encode(
        {"venue": "x", "source": "y", "as_of": "z", "instruments": entries, **extra}
    )


ENTRY: dict[str, object] = {
    "symbol": "ABC/USDT:USDT",
    "tick": "0.01",
    "step": "0.1",
    "min_qty": "0.1",
    "max_qty": "1000",
    "market_max_qty": "100",
    "qty_limits": "recorded",
    "min_notional": "5",
    "brackets": [["0", "10000", 50, "0.01", "0"]],
}


def test_a_book_reads_exactly() -> None:
    (instrument,) = read_book(book_of(ENTRY))

    assert instrument.tick == Decimal("0.01")
    assert instrument.brackets == (bracket("0", "10000", 50, "0.01", "0"),)


@pytest.mark.parametrize(
    "content",
    [
        book_of(ENTRY, ENTRY),
        book_of(ENTRY, surplus=1),
        book_of({**ENTRY, "tick": "cheap"}),
        book_of({**ENTRY, "qty_limits": "guessed"}),
        b"not json",
    ],
)
def test_a_broken_book_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):
        read_book(content)
