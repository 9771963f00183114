"""Bars of votes and what came of them, with only what a test says of them."""

from collections.abc import Sequence

from msgspec.structs import replace

from quantum_os.events.ai import AiSignalGenerated, SignalResolved, VoteColumns
from quantum_os.events.governance import PolicyUpdated
from quantum_os.events.units import NS_PER_HOUR, Ns, PositionSide, Regime
from tests.ai.scene import T, policy

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT


def under(**supervision: float) -> PolicyUpdated:
    """The default policy with other limits of supervision."""
    told = policy()
    document = replace(told.policy, supervision=replace(told.policy.supervision, **supervision))
    return replace(told, policy=document)


def columns(
    voter: str, ps: Sequence[float | None], *, version: str = "1", states_p: bool = True
) -> VoteColumns:
    """A voter that is for LONG wherever it says a probability."""
    side = tuple(None if p is None else LONG for p in ps)
    return VoteColumns(voter, version, side, tuple(ps), (0.5,) * len(ps), states_p)


def bar(
    hour: int, votes: Sequence[VoteColumns], regime: Regime = Regime.RANGE
) -> AiSignalGenerated:
    """The signal of the bar that closes so many hours after T; nobody decides on it."""
    count = len(votes[0].side)
    unknown = (None,) * count
    return AiSignalGenerated(
        signal_id=f"s{hour}",
        bar_close=Ns(T + hour * NS_PER_HOUR),
        horizon_h=36.0,
        symbols=tuple(f"S{place}/USDT:USDT" for place in range(count)),
        q_long=unknown,
        q_short=unknown,
        e_net=unknown,
        cost_r=unknown,
        confidence=unknown,
        side=unknown,
        strategy=unknown,
        regime=(regime,) * count,
        status=("",) * count,
        voters=tuple(votes),
        feature_hash="f",
        gain_r=unknown,
        loss_r=unknown,
    )


def outcome(
    voter: str,
    hour: int,
    p: float | None,
    *,
    won: bool,
    side: PositionSide = LONG,
    regime: Regime = Regime.RANGE,
    version: str = "1",
) -> SignalResolved:
    """What came of a vote of the bar of that hour, one hour later."""
    closed = T + hour * NS_PER_HOUR
    return SignalResolved(
        voter=voter,
        symbol="S0/USDT:USDT",
        side=side,
        bar_close=Ns(closed),
        resolved_at=Ns(closed + NS_PER_HOUR),
        won=won,
        r=1.0 if won else -1.0,
        reason="target" if won else "stop",
        version=version,
        p=p,
        regime=regime,
    )
