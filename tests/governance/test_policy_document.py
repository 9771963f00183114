"""A policy document comes into force only when every value in it is known and within the law."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.ai import Gate
from quantum_os.events.governance import Policy
from quantum_os.events.units import Mode
from quantum_os.governance.policy_document import (
    REPORTABLE,
    PolicyError,
    check_mode,
    hash_of,
    laid_over,
    load,
)

NEVER_REPORTED = sorted(set(Gate) - REPORTABLE)


def _refused(overrides: dict[str, Any]) -> str:
    with pytest.raises(PolicyError) as refused:
        load("default", overrides)
    return str(refused.value)


def test_the_default_profile_enforces_every_gate() -> None:
    policy = load("default")
    assert (policy.profile, policy.report_only, policy.tier) == ("default", (), "PROOF")


def test_the_research_profile_shows_profitability_gates_instead_of_enforcing_them() -> None:
    policy = load("research")
    assert policy.profile == "research"
    assert (policy.tier, policy.leverage.risk_tier) == ("SCALABLE", "aggressive")
    assert set(policy.report_only) == REPORTABLE
    default = load("default")
    assert policy.risk == default.risk
    assert policy.exits == default.exits


def test_an_unknown_profile_is_refused_with_the_known_ones() -> None:
    with pytest.raises(PolicyError, match=r"unknown profile 'reserch': one of default, research"):
        load("reserch")


@pytest.mark.parametrize(
    "overrides",
    [{"cooldown": 1}, {"sizing": {"risk_frac": 0.01}}, {"modes": {"GROWTH": {"levrage": 1}}}],
    ids=["top", "in a table", "in a row"],
)
def test_an_unknown_key_is_refused(overrides: dict[str, Any]) -> None:
    assert "unknown field" in _refused(overrides)


@pytest.mark.parametrize(
    "overrides",
    [
        {"sizing": {"risk_base": 0.8}},
        {"sizing": {"risk_base": 0.0201}},
        {"sizing": {"risk_cap": 0.021}},
        {"constitution": {"risk_per_trade": 0.03}},
        {"modes": {"GROWTH": {"risk_per_trade": 0.05}}},
        {"sizing": {"risk_base": float("nan")}},
        {"sizing": {"risk_cap": float("nan")}},
        {"sizing": {"risk_base": 0.0}},
        {"sizing": {"risk_base": -0.01}},
    ],
)
def test_f28_more_than_two_percent_risk_is_refused(overrides: dict[str, Any]) -> None:
    assert "0.02" in _refused(overrides)


def test_f28_two_percent_itself_is_the_law() -> None:
    assert load("default", {"sizing": {"risk_base": 0.02}}).sizing.risk_base == 0.02


@pytest.mark.parametrize("gate", NEVER_REPORTED)
def test_a_gate_that_guards_money_cannot_be_made_a_report(gate: Gate) -> None:
    assert f"may not be report_only: {gate}" in _refused({"report_only": [gate.value]})


@pytest.mark.parametrize(
    "guard",
    [Gate.LEVERAGE, Gate.LIQUIDATION_DISTANCE, Gate.DRAWDOWN, Gate.SAME_SIDE, Gate.OPPOSITE],
)
def test_exposure_drawdown_and_flip_rules_are_among_them(guard: Gate) -> None:
    assert guard in NEVER_REPORTED


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"mode": "YOLO"}, "unknown mode"),
        ({"tier": "GOLD"}, "unknown tier"),
        ({"leverage": {"risk_tier": "wild"}}, "unknown risk tier"),
        ({"leverage": {"cap": 21}}, "leverage.cap"),
        ({"leverage": {"cap": 0}}, "leverage.cap"),
        ({"exits": {"stop_min": 0.07}}, "stop_min"),
        ({"ttl_h": 0.0}, "ttl_h"),
        ({"ttl_h": "soon"}, "ttl_h"),
        ({"report_only": ["VIBES"]}, "report_only"),
    ],
)
def test_a_value_out_of_bounds_is_named(overrides: dict[str, Any], words: str) -> None:
    assert words in _refused(overrides)


@pytest.mark.parametrize("mode", Mode)
def test_gates_that_only_report_are_refused_where_orders_can_leave(mode: Mode) -> None:
    check_mode(load("default"), mode)
    if mode in (Mode.TESTNET, Mode.LIVE):
        with pytest.raises(PolicyError, match="reports gates only"):
            check_mode(load("research"), mode)
    else:
        check_mode(load("research"), mode)


def test_the_hash_stands_for_the_content() -> None:
    assert hash_of(load("default")) == hash_of(load("default"))
    assert hash_of(load("default")) != hash_of(load("research"))
    assert hash_of(load("default")) != hash_of(load("default", {"ttl_h": 23.0}))


tables = st.recursive(
    st.integers(), lambda inner: st.dictionaries(st.sampled_from("abc"), inner), max_leaves=8
)
documents = st.dictionaries(st.sampled_from("abc"), tables)


@given(documents)
def test_laying_nothing_over_changes_nothing(document: dict[str, Any]) -> None:
    assert laid_over(document, {}) == document


@given(documents, documents)
def test_what_lies_above_wins(below: dict[str, Any], above: dict[str, Any]) -> None:
    merged = laid_over(below, above)
    assert merged.keys() == below.keys() | above.keys()
    for key, value in above.items():
        if not isinstance(value, dict):
            assert merged[key] == value


def test_f43_a_policy_is_one_frozen_document() -> None:
    policy = load("default")
    with pytest.raises(AttributeError):
        policy.ttl_h = 1.0  # type: ignore[misc]
    assert isinstance(policy, Policy)
