"""What the policy document says: the packaged file, a profile laid over it, and its validation."""

import math
from collections.abc import Iterator
from importlib import resources
from typing import Any

import msgspec

from quantum_os.events.ai import Gate
from quantum_os.events.governance import Policy
from quantum_os.events.units import Mode
from quantum_os.formulas.risk_budget import RISK_FRACTION_MAX
from quantum_os.kernel.ids import fingerprint

REPORTABLE = frozenset(
    {
        Gate.CONFIDENCE,
        Gate.EDGE,
        Gate.BREAKEVEN,
        Gate.NO_EDGE_AFTER_COSTS,
        Gate.STRATEGY_STATUS,
        Gate.EXPECTANCY_BRAKE,
        Gate.STREAK,
        Gate.TRADE_COUNT,
        Gate.COOLDOWN,
        Gate.CHURN,
        Gate.SYMBOL_LOSS,
    }
)
"""The only gates a profile may turn into reports: none guards money, margin or the position."""

TTL_MAX_H = 8_760.0
"""Hours that a policy may stand without being renewed: a year."""

Document = dict[str, Any]


class PolicyError(ValueError):
    """A policy document that may not come into force; the text says which value and why."""


def load(profile: str, overrides: Document | None = None) -> Policy:
    """Reads the packaged document with a profile and overrides on top; raises PolicyError."""
    document = laid_over(packaged(), profile_of(profile))
    return parsed(laid_over(document, overrides or {}))


def packaged() -> Document:
    """Reads the packaged document, which is the default profile."""
    document = _file()
    del document["profiles"]
    return document


def profile_of(name: str) -> Document:
    """Gives what a profile lays over the packaged document; raises PolicyError."""
    document = _file()
    profiles: Document = document["profiles"]
    if name == document["profile"]:
        return {}
    if name not in profiles:
        known = ", ".join(sorted([document["profile"], *profiles]))
        raise PolicyError(f"unknown profile {name!r}: one of {known}")
    overlay: Document = profiles[name] | {"profile": name}
    return overlay


def policy_text() -> str:
    """Gives the packaged file as it is written, comments included."""
    return resources.files("quantum_os.governance").joinpath("policy.toml").read_text("utf-8")


def laid_over(below: Document, above: Document) -> Document:
    """Gives `below` with the values of `above`; tables merge, everything else is replaced."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            merged[key] = laid_over(old, value)
        else:
            merged[key] = value
    return merged


def parsed(document: Document) -> Policy:
    """Turns a document into a checked Policy; raises PolicyError on any value out of bounds."""
    try:
        policy = msgspec.convert(document, Policy)
    except (msgspec.ValidationError, ValueError) as error:
        raise PolicyError(f"policy: {error}") from error
    for problem in _problems(policy):
        raise PolicyError(f"policy: {problem}")
    return policy


def _file() -> Document:
    document: Document = msgspec.toml.decode(policy_text())
    return document


def _problems(policy: Policy) -> list[str]:
    # The constitution's law: no document may risk more than this fraction on one trade.
    ceiling = RISK_FRACTION_MAX
    claims = [
        (policy.mode in policy.modes, f"unknown mode {policy.mode!r}"),
        (policy.tier in policy.tiers, f"unknown tier {policy.tier!r}"),
        (
            policy.leverage.risk_tier in policy.leverage.risk_tier_caps,
            f"unknown risk tier {policy.leverage.risk_tier!r}",
        ),
        (0 < policy.sizing.risk_base <= ceiling, "sizing.risk_base must be in (0, 0.02]"),
        (policy.sizing.risk_cap <= ceiling, "sizing.risk_cap must be at most 0.02"),
        (
            policy.constitution.risk_per_trade <= ceiling,
            "constitution.risk_per_trade must be at most 0.02",
        ),
        (
            all(mode.risk_per_trade <= ceiling for mode in policy.modes.values()),
            "risk_per_trade of every mode must be at most 0.02",
        ),
        (1 <= policy.leverage.cap <= 20, "leverage.cap must be in [1, 20]"),
        (0 < policy.exits.stop_min < policy.exits.stop_max, "exits.stop_min < exits.stop_max"),
        (0 < policy.ttl_h <= TTL_MAX_H, f"ttl_h must be in (0, {TTL_MAX_H:g}]"),
        (0 <= policy.risk.keeper_grace_s <= 3_600, "risk.keeper_grace_s must be in [0, 3600]"),
    ]
    unbound = sorted(
        path for path, number in _numbers(msgspec.to_builtins(policy)) if not math.isfinite(number)
    )
    claims.append((not unbound, f"no number: {', '.join(unbound)}"))
    forbidden = [gate for gate in policy.report_only if gate not in REPORTABLE]
    claims.append((not forbidden, f"may not be report_only: {', '.join(forbidden)}"))
    return [text for holds, text in claims if not holds]


def _numbers(tree: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Every number of a document with its path."""
    if isinstance(tree, dict):
        for key, inner in tree.items():
            yield from _numbers(inner, f"{path}.{key}" if path else key)
    elif isinstance(tree, list):
        for inner in tree:
            yield from _numbers(inner, path)
    elif isinstance(tree, int | float):
        yield path, tree


def check_mode(policy: Policy, mode: Mode) -> None:
    """Refuses gates that only report where real orders can leave; raises PolicyError."""
    if policy.report_only and mode in (Mode.TESTNET, Mode.LIVE):
        raise PolicyError(f"profile {policy.profile!r} reports gates only; refused in {mode}")


def hash_of(policy: Policy) -> str:
    """Gives the content hash that stands for the document in `policy.updated`."""
    return fingerprint(msgspec.json.encode(policy, order="deterministic"))
