"""Decides what sizing knows, and gives the part of it that one candidate needs."""

from decimal import Decimal

import msgspec

from quantum_os.events.ai import AiDecisionMade, Gate
from quantum_os.events.governance import EffectiveLimits, Policy, PolicyUpdated
from quantum_os.events.market import Instrument, MarketData, row_of
from quantum_os.events.portfolio import AccountUpdated
from quantum_os.events.units import NS_PER_S, Ns
from quantum_os.sizing.closes import Closes
from quantum_os.sizing.correlation import PriceWindow, empty_window
from quantum_os.sizing.holdings import Holding


class Refusal(msgspec.Struct, frozen=True):
    """Why a candidate gets no size: the gate, what was seen, what was allowed."""

    code: Gate
    value: float | None = None
    limit: float | None = None


class Knowledge(msgspec.Struct):
    """Everything the sizer has heard and may still need."""

    policy: PolicyUpdated | None = None
    account: AccountUpdated | None = None
    market: MarketData | None = None
    window: PriceWindow = msgspec.field(default_factory=empty_window)
    instruments: dict[str, Instrument] = msgspec.field(default_factory=dict)
    holdings: dict[str, Holding] = msgspec.field(default_factory=dict)
    closes: Closes = msgspec.field(default_factory=Closes)
    candidates: dict[str, AiDecisionMade] = msgspec.field(default_factory=dict)


class Rules(msgspec.Struct, frozen=True):
    """The policy in force and the limits that follow from it."""

    policy: Policy
    limits: EffectiveLimits


class Row(msgspec.Struct, frozen=True):
    """What the market data of one bar close says of one symbol; None where unknown."""

    funding_rate: float | None
    atr_frac: float | None
    universe_atr_frac: float | None
    vol_ratio: float | None
    divergence_bps: float | None
    volume_usd: float | None


def rules(known: Knowledge, now: Ns) -> Rules | Refusal:
    """The rules in force; POLICY_STALE before the first policy and past its end."""
    if known.policy is None:
        return Refusal(Gate.POLICY_STALE)
    if now > known.policy.valid_until:
        late = (now - known.policy.valid_until) / NS_PER_S
        return Refusal(Gate.POLICY_STALE, late, 0.0)
    return Rules(known.policy.policy, known.policy.limits)


def equity(known: Knowledge, now: Ns, age_max_s: float) -> Decimal | Refusal:
    """Our equity in USD, if it is known, recent and positive (F39)."""
    account = known.account
    if account is None:
        return Refusal(Gate.EQUITY_UNKNOWN)
    age_s = (now - account.time) / NS_PER_S + account.age_ms / 1e3
    if not age_s <= age_max_s:
        return Refusal(Gate.EQUITY_UNKNOWN, age_s, age_max_s)
    if not account.equity > 0:
        return Refusal(Gate.EQUITY_UNKNOWN, float(account.equity), 0.0)
    return account.equity


def row(market: MarketData | None, symbol: str, bar_close: Ns) -> Row | None:
    """The symbol's values at this bar close; None when the bar or the symbol was not heard."""
    if market is None or market.bar_close != bar_close:
        return None
    place = row_of(market.symbols, symbol)
    if place is None:
        return None
    return Row(
        funding_rate=market.funding_rate[place],
        atr_frac=market.atr_frac[place],
        universe_atr_frac=market.universe_atr_frac,
        vol_ratio=market.vol_ratio[place],
        divergence_bps=market.divergence_bps[place],
        volume_usd=market.volume_usd[place],
    )
