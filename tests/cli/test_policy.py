"""`quantum-os policy show`: one policy, each limit in force once, with the authority that binds."""

import ast
from pathlib import Path

import pytest

from quantum_os.cli.policy_command import shown_policy
from quantum_os.events.governance import EffectiveLimits
from quantum_os.governance.effective_limits import effective_limits
from quantum_os.governance.policy_document import load, packaged
from quantum_os.settings import leaves
from tests.cli.console import here, quantum_os

SOURCE = Path(__file__).parents[2] / "src" / "quantum_os"

NO_LIMITS = {
    "risk/selftest.py: leverage_max",  # an instrument that only the gate's self-test trades
    "execution/venues/remote_sim/address.py: low",  # bytes of a buffer
    "emulator/fault_rules.py: size",  # bytes of a frame
}
"""Numbers that share their name with a value of the policy and are not one."""


def test_f43_each_limit_in_force_is_shown_with_who_binds_it() -> None:
    said = quantum_os("policy", "show", "--json")
    assert said.code == 0, said.err
    shown = said.json()
    limits = effective_limits(load("default"))
    rows = {row["limit"]: row for row in shown["limits"]}
    assert set(rows) == set(EffectiveLimits.__struct_fields__) - {"sources"}
    for name, row in rows.items():
        assert row["value"] == getattr(limits, name)
        assert all(other["value"] >= row["value"] for other in row["others"])
        assert dict(leaves(packaged()))[row["path"]] == row["value"]
    leverage = rows["leverage_max"]
    assert (leverage["value"], leverage["source"]) == (2, "tier")
    assert [other["source"] for other in leverage["others"]] == ["policy", "mode", "policy"]


def test_f43_a_profile_changes_what_binds() -> None:
    (row,) = (row for row in shown_policy(load("research")).limits if row.limit == "leverage_max")
    assert (row.value, row.path) == (5, "leverage.risk_tier_caps.aggressive")


def numbers(text: str) -> list[str]:
    """Names that are given a number in a piece of code: defaults, keywords and assignments."""
    found = []
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=value)):
                found += [name] if type(value) in (int, float) else []
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=value)):
                found += [name] if type(value) in (int, float) else []
            case ast.keyword(arg=str(name), value=ast.Constant(value=value)):
                found += [name] if type(value) in (int, float) else []
    return found


def test_f43_no_value_of_the_policy_is_written_a_second_time() -> None:
    names = {path.rpartition(".")[2] for path, _ in leaves(packaged())}
    twice = {
        f"{file.relative_to(SOURCE).as_posix()}: {name}"
        for file in SOURCE.rglob("*.py")
        for name in numbers(file.read_text(encoding="utf-8"))
        if name in names
    }
    assert twice == NO_LIMITS


@pytest.mark.parametrize(
    "planted",
    ["leverage_max = 15", "class A:\n    daily_loss: float = 0.05", "f(positions=8)"],
)
def test_a_planted_second_limit_is_seen(planted: str) -> None:
    assert len(numbers(planted)) == 1


def test_people_read_it_as_a_table() -> None:
    said = here("policy", "show", "--profile", "research")
    assert said.code == 0, said.err
    assert "leverage_max" in said.out
    assert "drawdown_flatten" in said.out
    assert "only reported, not refused: CONFIDENCE" in said.out


def test_an_unknown_profile_is_refused() -> None:
    said = here("policy", "show", "--profile", "wild")
    assert (said.code, len(said.lines)) == (2, 1)
    assert "one of default, research" in said.lines[0]
