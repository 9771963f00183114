"""What we own: books each fill and payment once, marks positions, and tells each trade's end."""

from collections.abc import Iterator
from decimal import Decimal
from typing import TypeVar

from quantum_os.events.execution import (
    CashTransferred,
    Fill,
    FundingPaid,
    Leg,
    LeverageConfirmed,
    Liquidity,
    OrderRequested,
    OrderState,
    OrderUpdated,
    PositionCorrected,
    VenueSnapshot,
)
from quantum_os.events.exits import ExitReason
from quantum_os.events.market import (
    InstrumentUpdated,
    MarketKlines,
    MarketOpens,
    MarketTick,
    row_of,
)
from quantum_os.events.portfolio import AccountUpdated, PositionUpdated, TradeClosed
from quantum_os.events.risk import RiskPermit, SafetyCleared
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import (
    NS_PER_S,
    Frac,
    Leverage,
    Margin,
    Ns,
    PositionSide,
    Price,
    Qty,
    Side,
    Usd,
)
from quantum_os.formulas.liquidation import liquidation_price
from quantum_os.formulas.rounding import decimal_of
from quantum_os.kernel.ids import derive
from quantum_os.kernel.reactor import Reactor
from quantum_os.portfolio.books import LedgerState, OrderNote
from quantum_os.portfolio.positions import (
    ZERO,
    OpenPosition,
    Origin,
    origin_of,
    reason_named,
    through_zero,
)

V = TypeVar("V")

BOOKED_MAX = 20_000
"""Trade and funding ids remembered so that what is repeated is booked once."""

ORDERS_MAX = 5_000
"""Orders remembered by client id; the oldest are forgotten first."""

_STOP_STANDS = frozenset({OrderState.ACKED, OrderState.PARTIAL})
_STOP_GONE = frozenset(
    {OrderState.FILLED, OrderState.CANCELED, OrderState.REJECTED, OrderState.EXPIRED}
)
_ADVERSE_ENDS = frozenset({ExitReason.STOP, ExitReason.LIQUIDATED})
_REASON_OF_LEG = {
    Leg.STOP: ExitReason.STOP,
    Leg.TP1: ExitReason.TARGET,
    Leg.TP2: ExitReason.TARGET,
    Leg.TP3: ExitReason.TARGET,
    Leg.CLOSE: ExitReason.OPERATOR,
}


class Ledger(Reactor[LedgerState]):
    """Derives positions and cash from the venue's own messages; reconciled against its listing."""

    name = "portfolio.ledger"

    def __init__(self) -> None:
        super().__init__(LedgerState())

    def on_start(self, event: ProcessStarted) -> AccountUpdated:
        state = self.state
        state.namespace, state.venue, state.mode = event.namespace, event.venue, event.mode
        state.price_venue = event.venue.removeprefix("sim:")
        if not state.wallet.deposits:
            state.wallet.deposits = event.deposit
        return self._account()

    def on_instruments(self, event: InstrumentUpdated) -> None:
        for instrument in event.instruments:
            self.state.brackets[instrument.symbol] = instrument.brackets

    def on_permit(self, event: RiskPermit) -> None:
        _remember(self.state.origins, event.intent.intent_id, origin_of(event.intent), ORDERS_MAX)

    def on_leverage(self, event: LeverageConfirmed) -> None:
        self.state.leverages[event.symbol] = event.leverage

    def on_order(self, event: OrderRequested) -> None:
        note = OrderNote(
            symbol=event.symbol,
            leg=event.leg,
            qty=event.qty,
            trigger=event.trigger,
            position_id=event.position_id,
            intent_id=event.intent_id,
            reason=event.reason,
        )
        _remember(self.state.orders, event.client_id, note, ORDERS_MAX)

    def on_order_update(self, event: OrderUpdated) -> PositionUpdated | None:
        """Follows the protective stops: they are the only orders a position's shape depends on."""
        note = self.state.orders.get(event.client_id)
        position = self.state.positions.get(event.symbol)
        if note is None or note.leg is not Leg.STOP or note.trigger is None:
            return None
        if position is None:
            self.state.note_early(event.client_id, stands=event.state in _STOP_STANDS)
            return None
        if event.state in _STOP_STANDS and event.client_id not in position.stops:
            position.stops[event.client_id] = (note.trigger, note.qty)
        elif event.state not in _STOP_GONE or position.stops.pop(event.client_id, None) is None:
            return None
        return self._told(position)

    def on_fill(self, event: Fill) -> Iterator[PositionUpdated | AccountUpdated | TradeClosed]:
        state = self.state
        if event.trade_id in state.booked:
            state.repeated += 1
            return
        _remember(state.booked, event.trade_id, None, BOOKED_MAX)
        note, held = state.orders.get(event.client_id), state.positions.get(event.symbol)
        closing, *rest = through_zero(event, held.qty if held is not None else ZERO)
        yield from self._booked(closing, note)
        for opening in rest:
            yield from self._booked(opening, None)

    def on_funding(self, event: FundingPaid) -> AccountUpdated | None:
        if event.funding_id in self.state.booked:
            self.state.repeated += 1
            return None
        _remember(self.state.booked, event.funding_id, None, BOOKED_MAX)
        self.state.wallet.funding += event.amount
        position = self.state.positions.get(event.symbol)
        if position is not None:
            position.funding += event.amount
        return self._account()

    def on_cash(self, event: CashTransferred) -> AccountUpdated | None:
        """Cash that came or went is neither a profit nor a drawdown."""
        if event.cash_id in self.state.booked:
            self.state.repeated += 1
            return None
        _remember(self.state.booked, event.cash_id, None, BOOKED_MAX)
        self.state.wallet.transfer(event.amount)
        return self._account()

    def on_corrected(self, event: PositionCorrected) -> Iterator[PositionUpdated | AccountUpdated]:
        """Takes over what the venue holds; no profit is made up for what nobody has seen trade."""
        known = self.state.positions.pop(event.symbol, None)
        if known is not None and known.qty * event.qty <= 0:
            known.qty = ZERO
            yield self._told(known)
            known = None
        if event.qty and event.entry is not None:
            position = known or self._adopted(event)
            position.take_over(event.qty, event.entry)
            self.state.positions[event.symbol] = position
            yield self._told(position)
        yield self._account()

    def on_klines(self, event: MarketKlines) -> None:
        if event.venue != self.state.price_venue:
            return
        self.state.bars = event
        ticks = self.state.ticks
        for position in self.state.positions.values():
            row = row_of(event.symbols, position.symbol)
            if row is None:
                continue
            close, high, low = event.close[row], event.high[row], event.low[row]
            if position.symbol in ticks:
                high = low = close  # the ticks of this bar have shown its extremes as they came
            position.see(decimal_of(close), high, low)
        ticks.clear()

    def on_opens(self, event: MarketOpens) -> None:
        if event.venue != self.state.price_venue:
            return
        self.state.opens = event
        for position in self.state.positions.values():
            row = row_of(event.symbols, position.symbol)
            if row is not None:
                price = event.price[row]
                position.see(decimal_of(price), price, price)

    def on_tick(self, event: MarketTick) -> None:
        if event.venue != self.state.price_venue:
            return
        self.state.ticks[event.symbol] = event.price
        position = self.state.positions.get(event.symbol)
        if position is not None:
            high, low = event.high or event.price, event.low or event.price
            position.see(decimal_of(event.price), high, low)

    def on_safety_cleared(self, event: SafetyCleared) -> AccountUpdated | None:
        """Measures an answered drawdown anew, or its latch would close again at once."""
        if not event.rebases_peak:
            return None
        self.state.wallet.peak = self.state.wallet.equity
        return self._account()

    def on_snapshot(self, event: VenueSnapshot) -> AccountUpdated:
        """Takes the marks of the venue's listing and tells the account at them: comparable."""
        if event.venue == self.state.venue:
            for row in event.positions:
                position = self.state.positions.get(row.symbol)
                if position is not None:
                    position.mark = row.mark
        return self._account()

    def _booked(
        self, fill: Fill, note: OrderNote | None
    ) -> Iterator[PositionUpdated | AccountUpdated | TradeClosed]:
        state = self.state
        position = state.positions.get(fill.symbol)
        if position is None:
            position = state.positions[fill.symbol] = self._opened(fill, note)
        state.wallet.realised += position.book(fill)
        state.wallet.fees += fill.fee
        position.reach(float(fill.price))
        if position.qty:
            yield self._told(position)
            yield self._account()
            return
        del state.positions[fill.symbol]
        reason = _reason_of(fill, note)
        position.leave(at_stop=reason in _ADVERSE_ENDS)
        yield self._told(position)
        yield self._account()
        yield self._closed(position, reason)

    def _opened(self, fill: Fill, note: OrderNote | None) -> OpenPosition:
        state = self.state
        intent_id = note.intent_id if note else None
        origin = state.origins.get(intent_id or "", Origin())
        adopted = derive(state.namespace, "adopted", fill.symbol, fill.trade_id)
        position_id = (note.position_id if note else None) or adopted
        return OpenPosition(
            position_id=position_id,
            symbol=fill.symbol,
            side=PositionSide.LONG if fill.side is Side.BUY else PositionSide.SHORT,
            origin=origin,
            leverage=state.leverages.get(fill.symbol, Leverage(1)),
            opened_at=self.now,
            mark=self._last_price(fill.symbol) or fill.price,
            stops=state.take_early(position_id),
        )

    def _adopted(self, event: PositionCorrected) -> OpenPosition:
        state = self.state
        name = derive(state.namespace, "adopted", event.symbol, str(event.listed_at))
        return OpenPosition(
            position_id=name,
            symbol=event.symbol,
            side=PositionSide.LONG if event.qty > 0 else PositionSide.SHORT,
            origin=Origin(),
            leverage=event.leverage or state.leverages.get(event.symbol, Leverage(1)),
            opened_at=self.now,
            mark=event.mark or self._last_price(event.symbol) or event.entry or ZERO,
        )

    def _last_price(self, symbol: str) -> Decimal | None:
        """Gives the market's latest price: a fill is our own price and marks nothing."""
        state = self.state
        if symbol in state.ticks:
            return decimal_of(state.ticks[symbol])
        bars, opens = state.bars, state.opens
        if opens is not None and (bars is None or opens.time >= bars.close_time):
            row = row_of(opens.symbols, symbol)
            if row is not None:
                return decimal_of(opens.price[row])
        row = row_of(bars.symbols, symbol) if bars is not None else None
        return decimal_of(bars.close[row]) if bars is not None and row is not None else None

    def _account(self) -> AccountUpdated:
        wallet, upnl, margin = self.state.wallet, self.state.upnl, self.state.margin
        wallet.mark(upnl, self.now)
        return AccountUpdated(
            wallet=Usd(wallet.cash),
            upnl=Usd(upnl),
            equity=Usd(wallet.equity),
            margin_used=Margin(margin),
            margin_util=Frac(float(margin / wallet.equity) if wallet.equity > 0 else 1.0),
            available=Usd(wallet.equity - margin),
            peak_equity=Usd(wallet.peak),
            drawdown=Frac(wallet.drawdown),
            day_pnl_frac=Frac(wallet.day_pnl),
            week_pnl_frac=Frac(wallet.week_pnl),
            time=Ns(self.now),
            source="ledger",
            age_ms=0.0,
        )

    def _told(self, position: OpenPosition) -> PositionUpdated:
        stop = position.stop
        return PositionUpdated(
            venue=self.state.venue,
            mode=self.state.mode,
            position_id=position.position_id,
            symbol=position.symbol,
            qty=Qty(position.qty),
            entry=Price(position.entry),
            mark=Price(position.mark),
            upnl=position.upnl,
            leverage=position.leverage,
            margin=position.margin,
            liq_price=self._liquidation(position),
            stop_price=stop[0] if stop else None,
            stop_qty=stop[1] if stop else Qty(ZERO),
            risk_to_stop=position.risk_to_stop,
            opened_at=Ns(position.opened_at),
            intent_id=position.origin.intent_id,
            decision_id=position.origin.decision_id,
            r_now=position.in_r(position.upnl),
            mae_r=position.excursion_r(position.adverse),
            mfe_r=position.excursion_r(position.favourable),
        )

    def _liquidation(self, position: OpenPosition) -> Price | None:
        brackets = self.state.brackets.get(position.symbol)
        if not brackets or not position.qty:
            return None
        margin = position.margin
        price = liquidation_price(
            position.side, abs(position.qty), position.entry, margin, brackets
        )
        return None if price is None else Price(price)

    def _closed(self, position: OpenPosition, reason: ExitReason) -> TradeClosed:
        origin, state = position.origin, self.state
        name, ends = position.position_id, state.ends.get(position.position_id, 0)
        _remember(state.ends, name, ends + 1, ORDERS_MAX)
        net = position.gross - position.fees + position.funding
        entry = position.entry_value / position.entered
        return TradeClosed(
            position_id=derive(state.namespace, "again", name, ends) if ends else name,
            intent_id=origin.intent_id,
            decision_id=origin.decision_id,
            symbol=position.symbol,
            side=position.side,
            strategy=origin.strategy,
            venue=state.venue,
            mode=state.mode,
            entry_price=Price(entry),
            exit_price=Price(position.exit_value / position.exited),
            qty=Qty(position.entered),
            leverage=position.leverage,
            gross=Usd(position.gross),
            fees=Usd(position.fees),
            funding=Usd(position.funding),
            slippage_bps=position.slippage(entry),
            net=Usd(net),
            r=position.in_r(net),
            mae_r=position.excursion_r(position.adverse),
            mfe_r=position.excursion_r(position.favourable),
            opened_at=Ns(position.opened_at),
            closed_at=Ns(self.now),
            hold_s=(self.now - position.opened_at) / NS_PER_S,
            exit_reason=reason,
            regime=origin.regime,
            confidence=origin.confidence,
            stop_distance=None if origin.stop_distance is None else Frac(origin.stop_distance),
            bar_close=None if origin.bar_close is None else Ns(origin.bar_close),
            policy_version=origin.policy_version,
            model_versions=origin.model_versions,
        )


def _remember(kept: dict[str, V], key: str, value: V, at_most: int) -> None:
    kept[key] = value
    if len(kept) > at_most:
        del kept[next(iter(kept))]


def _reason_of(fill: Fill, note: OrderNote | None) -> ExitReason:
    if fill.liquidity is Liquidity.LIQUIDATION:
        return ExitReason.LIQUIDATED
    if note is None or note.leg is Leg.ENTRY:
        return ExitReason.EXTERNAL
    return reason_named(note.reason, _REASON_OF_LEG[note.leg])
