"""A limit has one home: the policy document. No module keeps a second copy of it (F43).

The replaced system had 4, 8, 10, 15, 20 and 30 as "the" number of positions, each in a module of
its own, and the one that ruled was whichever ran last.
"""

import ast
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from quantum_os.events.governance import BindingSource, Policy
from quantum_os.governance.effective_limits import effective_limits
from quantum_os.governance.policy_document import load
from tests.tidy import house

SILENT = frozenset(
    {
        *("at", "base", "day", "factor", "frac", "h", "limit", "max", "min", "ms"),
        *("of", "per", "r", "s", "size", "usd", "x"),
    }
)
"""Words that many names share and that say nothing of what is limited."""

TRIVIAL = frozenset({0.0, 1.0})
"""Nothing and the unit: equal by chance too often to be a copy of anything."""

ALLOWED = {
    "emulator/host.py: LEVERAGE_FIRST": "what an exchange gives a symbol that nobody has set",
    "execution/venues/sim/config.py: leverage_default": "what a venue sets that nobody asked",
    "formulas/exit_levels.py: _V3_EXTREME": "the older exit profiles, kept to compare with",
    "formulas/exit_levels.py: _V3_TREND": "the older exit profiles, kept to compare with",
    "formulas/leverage.py: ORIGINAL_BAND": "the replaced system's formula, kept to compare with",
    "formulas/risk_budget.py: RISK_FRACTION_MAX": "the law itself: the document is held to it",
    "formulas/risk_budget.py: weight": "the caution of Kelly's mean, not of a voter's record",
    "learning/report/candles.py: MARGIN_SHARE": "the margin of a picture, not of an account",
    "learning/report/cost_split.py: ROUND_TRIPS_BPS": "costs that every report supposes",
    "risk/safety.py: EQUITY_GAP_ALERT": "USD between two ledgers, not a gap of prices",
}
"""Names that share a word and a value with a limit and are no copy of it; each with its reason."""


def leaves(value: object, path: str = "") -> Iterator[tuple[str, float]]:
    """Every number of a policy by its dotted path."""
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from leaves(getattr(value, name), f"{path}{name}.")
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}{key}.")
    elif isinstance(value, tuple):
        for inner in value:
            yield from leaves(inner, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path.rstrip("."), float(value)


def words(name: str) -> set[str]:
    """The telling words of a name or a path."""
    return {word for word in re.split(r"[._]", name.lower()) if word} - SILENT


def named_numbers(text: str) -> Iterator[tuple[str, float]]:
    """Every number that a piece of code binds to a name: constants, tables, defaults, keywords."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield from ((name, number) for number in numbers_in(value))
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.AST() as value):
                yield from ((name, number) for number in numbers_in(value))
            case ast.keyword(arg=str(name), value=ast.Constant() as value):
                yield from ((name, number) for number in numbers_in(value))
            case ast.arguments():
                given = [*node.posonlyargs, *node.args]
                pairs = [*zip(given[::-1], node.defaults[::-1], strict=False)]
                pairs += [
                    (arg, default)
                    for arg, default in zip(node.kwonlyargs, node.kw_defaults, strict=True)
                    if default is not None
                ]
                for arg, default in pairs:
                    yield from ((arg.arg, number) for number in numbers_in(default))


def numbers_in(value: ast.AST) -> Iterator[float]:
    """The literals of a value; those inside a call that is not a plain wrapper are its own."""
    if isinstance(value, ast.Constant):
        number = value.value
        if isinstance(number, int | float) and not isinstance(number, bool):
            yield float(number)
    elif isinstance(value, ast.Tuple | ast.List | ast.Set):
        for each in value.elts:
            yield from numbers_in(each)
    elif isinstance(value, ast.Dict):
        for each in value.values:
            yield from numbers_in(each)
    elif isinstance(value, ast.Call):
        for each in value.args:
            yield from numbers_in(each)


def copies(text: str, policy: Policy) -> set[str]:
    """Names that hold a number of the policy under a word of its path."""
    limits = [(words(path), value) for path, value in leaves(policy) if value not in TRIVIAL]
    return {
        name
        for name, number in named_numbers(text)
        if any(number == value and words(name) & said for said, value in limits)
    }


def test_f43_no_module_holds_a_second_copy_of_a_limit() -> None:
    policy = load("default")
    found = {
        f"{name.removeprefix('src/quantum_os/')}: {copy}"
        for name, text in house.texts("src/", suffix=".py").items()
        for copy in copies(text, policy)
    }
    assert found == set(ALLOWED)


@pytest.mark.parametrize(
    "planted",
    [
        "HEAT_LIMIT = 0.08",
        "DRAWDOWN_CAP = ((0.03, 5), (0.05, 3))",
        "REGIME_CAP = {Regime.VOLATILE: 3}",
        "class A:\n    naked_limit_s: float = 3.0",
        "def ready(positions: int = 5) -> None: ...",
        "def ready(*, cooldown_s: float = 180.0) -> None: ...",
        "open_with(daily_loss=0.05)",
        "STOP_FLOOR = Decimal(0.006)",
    ],
)
def test_f43_canary_a_planted_copy_is_seen(planted: str) -> None:
    assert len(copies(planted, load("default"))) == 1


def test_f43_every_number_of_the_policy_is_read_by_somebody() -> None:
    """A limit that nobody reads is one that something else stands in for."""
    source = "\n".join(
        text
        for name, text in house.texts("src/", suffix=".py").items()
        if not name.endswith(("governance/policy_document.py", "events/governance.py"))
    )
    unread = {
        field
        for struct in _structs(Policy)
        for field in struct.__struct_fields__
        if not re.search(rf"\.{field}\b", source)
    }
    assert unread == set()


def test_f43_every_reader_is_told_the_tightest_limit_and_who_set_it() -> None:
    """Many authorities may speak of one limit; one number comes out, with its author's name."""
    loose, tight = load("research"), load("research", {"modes": {"EXPANSION": {"positions": 2}}})
    for policy, expected in ((loose, 5), (tight, 2)):
        limits = effective_limits(policy)
        source = {one.limit: one.source for one in limits.sources}["positions_max"]
        assert (limits.positions_max, source) == (expected, BindingSource.MODE)
    by_tier = effective_limits(load("research", {"tiers": {"SCALABLE": {"positions": 1}}}))
    assert by_tier.positions_max == 1


def _structs(kind: Any) -> Iterator[Any]:
    """A struct type and all that it is composed of."""
    yield kind
    for field in msgspec.structs.fields(kind):
        for inner in (field.type, *getattr(field.type, "__args__", ())):
            if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
                yield from _structs(inner)
