"""EDGE. What the fault script does at once: to connections, keys, contracts and positions."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

import msgspec

from quantum_os.emulator.account import TradingAccount
from quantum_os.emulator.bar_path import Tick
from quantum_os.emulator.fault_frames import strikes_socket
from quantum_os.emulator.fault_rules import Kind, Rule
from quantum_os.emulator.host import PRICE_VENUE
from quantum_os.emulator.listing import contract_info
from quantum_os.emulator.market import SymbolMarket
from quantum_os.emulator.order_form import OrderForm
from quantum_os.emulator.orders import ZERO, WireOrder
from quantum_os.emulator.poison import SHAPES
from quantum_os.emulator.server import EmulatorServer
from quantum_os.emulator.sockets import GOING_AWAY, Frame, Socket
from quantum_os.emulator.user_events import leverage_update
from quantum_os.events.market import Bracket, ExchangeRaw, RawKind
from quantum_os.events.units import (
    NS_PER_MINUTE,
    NS_PER_MS,
    NS_PER_S,
    Notional,
    Ns,
    Side,
    Usd,
)
from quantum_os.formulas.rounding import decimal_of, floor_to_step
from quantum_os.market.instrument_book import check_instrument

GIANT_BYTES = 11 * 1024 * 1024


class Deeds:
    """Does what a rule says; raises ValueError where the rule does not make sense."""

    def __init__(self, server: EmulatorServer) -> None:
        self._server = server
        self._exchange = server.exchange
        self._traded = 0
        self._deeds: dict[Kind, Callable[[Rule], None]] = {
            Kind.DRIFT: lambda rule: server.clock.drift(rule.ms),
            Kind.REVOKE: lambda rule: server.gateway.revoked.add(self._account(rule).key),
            Kind.RESTORE: lambda rule: server.gateway.revoked.discard(self._account(rule).key),
            Kind.OPEN_DOOR: lambda rule: server.door.open(),
            Kind.EXPIRE_LISTEN_KEY: self._expire,
            Kind.FILTERS: self._filters,
            Kind.BRACKETS: self._brackets,
            Kind.STATUS: self._status,
            Kind.SETTLE: self._settle,
            Kind.ADL: self._adl,
            Kind.LIQUIDATE: self._liquidate,
            Kind.TRADE: self._trade,
            Kind.LEVERAGE: self._leverage,
            Kind.FUNDING: self._fund,
            Kind.MOVE: self._move,
            Kind.DEPTH: self._depth,
        }

    async def do(self, rule: Rule) -> int:
        """Does a deed; gives how many connections, or things, it struck."""
        if rule.kind in self._deeds:
            self._deeds[rule.kind](rule)
            return 1
        sockets = [one for one in self._server.hub.sockets if strikes_socket(rule, one)]
        for socket in sockets:
            await self._strike(rule, socket)
        return len(sockets)

    async def _strike(self, rule: Rule, socket: Socket) -> None:
        if rule.kind is Kind.POISON:
            shape = SHAPES.get(rule.text or "truncated", rule.text or "")
            socket.send(Frame("", "", shape))
        elif rule.kind is Kind.GIANT:
            filling = "x" * (rule.size or GIANT_BYTES)
            socket.send(Frame("", "", f'{{"e":"giant","filling":"{filling}"}}'))
        elif rule.kind is Kind.STALL:
            socket.stalled = True
        elif rule.kind is Kind.HALF_OPEN:
            socket.freeze()
        elif rule.kind is Kind.CUT:
            socket.cut()
        else:
            await socket.close(rule.code or GOING_AWAY, rule.text or "")

    def _expire(self, rule: Rule) -> None:
        self._server.gateway.listen_keys.expire(self._account(rule).key)

    def _filters(self, rule: Rule) -> None:
        symbol = self._symbol(rule)
        wishes: dict[str, Decimal] = {
            name: _decimal(value, name)
            for name, value in (
                ("tick", rule.tick),
                ("step", rule.step),
                ("min_qty", rule.min_qty),
                ("max_qty", rule.max_qty),
                ("min_notional", rule.min_notional),
            )
            if value is not None
        }
        if "max_qty" in wishes:
            wishes["market_max_qty"] = wishes["max_qty"]
        contract = symbol.contract
        contract.orders_max = rule.max_orders or contract.orders_max
        contract.algos_max = rule.max_algo_orders or contract.algos_max
        self._relist(symbol, **wishes)

    def _brackets(self, rule: Rule) -> None:
        rows = tuple(
            Bracket(
                Notional(_decimal(floor, "floor")),
                Notional(_decimal(cap, "cap")),
                leverage,
                _decimal(mmr, "mmr"),
                Usd(_decimal(cum, "cum")),
            )
            for floor, cap, leverage, mmr, cum in rule.brackets or []
        )
        self._relist(self._symbol(rule), brackets=rows)

    def _status(self, rule: Rule) -> None:
        symbol = self._symbol(rule)
        if rule.ms:
            symbol.contract.delivery_ms = self._exchange.market.now // NS_PER_MS + rule.ms
        self._relist(symbol, status=str(rule.status or "PENDING_TRADING"))

    def _settle(self, rule: Rule) -> None:
        """Ends a contract: orders are cancelled, positions closed, and nothing opens any more."""
        symbol = self._symbol(rule)
        name = symbol.contract.symbol
        # A symbol that is closed already takes no order, and a settlement is carried out as one.
        self._exchange.relist(msgspec.structs.replace(symbol.contract.instrument, status="TRADING"))
        for account in self._exchange.accounts.values():
            self._exchange.cancel_all(account, name)
            self._exchange.cancel_all_algos(account, name)
            if name in account.ledger.positions:
                stamp = self._exchange.market.now // NS_PER_MS
                self._close(account, symbol, Decimal(1), f"settlement_autoclose-{stamp}")
        self._relist(symbol, status=str(rule.status or "SETTLING"))

    def _adl(self, rule: Rule) -> None:
        account, symbol = self._account(rule), self._symbol(rule)
        self._close(account, symbol, _decimal(rule.share, "share"), "adl_autoclose")

    def _liquidate(self, rule: Rule) -> None:
        """Moves the liquidation price to where the market is; the core does the rest."""
        account, symbol = self._account(rule), self._symbol(rule)
        name = symbol.contract.symbol
        held = account.host.account.positions.get(name)
        if held is None:
            raise ValueError(f"{account.key} holds no {symbol.contract.name}")
        mark = decimal_of(symbol.mark)
        held.liquidation = mark * 2 if held.qty > 0 else mark / 2
        account.host.books[name].refresh(held)
        self._exchange.orders.show_quote(account, symbol)

    def _trade(self, rule: Rule) -> None:
        """A trade of somebody else with the same key: a person, or a second bot."""
        account, symbol = self._account(rule), self._symbol(rule)
        stamp = self._exchange.market.now // NS_PER_MS
        qty = _decimal(rule.qty or "", "qty")
        side = Side(rule.side or "BUY")
        self._traded += 1
        name = rule.client_id or f"web_{stamp}_{self._traded}"
        self._market_order(account, symbol, side, qty, name, reduce_only=False)

    def _leverage(self, rule: Rule) -> None:
        """Somebody else sets the leverage."""
        account, symbol = self._account(rule), self._symbol(rule)
        now, name = self._exchange.market.now, symbol.contract.symbol
        actual = account.host.set_leverage(now, name, rule.leverage)
        account.ledger.leverage[name] = actual
        account.say("ACCOUNT_CONFIG_UPDATE", leverage_update(symbol.contract, actual, now))

    def _fund(self, rule: Rule) -> None:
        symbol = self._symbol(rule)
        market = self._exchange.market
        stamp = market.now // NS_PER_MINUTE * NS_PER_MINUTE
        name = symbol.contract.symbol
        market.pays(ExchangeRaw(PRICE_VENUE, name, RawKind.FUNDING, Ns(stamp), rule.rate))
        for account in self._exchange.accounts.values():
            self._exchange.orders.show_quote(account, symbol)

    def _move(self, rule: Rule) -> None:
        """One trade away from the tape, and for some seconds every other one that far away."""
        symbol, market = self._symbol(rule), self._exchange.market
        contract = symbol.contract
        if symbol.is_recorded:
            raise ValueError(f"{contract.name} is played as it was recorded: it cannot be moved")
        if symbol.price is None or rule.rate <= -1:
            raise ValueError(f"{contract.name} cannot move by {rule.rate}")
        price = symbol.move(rule.rate, market.now)
        side = Side.BUY if rule.rate > 0 else Side.SELL
        market.plays(Tick(contract.symbol, market.now, price, contract.step, side))
        symbol.move(rule.rate, market.now + round((rule.seconds or 0.0) * NS_PER_S))

    def _depth(self, rule: Rule) -> None:
        """What one order finds in the book from now on; without `qty` as much as before."""
        symbol = self._symbol(rule)
        symbol.room = None if rule.qty is None else _decimal(rule.qty, "qty")
        for account in self._exchange.accounts.values():
            account.host.may_take(symbol.contract.symbol, symbol.room)

    def _close(
        self, account: TradingAccount, symbol: SymbolMarket, share: Decimal, name: str
    ) -> None:
        held = account.ledger.positions.get(symbol.contract.symbol)
        if held is None:
            raise ValueError(f"{account.key} holds no {symbol.contract.name}")
        instrument = symbol.contract.instrument
        qty = max(floor_to_step(abs(held.qty) * share, instrument.step), instrument.step)
        side = Side.SELL if held.qty > 0 else Side.BUY
        self._market_order(account, symbol, side, qty, name, reduce_only=True)

    def _market_order(
        self,
        account: TradingAccount,
        symbol: SymbolMarket,
        side: Side,
        qty: Decimal,
        name: str,
        *,
        reduce_only: bool,
    ) -> WireOrder:
        form = OrderForm(
            contract=symbol.contract,
            side=side,
            type="MARKET",
            tif="GTC",
            qty=qty,
            price=ZERO,
            trigger=ZERO,
            reduce_only=reduce_only,
            close_position=False,
            client_id=name,
            working_type="CONTRACT_PRICE",
            price_protect=False,
            activate=None,
            callback_pct=None,
            good_till=0,
        )
        return self._exchange.orders.place(account, form)

    def _relist(self, symbol: SymbolMarket, **changes: object) -> None:
        instrument = msgspec.structs.replace(symbol.contract.instrument, **changes)
        check_instrument(instrument)
        self._exchange.relist(instrument)
        now_ms = self._exchange.market.now // NS_PER_MS
        body = contract_info(symbol.contract, now_ms)
        self._server.publisher.contract_info(symbol.contract.name, body)

    def _account(self, rule: Rule) -> TradingAccount:
        accounts = self._exchange.accounts
        key = rule.account or next(iter(accounts))
        if key not in accounts:
            raise ValueError(f"no account has the key {key}")
        return accounts[key]

    def _symbol(self, rule: Rule) -> SymbolMarket:
        name = rule.symbol or ""
        if not self._exchange.contracts.names(name):
            raise ValueError(f"symbol: {name!r} is not listed")
        return self._exchange.market.named(name)


def _decimal(text: str, name: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{name}: {text!r} is no number") from None
    if not value.is_finite():
        raise ValueError(f"{name}: {text!r} is no number")
    return value
