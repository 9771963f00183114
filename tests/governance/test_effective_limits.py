"""The limit in force is never looser than any of its sources, and names the one that binds."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.governance import BindingSource, EffectiveLimits, Policy
from quantum_os.governance.effective_limits import claims, effective_limits
from quantum_os.governance.policy_document import load
from quantum_os.settings import leaves

BASE = load("default")
risks = st.floats(0, 0.02)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """A policy whose every limit is drawn anew."""
    modes = {
        "M": msgspec.structs.replace(
            BASE.modes["GROWTH"],
            leverage_max=draw(st.integers(1, 20)),
            risk_per_trade=draw(risks),
            daily_loss=draw(st.floats(0, 0.1)),
            positions=draw(st.integers(0, 10)),
        )
    }
    tiers = {
        "T": msgspec.structs.replace(
            BASE.tiers["PROOF"],
            leverage_max=draw(st.integers(1, 20)),
            positions=draw(st.integers(0, 10)),
            gross_notional_x=draw(st.floats(0, 5)),
        )
    }
    leverage = msgspec.structs.replace(
        BASE.leverage,
        cap=draw(st.integers(1, 20)),
        risk_tier="R",
        risk_tier_caps={"R": draw(st.integers(1, 20))},
    )
    return msgspec.structs.replace(
        BASE,
        mode="M",
        tier="T",
        modes=modes,
        tiers=tiers,
        leverage=leverage,
        sizing=msgspec.structs.replace(BASE.sizing, risk_cap=draw(risks)),
        constitution=msgspec.structs.replace(
            BASE.constitution,
            risk_per_trade=draw(risks),
            gross_notional_x=draw(st.floats(0, 5)),
        ),
        risk=msgspec.structs.replace(BASE.risk, daily_loss_stop=draw(st.floats(0, 0.1))),
    )


def _sources(policy: Policy) -> dict[str, list[float]]:
    mode, tier, law = policy.modes["M"], policy.tiers["T"], policy.constitution
    return {
        "leverage_max": [
            mode.leverage_max,
            tier.leverage_max,
            policy.leverage.cap,
            policy.leverage.risk_tier_caps["R"],
        ],
        "risk_per_trade": [mode.risk_per_trade, law.risk_per_trade, policy.sizing.risk_cap],
        "daily_loss": [mode.daily_loss, policy.risk.daily_loss_stop],
        "positions_max": [mode.positions, tier.positions],
        "gross_notional_x": [law.gross_notional_x, tier.gross_notional_x],
    }


def _looser(policy: Policy, limits: EffectiveLimits) -> list[str]:
    """Names the limits that are not exactly the least of their sources."""
    sources = _sources(policy)
    return [name for name, values in sources.items() if getattr(limits, name) != min(values)]


@given(policies())
def test_each_limit_is_the_least_of_its_sources(policy: Policy) -> None:
    assert not _looser(policy, effective_limits(policy))


@given(policies())
def test_every_limit_says_who_binds_it(policy: Policy) -> None:
    limits = effective_limits(policy)
    named = {row.limit: row.source for row in limits.sources}
    assert set(named) == set(limits.__struct_fields__) - {"sources"}
    positions = policy.modes["M"].positions, policy.tiers["T"].positions
    if positions[0] != positions[1]:
        tighter_mode = positions[0] < positions[1]
        expected = BindingSource.MODE if tighter_mode else BindingSource.TIER
        assert named["positions_max"] is expected


@given(policies())
def test_the_claims_are_the_sources_and_the_tightest_is_first(policy: Policy) -> None:
    made = claims(policy)
    for name, values in _sources(policy).items():
        assert sorted(values) == [claim.value for claim in made[name]]


def test_every_claim_says_where_it_is_written() -> None:
    written = dict(leaves(msgspec.to_builtins(BASE)))
    for each in claims(BASE).values():
        for claim in each:
            assert written[claim.path] == claim.value


def test_canary_limits_taken_from_the_mode_alone_are_caught() -> None:
    policy = load("default", {"mode": "M", "tier": "T", "modes": {"M": {**_row("GROWTH")}}, **_t()})
    mode = policy.modes["M"]
    lax = msgspec.structs.replace(effective_limits(policy), leverage_max=mode.leverage_max)
    assert "leverage_max" in _looser(_with_tier_r(policy), lax)


def _row(mode: str) -> dict[str, float]:
    return msgspec.structs.asdict(BASE.modes[mode])


def _t() -> dict[str, dict[str, dict[str, float]]]:
    return {"tiers": {"T": msgspec.structs.asdict(BASE.tiers["PROOF"])}}


def _with_tier_r(policy: Policy) -> Policy:
    caps = {**policy.leverage.risk_tier_caps, "R": policy.leverage.cap}
    leverage = msgspec.structs.replace(policy.leverage, risk_tier_caps=caps)
    return msgspec.structs.replace(policy, leverage=leverage)


def test_the_default_document_binds_leverage_by_its_tier() -> None:
    limits = effective_limits(BASE)
    assert (limits.leverage_max, limits.positions_max, limits.risk_per_trade) == (2, 3, 0.005)
    binding = {row.limit: row.source for row in limits.sources}
    assert binding["leverage_max"] is BindingSource.TIER
    assert binding["risk_per_trade"] is BindingSource.MODE
