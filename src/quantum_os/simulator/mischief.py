"""What the simulated exchange does to our account by itself, and what others do with our key."""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from quantum_os.emulator.account import TradingAccount
from quantum_os.emulator.algo_orders import AlgoOrder
from quantum_os.emulator.order_form import read_form
from quantum_os.emulator.refusals import Refused
from quantum_os.emulator.user_events import leverage_update
from quantum_os.events.units import Price, Side
from quantum_os.formulas.rounding import decimal_of, floor_to_step
from quantum_os.simulator.draws import Draws
from quantum_os.simulator.exchange import SimulatedExchange
from quantum_os.simulator.faults import Faults, Kind
from quantum_os.simulator.stage import SYMBOLS

FOREIGN_USD = 500.0
"""What somebody else trades at once."""


class Mischief:
    """Does one thing to the account; False where there is nothing to do it to."""

    def __init__(self, exchange: SimulatedExchange, faults: Faults) -> None:
        self._exchange, self._faults = exchange, faults
        self._names = 0
        self._relisted: set[str] = set()
        exchange.desks.algos.refuse_child = self._child
        self.deeds: dict[Kind, Callable[[Draws], bool]] = {
            Kind.DELEVERAGED: self._deleverage,
            Kind.LIQUIDATED: self._liquidate,
            Kind.FOREIGN_TRADE: self._trade,
            Kind.FOREIGN_LEVERAGE: self._set_leverage,
            Kind.FILTERS_CHANGED: self._relist,
        }

    def _child(self, account: TradingAccount, order: AlgoOrder) -> Refused | None:
        return Refused(-2022) if self._faults.strikes(Kind.CHILD_REJECTED) else None

    def _held(self, draws: Draws) -> str | None:
        held = [symbol for symbol in SYMBOLS if symbol in self._exchange.account.ledger.positions]
        return draws.one_of(held) if held else None

    def _deleverage(self, draws: Draws) -> bool:
        """The exchange takes a position, or half of it, to settle somebody else's loss."""
        symbol = self._held(draws)
        if symbol is None:
            return False
        held = self._exchange.account.ledger.positions[symbol]
        step = self._exchange.desks.contracts.of(symbol).instrument.step
        share = Decimal(1) if draws.hits(0.5) else Decimal("0.5")
        qty = max(floor_to_step(abs(held.qty) * share, step), step)
        side = Side.SELL if held.qty > 0 else Side.BUY
        return self._market_order(symbol, side, qty, "adl_autoclose", reduces=True)

    def _liquidate(self, draws: Draws) -> bool:
        """Moves a liquidation price to where the market is; the matching core does the rest."""
        symbol = self._held(draws)
        if symbol is None:
            return False
        account, market = self._exchange.account, self._exchange.market.symbols[symbol]
        held = account.host.account.positions.get(symbol)
        if held is None:
            return False
        mark = decimal_of(market.mark)
        held.liquidation = mark * 2 if held.qty > 0 else mark / 2
        account.host.books[symbol].refresh(held)
        self._exchange.desks.orders.show_quote(account, market)
        return True

    def _trade(self, draws: Draws) -> bool:
        symbol = draws.one_of(SYMBOLS)
        market = self._exchange.market.symbols[symbol]
        step = market.contract.instrument.step
        qty = max(floor_to_step(decimal_of(FOREIGN_USD / market.mark), step), step)
        self._names += 1
        side = Side.BUY if draws.hits(0.5) else Side.SELL
        return self._market_order(symbol, side, qty, f"web_{self._names}", reduces=False)

    def _set_leverage(self, draws: Draws) -> bool:
        desks, account = self._exchange.desks, self._exchange.account
        contract = desks.contracts.of(draws.one_of(SYMBOLS))
        now = self._exchange.time.now()
        actual = account.host.set_leverage(now, contract.symbol, 1 + draws.whole(10))
        account.ledger.leverage[contract.symbol] = actual
        account.say("ACCOUNT_CONFIG_UPDATE", leverage_update(contract, actual, now))
        return True

    def _relist(self, draws: Draws) -> bool:
        """Gives a contract a coarser price grid, once."""
        contract = self._exchange.desks.contracts.of(draws.one_of(SYMBOLS))
        instrument = contract.instrument
        if contract.symbol in self._relisted:
            return False
        self._relisted.add(contract.symbol)
        coarser = msgspec.structs.replace(instrument, tick=Price(instrument.tick * 2))
        self._exchange.desks.relist(coarser)
        return True

    def _market_order(
        self, symbol: str, side: Side, qty: Decimal, name: str, *, reduces: bool
    ) -> bool:
        desks = self._exchange.desks
        params = {
            "symbol": desks.contracts.of(symbol).name,
            "side": side.value,
            "type": "MARKET",
            "quantity": f"{qty.normalize():f}",
            "newClientOrderId": name,
            "reduceOnly": "true" if reduces else "false",
        }
        self._exchange.market.now = max(self._exchange.market.now, self._exchange.time.now())
        try:
            desks.orders.place(
                self._exchange.account, read_form(params, desks.contracts, is_algo=False)
            )
        except Refused:
            return False
        return True
