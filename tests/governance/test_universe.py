"""Only symbols that the venue trades, with filters and brackets, may ever be entered."""

from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.governance import UniverseUpdated
from quantum_os.events.market import Bracket, Instrument, InstrumentUpdated
from quantum_os.events.units import Notional, Price, Qty, Usd
from quantum_os.governance.universe import Universe, UniverseConfig

WANTED = ("A", "B", "C")
ONE = Decimal(1)
BRACKET = Bracket(Notional(Decimal(0)), Notional(Decimal(50_000)), 20, ONE / 100, Usd(Decimal(0)))


def _instrument(symbol: str) -> Instrument:
    return Instrument(
        symbol, Price(ONE), Qty(ONE), Qty(ONE), Qty(ONE), Qty(ONE), Notional(ONE), (BRACKET,)
    )


def _listed(*instruments: Instrument) -> InstrumentUpdated:
    return InstrumentUpdated("v", instruments, "test")


def _universe() -> Universe:
    return Universe(UniverseConfig(WANTED))


def test_wanted_and_listed_is_in_by_the_order_of_the_wish() -> None:
    said = _universe().on_instruments(_listed(*map(_instrument, ("C", "X", "A"))))
    assert said == UniverseUpdated(("A", "C"), ("A", "C"), (), (), "config")


def test_nothing_is_said_when_nothing_changes() -> None:
    universe = _universe()
    universe.on_instruments(_listed(_instrument("A")))
    assert universe.on_instruments(_listed(_instrument("A"))) is None
    assert universe.on_instruments(_listed(_instrument("X"))) is None


def test_r25_a_symbol_that_leaves_is_close_only() -> None:
    universe = _universe()
    universe.on_instruments(_listed(_instrument("A"), _instrument("B")))
    halted = msgspec.structs.replace(_instrument("A"), status="SETTLING")
    said = universe.on_instruments(_listed(halted, _instrument("B")))
    assert said == UniverseUpdated(("B",), (), ("A",), ("A",), "config")


def test_news_of_one_symbol_leaves_the_others_in() -> None:
    universe = _universe()
    universe.on_instruments(_listed(_instrument("A"), _instrument("B")))
    said = universe.on_instruments(_listed(_instrument("C")))
    assert said is not None
    assert said.symbols == ("A", "B", "C")


instruments = st.builds(
    lambda symbol, status, tick, step, listed: msgspec.structs.replace(
        _instrument(symbol),
        status=status,
        tick=Price(Decimal(tick)),
        step=Qty(Decimal(step)),
        brackets=(BRACKET,) if listed else (),
    ),
    st.sampled_from(["A", "B", "C", "FAKE"]),
    st.sampled_from(["TRADING", "BREAK", "SETTLING", ""]),
    st.sampled_from([0, 1]),
    st.sampled_from([0, 1]),
    st.booleans(),
)


@given(st.lists(st.lists(instruments, max_size=4), max_size=5))
def test_f38_a_symbol_without_filters_or_brackets_is_never_in(
    news: list[list[Instrument]],
) -> None:
    universe, latest = _universe(), dict[str, Instrument]()
    for batch in news:
        universe.on_instruments(_listed(*batch))
        latest |= {instrument.symbol: instrument for instrument in batch}
        for symbol in universe.state.symbols:
            known = latest[symbol]
            assert symbol in WANTED
            assert known.status == "TRADING"
            assert known.brackets
            assert known.tick > 0
            assert known.step > 0
