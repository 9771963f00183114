"""Decides whether the fund itself is fit to enter: mode, latches, and the age of what it knows."""

from quantum_os.events.ai import Gate, GateCheck
from quantum_os.events.market import row_of
from quantum_os.events.sizing import TradeIntent
from quantum_os.risk.book import SIM, Book, silence_of
from quantum_os.risk.latches import Cause
from quantum_os.risk.limits import Limits


def coherent(intent: TradeIntent, book: Book, limits: Limits) -> GateCheck:
    """Numbers that cannot be one plan: no quantity, a stop on the wrong side, units that differ."""
    way = intent.side.sign * (intent.ref_price - intent.sl_price)
    instrument = book.instruments.get(intent.symbol)
    step = instrument.step if instrument else intent.qty
    notional_gap = abs(intent.qty * intent.ref_price - intent.notional_usd)
    margin_gap = abs(intent.margin_usd * intent.leverage - intent.notional_usd)
    tolerance = step * intent.ref_price
    faults = (
        ("no quantity", not intent.qty > 0),
        ("no price", not (intent.ref_price > 0 and intent.sl_price > 0)),
        ("stop on the wrong side", not way > 0),
        ("no leverage", intent.leverage < 1),
        ("no risk", not intent.risk_usd > 0),
        ("notional is not qty * price", not notional_gap <= tolerance),
        ("margin is not notional / leverage", not margin_gap <= tolerance),
    )
    found = [name for name, wrong in faults if wrong]
    return GateCheck(Gate.UNKNOWN_INPUT, not found, note=", ".join(found))


def mode(intent: TradeIntent, book: Book, limits: Limits) -> GateCheck:
    """The mode's size; a mode of size 0 enters nothing."""
    effective = limits.effective
    ok = effective.size_factor > 0 and effective.risk_per_trade > 0 and effective.positions_max > 0
    return GateCheck(Gate.MODE_BLOCKED, ok, effective.size_factor, 0.0)


def paused(intent: TradeIntent, book: Book, limits: Limits) -> GateCheck:
    """An operator's pause."""
    return GateCheck(Gate.PAUSED, Cause.OPERATOR_PAUSE not in book.latches)


def latched(intent: TradeIntent, book: Book, limits: Limits) -> GateCheck:
    """Every other latch, and the gate's own test at start (F83)."""
    causes = [cause for cause in book.latches if cause != Cause.OPERATOR_PAUSE]
    if book.self_test is not True:
        causes.append("self-test not passed")
    return GateCheck(Gate.LATCHED, not causes, float(len(causes)), 0.0, note=", ".join(causes))


def policy_age(intent: TradeIntent, book: Book, limits: Limits) -> GateCheck:
    """Seconds past the policy's end."""
    late = limits.since_s(limits.valid_until)
    return GateCheck(Gate.POLICY_STALE, late <= 0, late, 0.0)


def data_age(intent: TradeIntent, book: Book, limits: Limits) -> GateCheck:
    """Seconds since the symbol's last price, from the newest cross-section; none while its feed is
    silent.
    """
    risk = limits.policy.risk
    limit = limits.age_s(min(risk.data_age_s, risk.feed_gone_entries_s))
    silence = silence_of(book, intent.symbol)
    if silence:
        return GateCheck(Gate.DATA_STALE, ok=False, limit=limit, note=silence)
    market = book.market
    row = None if market is None else row_of(market.symbols, intent.symbol)
    if market is None or row is None:
        return GateCheck(Gate.DATA_STALE, ok=False, limit=limit, note="no market data")
    age_ms = market.age_ms[row]
    if age_ms is None:
        return GateCheck(Gate.DATA_STALE, ok=False, limit=limit, note="age unknown")
    age = limits.since_s(market.bar_close) + age_ms / 1e3
    return GateCheck(Gate.DATA_STALE, age <= limit, age, limit)


def equity_age(intent: TradeIntent, book: Book, limits: Limits) -> GateCheck:
    """Seconds since the account was computed; no account or no equity is no permit (F39)."""
    limit = limits.age_s(limits.policy.risk.equity_age_s)
    account = book.account
    if account is None or not account.equity > 0:
        return GateCheck(Gate.EQUITY_UNKNOWN, ok=False, limit=limit, note="no equity")
    age = limits.since_s(account.time) + account.age_ms / 1e3
    return GateCheck(Gate.EQUITY_UNKNOWN, age <= limit, age, limit)


def reconciled(intent: TradeIntent, book: Book, limits: Limits) -> GateCheck:
    """The venue has confirmed our ledger since the start, and did so last time."""
    return GateCheck(Gate.NOT_RECONCILED, book.reconciled)


def tradable(intent: TradeIntent, book: Book, limits: Limits) -> GateCheck:
    """In the universe, not close-only, with filters and brackets, and trading (F38)."""
    instrument = book.instruments.get(intent.symbol)
    faults = (
        ("no universe", book.tradable is None),
        ("not in the universe", book.tradable is not None and intent.symbol not in book.tradable),
        ("close-only", intent.symbol in book.close_only),
        ("no filters", instrument is None),
        ("no brackets", instrument is not None and not instrument.brackets),
        ("not trading", instrument is not None and instrument.status != "TRADING"),
    )
    found = [name for name, wrong in faults if wrong]
    return GateCheck(Gate.NOT_TRADABLE, not found, note=", ".join(found))


def price_venue(intent: TradeIntent, book: Book, limits: Limits) -> GateCheck:
    """Prices come from where we trade; the sim venue of a market is `sim:<price venue>` (F22)."""
    quoted = book.market.venue if book.market else ""
    ok = bool(quoted) and book.venue.removeprefix(SIM) == quoted
    note = "" if ok else f"prices of {quoted or 'nobody'}, orders to {book.venue or 'nobody'}"
    return GateCheck(Gate.PRICE_VENUE, ok, note=note)


def order_rate(intent: TradeIntent, book: Book, limits: Limits) -> GateCheck:
    """Order requests of the last minute, permits that are still to become one included."""
    limit = limits.policy.risk.orders_per_minute
    asked = sum(limits.since_s(at) < 60 for at in book.order_times)
    coming = sum(not one.requested and not one.ended for one in book.reservations.values())
    return GateCheck(Gate.ORDER_RATE, asked + coming < limit, float(asked + coming), float(limit))


def losses(intent: TradeIntent, book: Book, limits: Limits) -> tuple[GateCheck, ...]:
    """The day's and the week's loss and the drawdown, fractions of equity; unknown refuses."""
    account, risk = book.account, limits.policy.risk
    if account is None:
        gates = (Gate.DAILY_LOSS, Gate.WEEKLY_LOSS, Gate.DRAWDOWN)
        return tuple(GateCheck(gate, ok=False, note="no account") for gate in gates)
    figures = (
        (Gate.DAILY_LOSS, 0.0 - account.day_pnl_frac, limits.effective.daily_loss),
        (Gate.WEEKLY_LOSS, 0.0 - account.week_pnl_frac, risk.weekly_loss),
        (Gate.DRAWDOWN, account.drawdown, risk.drawdown_no_entries),
    )
    return tuple(GateCheck(gate, lost < limit, lost, limit) for gate, lost, limit in figures)
