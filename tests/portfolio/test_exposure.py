"""Exposure is read from the open book at its last prices, counted by hand."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from quantum_os.events.base import Event
from quantum_os.events.market import MarketData
from quantum_os.events.portfolio import (
    AccountUpdated,
    PortfolioExposureUpdated,
    PortfolioSnapshotUpdated,
    PositionUpdated,
    TradeClosed,
)
from quantum_os.events.units import NS_PER_DAY, Qty, Usd
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.portfolio.exposure import Exposure
from tests.events.examples import example_of
from tests.portfolio.book import dec, only


def _but(kind: type[Event], **changes: Any) -> Any:
    return msgspec.structs.replace(example_of(kind), **changes)


def _account(equity: int = 1_000, wallet: int = 900) -> AccountUpdated:
    told: AccountUpdated = _but(
        AccountUpdated, equity=Usd(dec(equity)), wallet=Usd(dec(wallet)), day_pnl_frac=-0.02
    )
    return told


def _position(symbol: str, qty: str, mark: str = "100", risk: str = "5") -> PositionUpdated:
    told: PositionUpdated = _but(
        PositionUpdated, symbol=symbol, qty=Qty(dec(qty)), mark=dec(mark), risk_to_stop=dec(risk)
    )
    return told


class Desk:
    """The exposure module alone on a bus."""

    def __init__(self) -> None:
        self.journal = MemoryJournal()
        self.bus = Bus([Exposure()], self.journal)

    def hears(self, *events: Event, at: int = 0) -> list[Event]:
        before = self.bus.seq + 1
        for event in events:
            self.bus.process(at, event, "test")
        assert not self.bus.faulted
        said = self.journal.read(before)
        return [envelope.event() for envelope in said if not envelope.is_input]


def test_a_book_of_two_sides_by_hand() -> None:
    """3 long at 100 and 1 short at 100 on 1,000 of equity: gross 400, net 200, hhi 10/16."""
    desk = Desk()
    desk.hears(_account(), _position("A", "3"))
    said = desk.hears(_position("B", "-1"))
    exposure = only(said, PortfolioExposureUpdated)
    assert [exposure.gross, exposure.net, exposure.long, exposure.short] == [400, 200, 300, 100]
    assert exposure.gross_leverage == pytest.approx(0.4)
    assert exposure.hhi == pytest.approx(0.75**2 + 0.25**2)
    assert {row.symbol: row.notional for row in exposure.by_symbol} == {
        "A": dec(300),
        "B": dec(-100),
    }
    snapshot = only(said, PortfolioSnapshotUpdated)
    assert [snapshot.exposure, snapshot.equity, snapshot.wallet] == [400, 1_000, 900]
    assert (snapshot.positions, snapshot.stale) == (2, False)
    assert snapshot.heat == pytest.approx(10 / 1_000)
    assert snapshot.daily_drawdown == pytest.approx(0.02)


def test_f40_exposure_is_not_zero_while_a_position_is_open_and_is_zero_once_flat() -> None:
    desk = Desk()
    opened = only(desk.hears(_account(), _position("A", "3")), PortfolioExposureUpdated)
    assert opened.gross > 0
    flat = only(desk.hears(_position("A", "0")), PortfolioExposureUpdated)
    assert (flat.gross, flat.hhi, flat.by_symbol) == (Decimal(0), None, ())


def test_a_new_cross_section_moves_the_marks() -> None:
    desk = Desk()
    desk.hears(_account(), _position("A", "3"), _position("B", "-1"))
    data = _but(MarketData, symbols=("B", "A"), mark=(None, 110.0), last=(None, 1.0))
    exposure = only(desk.hears(data), PortfolioExposureUpdated)
    assert [exposure.long, exposure.short] == [330, 100]


def test_nothing_is_told_without_an_account_or_without_positions() -> None:
    assert Desk().hears(_position("A", "3")) == []
    assert Desk().hears(_account(), _but(MarketData)) == []


def test_nothing_is_told_of_an_account_that_is_gone() -> None:
    assert Desk().hears(_account(equity=0), _position("A", "3")) == []


def test_a_closed_trade_is_in_the_last_snapshot() -> None:
    desk = Desk()
    desk.hears(_account(), _position("A", "3"), _position("A", "0"))
    said = desk.hears(_account(wallet=940), _but(TradeClosed, net=Usd(dec(40))))
    last = only(said, PortfolioSnapshotUpdated)
    assert [last.wallet, last.realised_today] == [940, 40]


def test_what_was_realised_today_starts_anew_at_midnight() -> None:
    desk = Desk()
    desk.hears(_account(), _but(TradeClosed, net=Usd(dec(40))), at=NS_PER_DAY)
    said = desk.hears(_but(TradeClosed, net=Usd(dec(-7))), at=2 * NS_PER_DAY)
    assert only(said, PortfolioSnapshotUpdated).realised_today == -7
