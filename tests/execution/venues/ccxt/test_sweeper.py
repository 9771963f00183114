"""A listing whose halves belong to two times is thrown away and made again."""

from decimal import Decimal
from typing import Any

from quantum_os.events.execution import (
    Fill,
    Leg,
    Liquidity,
    OrderState,
    VenuePosition,
    VenueSnapshot,
)
from quantum_os.events.system import AlertRaised
from quantum_os.events.units import Leverage, Margin, Mode, Ns, Price, Qty, Side, Usd
from quantum_os.exchange.endpoint import Realm
from quantum_os.exchange.line import Line
from quantum_os.execution.venues.binance.dialect import BinanceDialect
from quantum_os.execution.venues.ccxt.attempts import Attempts
from quantum_os.execution.venues.ccxt.dialect import Judged
from quantum_os.execution.venues.ccxt.facts import (
    AccountSeen,
    CashMoved,
    FundingSeen,
    OrderSeen,
    TradeSeen,
)
from quantum_os.execution.venues.ccxt.register import Register
from quantum_os.execution.venues.ccxt.sweeper import ABSENT_MAX, INCOME_EVERY, TRIES_MAX, Sweeper
from quantum_os.execution.venues.ccxt.teller import Teller
from quantum_os.execution.venues.ccxt.verdicts import Verdict
from quantum_os.formulas.client_ids import client_id

BTC = "BTC/USDT:USDT"
OURS = client_id(0, "64268450068c", Leg.ENTRY, 0)


class Restless(BinanceDialect):
    """Lists one unit more each time; something is heard during the first `overtaken` listings."""

    def __init__(self, register: Register, overtaken: int) -> None:
        super().__init__(Realm.EMULATOR)
        self._register, self._overtaken = register, overtaken
        self.listed = 0
        self.trades: list[TradeSeen] = []
        self.refuses_walks = self.refuses_income = False
        self.nameless: Verdict | None = None

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
        if walks and self.refuses_walks:
            raise ConnectionError("cut")
        return self.trades

    async def name_order(self, client: Any, symbol: str, order_id: str) -> str | None:
        if self.nameless is not None:
            raise Judged(self.nameless, "no name")
        return OURS

    async def list_income(
        self, client: Any, since: Ns
    ) -> tuple[list[FundingSeen], list[CashMoved]]:
        if self.refuses_income:
            raise ConnectionError("cut")
        return [], []


def trade(trade_id: str, order_id: str, at: int) -> TradeSeen:
    one, usd = Qty(Decimal(1)), Usd(Decimal(0))
    price, taker = Price(Decimal(100)), Liquidity.TAKER
    return TradeSeen(trade_id, order_id, "", BTC, Side.BUY, price, one, usd, taker, Ns(at))


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


def sweeping() -> tuple[Sweeper, Restless, Register, Teller]:
    register = Register("binance", Mode.TESTNET)
    dialect, teller = Restless(register, 0), Teller("t", lambda: 1)
    sweeper = Sweeper(dialect, Attempts(dialect, Line()), register, teller, Mode.TESTNET)
    return sweeper, dialect, register, teller


def fills(teller: Teller) -> list[tuple[str, str]]:
    said = [each for each in teller.waiting if isinstance(each, Fill)]
    return [(each.trade_id, each.client_id) for each in said]


def filled(order_id: str, at: int) -> OrderSeen:
    return OrderSeen(OURS, BTC, OrderState.FILLED, Qty(Decimal(1)), Ns(at), order_id)


async def test_an_order_of_ours_trades_in_our_time_whatever_the_clocks_say() -> None:
    sweeper, dialect, register, teller = sweeping()
    sweeper.floor, dialect.nameless = Ns(1_000), Verdict.UNKNOWN
    list(register.hears(filled("7", 990)))
    dialect.trades = [trade("1", "7", 990), trade("2", "8", 990), trade("3", "8", 1_000)]
    await sweeper.list_once(None)
    assert fills(teller) == [("1", OURS)]
    assert list(register.unnamed) == ["3"], "what the account did before us is not told"


async def test_a_trade_is_told_although_the_next_page_does_not_come() -> None:
    """The register gives a trade once: what is not told then is told by nobody."""
    sweeper, dialect, register, teller = sweeping()
    dialect.trades, dialect.refuses_walks = [trade("1", "7", 990)], True
    list(register.name(BTC, "7", OURS))
    assert not await sweeper.list_once(None)
    assert fills(teller) == [("1", OURS)]


async def test_an_account_is_not_told_without_a_trade_whose_owner_is_not_known_yet() -> None:
    """Its position was corrected, and the trade booked on top when its name came."""
    sweeper, dialect, _, teller = sweeping()
    dialect.trades, dialect.nameless = [trade("1", "7", 990)], Verdict.UNKNOWN
    for _ in range(ABSENT_MAX):
        assert not await sweeper.list_once(None)
    assert not [each for each in teller.waiting if isinstance(each, VenueSnapshot)]
    assert "listing_failed" in [
        each.rule for each in teller.waiting if isinstance(each, AlertRaised)
    ]
    dialect.nameless = None
    assert await sweeper.list_once(None)
    assert fills(teller) == [("1", OURS)]


async def test_a_trade_of_an_order_that_the_venue_has_forgotten_is_a_strangers() -> None:
    sweeper, dialect, _, teller = sweeping()
    dialect.trades, dialect.nameless = [trade("1", "7", 990)], Verdict.ABSENT
    listed = [await sweeper.list_once(None) for _ in range(ABSENT_MAX)]
    assert listed == [False] * (ABSENT_MAX - 1) + [True]
    assert fills(teller) == [("1", "order-7")]


async def test_a_listing_whose_payments_cannot_be_had_is_not_told() -> None:
    """The life after it asks for nothing that happened before the last listing."""
    sweeper, dialect, _, teller = sweeping()
    dialect.refuses_income = True
    assert not await sweeper.list_once(None)
    dialect.refuses_income = False
    assert await sweeper.list_once(None)
    dialect.refuses_income, sweeper.listings = True, INCOME_EVERY
    assert await sweeper.list_once(None), "the wallet has not moved: there is nothing to miss"
    assert len([each for each in teller.waiting if isinstance(each, VenueSnapshot)]) == 2
