"""A listing whose halves belong to two times is thrown away and made again."""

from decimal import Decimal
from typing import Any

from quantum_os.events.execution import VenuePosition, VenueSnapshot
from quantum_os.events.units import Leverage, Margin, Mode, Ns, Price, Qty, Usd
from quantum_os.exchange.endpoint import Realm
from quantum_os.exchange.line import Line
from quantum_os.execution.venues.binance.dialect import BinanceDialect
from quantum_os.execution.venues.ccxt.attempts import Attempts
from quantum_os.execution.venues.ccxt.facts import AccountSeen, CashMoved, FundingSeen, TradeSeen
from quantum_os.execution.venues.ccxt.register import Register
from quantum_os.execution.venues.ccxt.sweeper import TRIES_MAX, Sweeper
from quantum_os.execution.venues.ccxt.teller import Teller

BTC = "BTC/USDT:USDT"


class Restless(BinanceDialect):
    """Lists one unit more each time; something is heard during the first `overtaken` listings."""

    def __init__(self, register: Register, overtaken: int) -> None:
        super().__init__(Realm.EMULATOR)
        self._register, self._overtaken = register, overtaken
        self.listed = 0

    async def list_account(self, client: Any) -> AccountSeen:
        self.listed += 1
        if self.listed <= self._overtaken:
            self._register.changes += 1
        usd, price = Usd(Decimal(100)), Price(Decimal(100))
        row = VenuePosition(
            BTC,
            Qty(Decimal(self.listed)),
            price,
            price,
            Leverage(1),
            Margin(Decimal(1)),
            Usd(Decimal(0)),
            None,
        )
        return AccountSeen(Ns(self.listed), usd, usd, (row,), (), ())

    async def list_trades(
        self, client: Any, symbol: str, since: Ns, *, walks: bool = False
    ) -> list[TradeSeen]:
        return []

    async def list_income(
        self, client: Any, since: Ns
    ) -> tuple[list[FundingSeen], list[CashMoved]]:
        return [], []


async def told(overtaken: int) -> tuple[bool, list[Decimal]]:
    """Whether one round gave a listing, and the quantities that were said."""
    register = Register("binance", Mode.TESTNET)
    dialect, teller = Restless(register, overtaken), Teller("t", lambda: 1)
    sweeper = Sweeper(dialect, Attempts(dialect, Line()), register, teller, Mode.TESTNET)
    done = await sweeper.list_once(None)
    said = [each for each in teller.waiting if isinstance(each, VenueSnapshot)]
    return done, [each.positions[0].qty for each in said]


async def test_a_quiet_account_is_listed_at_once() -> None:
    assert await told(0) == (True, [Decimal(1)])


async def test_r33_a_listing_that_was_overtaken_is_never_said() -> None:
    assert await told(2) == (True, [Decimal(3)])


async def test_an_account_that_never_stands_still_is_listed_next_time() -> None:
    assert await told(TRIES_MAX) == (False, [])
