"""Decides what an account is worth: its margins, its positions and what is free to trade with."""

from decimal import Decimal

import msgspec

from quantum_os.emulator.account import TradingAccount
from quantum_os.emulator.orders import ZERO
from quantum_os.execution.venues.sim.account import Position
from quantum_os.formulas.liquidation import maintenance_margin, max_notional_at
from quantum_os.formulas.rounding import decimal_of


class Holding(msgspec.Struct, frozen=True):
    """A symbol as the account holds it, flat ones too; USDT, and base for `qty` (signed)."""

    symbol: str
    qty: Decimal
    entry: Decimal
    break_even: Decimal
    mark: Decimal
    upnl: Decimal
    liquidation: Decimal
    leverage: int
    notional_max: Decimal
    margin: Decimal
    maintenance: Decimal
    initial: Decimal
    orders_margin: Decimal

    @property
    def notional(self) -> Decimal:
        """Signed, at the mark."""
        return self.qty * self.mark


class Standing(msgspec.Struct, frozen=True):
    """The account as a whole, in USDT. `available` backs neither a position nor an order."""

    wallet: Decimal
    upnl: Decimal
    free: Decimal
    orders_margin: Decimal
    holdings: tuple[Holding, ...]

    @property
    def margin_balance(self) -> Decimal:
        return self.wallet + self.upnl

    @property
    def available(self) -> Decimal:
        return max(ZERO, self.free - self.orders_margin)

    @property
    def initial(self) -> Decimal:
        return sum((holding.initial for holding in self.holdings), ZERO)

    @property
    def maintenance(self) -> Decimal:
        return sum((holding.maintenance for holding in self.holdings), ZERO)


def standing_of(account: TradingAccount, marks: dict[str, float]) -> Standing:
    """Works the account out at these marks; a symbol without a mark is shown at its last book."""
    holdings = tuple(holding_of(account, symbol, marks) for symbol in account.ledger.leverage)
    return Standing(
        wallet=account.ledger.wallet,
        upnl=sum((holding.upnl for holding in holdings), ZERO),
        free=account.ledger.free(),
        orders_margin=sum((holding.orders_margin for holding in holdings), ZERO),
        holdings=holdings,
    )


def holding_of(account: TradingAccount, symbol: str, marks: dict[str, float]) -> Holding:
    """One symbol of an account."""
    instrument = account.contract(symbol).instrument
    held = account.host.account.positions.get(symbol)
    mark = decimal_of(marks.get(symbol, 0.0))
    leverage = account.host.account.leverage[symbol]
    qty = ZERO if held is None else held.qty
    worth = abs(qty) * mark
    fee = decimal_of(account.host.config.taker_fee_bps) / 10_000
    entry = ZERO if held is None else held.entry
    return Holding(
        symbol=symbol,
        qty=qty,
        entry=entry,
        # What a close at the taker's fee has to bring in for the round trip to cost nothing.
        break_even=entry * (1 + 2 * fee if qty > 0 else 1 - 2 * fee),
        mark=mark,
        upnl=ZERO if held is None else held.upnl(mark),
        liquidation=_liquidation(held),
        leverage=leverage,
        notional_max=max_notional_at(leverage, instrument.brackets),
        margin=ZERO if held is None else held.margin,
        maintenance=maintenance_margin(worth, instrument.brackets) if worth else ZERO,
        initial=worth / leverage,
        orders_margin=_reserved(account, symbol, mark, leverage),
    )


def _liquidation(held: Position | None) -> Decimal:
    if held is None or held.liquidation is None:
        return ZERO
    return held.liquidation


def _reserved(account: TradingAccount, symbol: str, mark: Decimal, leverage: int) -> Decimal:
    """The margin that resting orders will need should they open."""
    total = ZERO
    for order in account.open_orders(symbol):
        if not order.reduce_only:
            total += (order.qty - order.cum_qty) * (order.price or mark) / leverage
    return total
