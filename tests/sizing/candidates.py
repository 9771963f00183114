"""A candidate with its stop, its plan, and a sizer that has heard of a healthy world."""

from decimal import Decimal
from typing import Any

from quantum_os.events.ai import AiDecisionMade, CandidateRefused
from quantum_os.events.base import Event
from quantum_os.events.exits import ExitbrainAdaptiveLevels, ExitStopProposed, V3Levels
from quantum_os.events.governance import PolicyUpdated
from quantum_os.events.sizing import SizingDecided
from quantum_os.events.units import NS_PER_HOUR, Frac, Ns, PositionSide, Price, Qty, Regime
from quantum_os.sizing.sizer import Sizer, SizerConfig
from tests.risk import scene
from tests.risk.scene import BTC, NOW, Stage, but


def decision(symbol: str = BTC, bar_close: Ns = NOW, **changes: Any) -> AiDecisionMade:
    base = AiDecisionMade(
        decision_id=f"d-{symbol}",
        signal_id="s",
        bar_close=bar_close,
        symbol=symbol,
        side=PositionSide.LONG,
        confidence=0.56,
        q=0.55,
        e_net=0.1,
        cost_r=0.08,
        gain_r=1.02,
        loss_r=-0.95,
        strategy="trend",
        regime=Regime.NORMAL,
        ref_price=100.0,
        atr_frac=Frac(0.0115),
        gates=(),
        reason="",
        policy_version="1",
        model_versions=("m1",),
    )
    return but(base, **changes)


def stop(candidate: AiDecisionMade, sl: float = 0.0173, **changes: Any) -> ExitStopProposed:
    base = ExitStopProposed(
        decision_id=candidate.decision_id,
        bar_close=candidate.bar_close,
        symbol=candidate.symbol,
        side=candidate.side,
        sl=Frac(sl),
        round_trip_cost=Frac(0.0015),
        profile="v3.5",
        atr_frac=candidate.atr_frac,
        regime=candidate.regime,
        ref_price=candidate.ref_price,
    )
    return but(base, **changes)


def levels(size: SizingDecided, **changes: Any) -> ExitbrainAdaptiveLevels:
    base = ExitbrainAdaptiveLevels(
        decision_id=size.decision_id,
        bar_close=size.bar_close,
        symbol=size.symbol,
        side=size.side,
        leverage=size.leverage,
        qty=size.qty,
        lsf=0.5,
        sl=size.stop_distance,
        tp1=Frac(0.02),
        tp2=Frac(0.03),
        tp3=Frac(0.04),
        sl_price=Price(Decimal("98.27")),
        tp_prices=(Price(Decimal(102)), Price(Decimal(103)), None),
        tp_qtys=(Qty(size.qty), Qty(Decimal(0)), Qty(Decimal(0))),
        harvest=(0.3, 0.3, 0.4),
        legs_merged=False,
        trailing_atr=2.0,
        profile="v3.5",
        regime=Regime.NORMAL,
        max_hold_h=36.0,
        expires=Ns(size.bar_close + 36 * NS_PER_HOUR),
        e_net=0.1,
        v3=V3Levels(Frac(0.01), Frac(0.02), Frac(0.02), 0.5),
    )
    return but(base, **changes)


def ready(policy: PolicyUpdated | None = None, *more: Event, **config: Any) -> Stage:
    """A sizer that has heard of a healthy world, and then of `more`."""
    stage = Stage(Sizer(SizerConfig(**config)))
    stage.hears(policy or scene.roomy(), scene.instruments(), scene.account(), scene.market())
    stage.hears(*more)
    return stage


def answer(
    stage: Stage, candidate: AiDecisionMade | None = None, **stop_changes: Any
) -> SizingDecided | CandidateRefused:
    asked = candidate or decision()
    said = stage.hears(asked, stop(asked, **stop_changes))
    assert len(said) == 1
    assert isinstance(said[0], SizingDecided | CandidateRefused)
    return said[0]


def sized(
    stage: Stage, candidate: AiDecisionMade | None = None, **stop_changes: Any
) -> SizingDecided:
    size = answer(stage, candidate, **stop_changes)
    assert isinstance(size, SizingDecided), size
    return size


def refused(
    stage: Stage, candidate: AiDecisionMade | None = None, **stop_changes: Any
) -> CandidateRefused:
    refusal = answer(stage, candidate, **stop_changes)
    assert isinstance(refusal, CandidateRefused), refusal
    return refusal


def factors(size: SizingDecided) -> dict[str, float]:
    named = {factor.name: factor.value for factor in size.factors}
    assert len(named) == len(size.factors)
    return named
