"""Decides what one moment of the market means for every account of the venue."""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from quantum_os.emulator.account import Numbers, TradingAccount
from quantum_os.emulator.algo_desk import AlgoDesk
from quantum_os.emulator.bar_path import Tick
from quantum_os.emulator.contracts import Contracts
from quantum_os.emulator.host import VenueHost
from quantum_os.emulator.market import Market, PublicTrade, SymbolMarket
from quantum_os.emulator.order_desk import OrderDesk
from quantum_os.emulator.orders import ZERO, Json, WireOrder
from quantum_os.emulator.user_events import margin_call
from quantum_os.events.market import ExchangeRaw, Instrument, MarketKlines
from quantum_os.execution.venues.sim.config import SimVenueConfig
from quantum_os.formulas.liquidation import maintenance_margin
from quantum_os.formulas.rounding import decimal_of

MARGIN_CALL_AT = Decimal("0.8")
"""Maintenance over margin from which a position is warned of."""


class Login(msgspec.Struct, frozen=True):
    """An API key, its secret, and what its account begins with, in USDT."""

    key: str
    secret: str
    deposit: Decimal


class Exchange:
    """The market, the accounts and the desks. `say` gets (account, name, event) of user streams."""

    def __init__(self, market: Market, logins: list[Login], config: SimVenueConfig) -> None:
        self.market = market
        self.contracts: Contracts = market.contracts
        self.config = config
        self.numbers = Numbers()
        self.orders = OrderDesk(market)
        self.algos = AlgoDesk(market, self.orders)
        self.say: Callable[[TradingAccount, str, Json], None] = lambda account, name, body: None
        self.on_liquidation: list[Callable[[WireOrder], None]] = []
        self.accounts: dict[str, TradingAccount] = {}
        self.countdowns: dict[tuple[str, str], int] = {}
        for login in logins:
            self._open(login)
        market.on_tick.append(self._tick)
        market.on_close.append(self._close)
        market.on_funding.append(self._fund)

    def relist(self, instrument: Instrument) -> None:
        """Gives a contract other filters, brackets or another status, everywhere at once."""
        self.contracts.of(instrument.symbol).relist(instrument)
        for account in self.accounts.values():
            account.host.learn(self.market.now, (instrument,))

    def cancel_all(self, account: TradingAccount, symbol: str) -> list[WireOrder]:
        """Cancels the plain orders of a symbol; conditional ones stay."""
        resting = account.open_orders(symbol)
        return [self.orders.cancel(account, order) for order in resting]

    def cancel_all_algos(self, account: TradingAccount, symbol: str) -> None:
        """Cancels the conditional orders of a symbol; plain ones stay."""
        for order in account.open_algos(symbol):
            self.algos.cancel(account, order)

    def count_down(self) -> None:
        """Cancels the plain orders of whoever did not renew a countdown in time."""
        now = self.market.now
        for (key, symbol), due in list(self.countdowns.items()):
            if now >= due:
                del self.countdowns[key, symbol]
                self.cancel_all(self.accounts[key], symbol)

    def _open(self, login: Login) -> None:
        instruments = [contract.instrument for contract in self.contracts.all]
        host = VenueHost(
            self.config, instruments, login.deposit, self.market.now, namespace=login.key
        )
        account = TradingAccount(login.key, login.secret, host, self.contracts, self.numbers)
        account.say = lambda name, body: self.say(account, name, body)
        account.on_end = lambda order: self._ended(account, order)
        account.touched = self.market.now
        account.book_income("TRANSFER", "", login.deposit, self.market.now)
        self.accounts[login.key] = account

    def _tick(self, symbol: SymbolMarket, tick: Tick, trade: PublicTrade | None) -> None:
        name = symbol.contract.symbol
        for account in self.accounts.values():
            if account.host.cares_for(name):
                self.orders.show_quote(account, symbol)
                self._warn(account, symbol)
            if account.waiting:
                self.algos.watch(account, symbol)
        if self.countdowns:
            self.count_down()

    def _close(self, klines: MarketKlines) -> None:
        for account in self.accounts.values():
            account.host.closes(klines)

    def _fund(self, event: ExchangeRaw) -> None:
        now = self.market.now
        for account in self.accounts.values():
            account.hears(account.host.hear(now, event), now)

    def _ended(self, account: TradingAccount, order: WireOrder) -> None:
        if order.algo_id:
            self.algos.ends(account, order)
        if order.client_id.startswith("autoclose-"):
            for hear in self.on_liquidation:
                hear(order)

    def _warn(self, account: TradingAccount, symbol: SymbolMarket) -> None:
        """Says MARGIN_CALL once, until the position is out of danger or gone."""
        name = symbol.contract.symbol
        held = account.ledger.positions.get(name)
        if held is None:
            account.warned.discard(name)
            return
        mark = decimal_of(symbol.mark)
        brackets = symbol.contract.instrument.brackets
        maintenance = maintenance_margin(abs(held.qty) * mark, brackets)
        left = max(held.margin + held.upnl(mark), ZERO)
        if maintenance < left * MARGIN_CALL_AT:
            account.warned.discard(name)
        elif name not in account.warned:
            account.warned.add(name)
            account.say("MARGIN_CALL", margin_call(account, name, maintenance, self.market.now))
