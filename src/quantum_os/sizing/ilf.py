"""Decides the leverage of a candidate: the market and the account as the ILF hears them."""

from decimal import Decimal

from quantum_os.events.ai import AiDecisionMade, Gate
from quantum_os.events.exits import ExitStopProposed
from quantum_os.events.market import Instrument
from quantum_os.events.sizing import Factor
from quantum_os.formulas.leverage import (
    IlfInputs,
    LeverageCaps,
    LeverageChoice,
    choose_leverage,
    drawdown_cap,
    leverage_cap,
    regime_cap,
)
from quantum_os.formulas.liquidation import bracket_for
from quantum_os.formulas.volatility import (
    divergence_factor,
    funding_paid,
    symbol_factor,
    volatility_factor,
)
from quantum_os.sizing import closes
from quantum_os.sizing.knowledge import Knowledge, Refusal, Row, Rules


def inputs_of(
    decision: AiDecisionMade, row: Row, known: Knowledge, rules: Rules
) -> IlfInputs | Refusal:
    """The seven inputs c, v, p, s, m, d, f of trading.md 4; UNKNOWN_INPUT where one has no default.

    Unknown divergence and funding have their cautious readings in the formulas; volatility, the
    universe's median and the account have none.
    """
    s = symbol_factor(row.atr_frac, row.universe_atr_frac)
    if row.vol_ratio is None or s is None or known.account is None:
        return Refusal(Gate.UNKNOWN_INPUT)
    return IlfInputs(
        c=decision.confidence,
        v=volatility_factor(row.vol_ratio),
        p=closes.trend(known.closes),
        s=s,
        m=known.account.margin_util,
        d=divergence_factor(row.divergence_bps),
        f=funding_paid(row.funding_rate, decision.side, rules.policy.decision.horizon_h),
    )


def choose(
    inputs: IlfInputs,
    stop: ExitStopProposed,
    *,
    notional: Decimal,
    instrument: Instrument,
    drawdown: float | None,
    rules: Rules,
) -> LeverageChoice:
    """L for a position of `notional` USD, under every cap of the policy (trading.md 4)."""
    policy = rules.policy.leverage
    bracket = bracket_for(notional, instrument.brackets)
    caps = LeverageCaps(
        bracket=bracket.leverage_max,
        risk_tier=policy.risk_tier_caps[policy.risk_tier],
        regime=regime_cap(stop.regime, policy.regime_caps, policy.cap),
        drawdown=drawdown_cap(
            drawdown, [(step.at, int(step.value)) for step in policy.drawdown_caps], policy.cap
        ),
        mode=rules.limits.leverage_max,
        tier=rules.limits.leverage_max,
        ceiling=policy.cap,
    )
    return choose_leverage(
        inputs,
        leverage_cap(caps),
        sl=stop.sl,
        buffer=policy.liquidation_buffer,
        mmr=float(bracket.mmr),
        round_trip=stop.round_trip_cost,
        margin_loss_max=policy.margin_loss_at_stop_max,
        band=(policy.band_min, policy.band_max),
    )


def trace(inputs: IlfInputs, choice: LeverageChoice) -> tuple[Factor, ...]:
    """The inputs, the six factors and the four bounds by name; an unknown `f` is left out."""
    said = {name: getattr(inputs, name) for name in ("c", "v", "p", "s", "m", "d")}
    if inputs.f is not None:
        said["f"] = inputs.f
    taken = choice.factors
    said |= {"F_vol": taken.vol, "F_pnl": taken.pnl, "F_sym": taken.sym}
    said |= {"F_mar": taken.mar, "F_div": taken.div, "F_fun": taken.fun}
    said |= {"L_ilf": choice.l_ilf, "L_cap": choice.l_cap}
    said |= {"L_liq": choice.l_liq, "L_guard": choice.l_guard, "L": float(choice.leverage)}
    return tuple(Factor(name, value) for name, value in said.items())
