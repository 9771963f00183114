"""Whether a foreign voter may vote: it is pure, answers for every symbol, and invents nothing."""

import re
from collections.abc import Callable
from types import MappingProxyType

import numpy as np

from quantum_os.ai.checked_voter import BadVote, CheckedVoter
from quantum_os.ai.feature_needs import groups_read
from quantum_os.ai.voter import FeatureFrame, Prediction, Voter
from quantum_os.formulas.kernels.feature_groups import ALL, names_of
from quantum_os.formulas.kernels.feature_list import FEATURES
from quantum_os.kernel.chance import generator

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""A voter's name stands in records, ids and tables: one word, no separators of theirs."""
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,39}")

PROBES = 8
PROBE_SYMBOLS = tuple(f"PROBE{place}/USDT:USDT" for place in range(64))
"""Frames and symbols a voter is tried on: enough for chance or a hidden state to show."""

_USUAL = (-3.0, 3.0)
_RANGES: dict[str, tuple[float, float]] = {
    "range_ratio": (0.1, 4.0),
    "drawdown_72_atr": (0.0, 8.0),
    "rsi_14": (-1.0, 1.0),
    "persistence": (-1.0, 1.0),
    "variance_ratio_5": (0.2, 3.0),
    "volume_ratio": (0.0, 4.0),
    "bandwidth_20": (0.001, 0.1),
    "atr_frac": (0.001, 0.1),
    "donchian_20": (-1.5, 1.5),
    "bar_position": (-1.0, 1.0),
    "upper_wick": (0.0, 1.0),
    "lower_wick": (0.0, 1.0),
    "streak": (-1.0, 1.0),
}
"""What a feature may be; the others are distances in ATRs or deviations around zero."""


def kept_contract(make: Callable[[], Voter]) -> CheckedVoter:
    """Gives the voter that `make` makes, behind its check; raises BadVote where it breaks a rule.

    The same frame must get the same answer: later, in another order, and from another instance. On
    a frame of unknowns a voter must abstain: missing input never makes a trade.
    """
    voter = _named(make())
    frames, names = range(PROBES), names_of(groups_read([voter]))
    first = [voter.predict(probe(each, names)) for each in frames]
    again = [voter.predict(probe(each, names)) for each in reversed(frames)][::-1]
    other = _named(make())
    elsewhere = [other.predict(probe(each, names)) for each in frames]
    for each in frames:
        _refuse_difference(first[each], again[each], "asked twice")
        _refuse_difference(first[each], elsewhere[each], "asked of two instances")
    if any(side is not None for side in voter.predict(unknown(names)).side):
        raise BadVote("it votes on a symbol of which every feature is NaN; it must abstain (None)")
    return voter


def probe(number: int, names: tuple[str, ...] = FEATURES) -> FeatureFrame:
    """Gives one of the frames that voters are tried on, always the same under its number and names.

    Each feature is spread over all it may be, extremes more often than the middle, so that most
    setups occur. Every second frame has holes, as warm-up and gaps make them.
    """
    drawn = generator(number, "voter", "probe").random((len(names), len(PROBE_SYMBOLS)))
    places = np.arange(len(PROBE_SYMBOLS))
    values = {}
    for row, name in enumerate(names):
        low, high = _RANGES.get(name, _USUAL)
        column = low + (high - low) * (0.5 - 0.5 * np.cos(np.pi * drawn[row]))
        if number % 2:
            column[(places + row) % 5 == 0] = np.nan
        column.flags.writeable = False
        values[name] = column
    return FeatureFrame(PROBE_SYMBOLS, MappingProxyType(values))


def unknown(names: tuple[str, ...] = FEATURES) -> FeatureFrame:
    """Gives the frame of a market of which nothing is known yet."""
    column = np.full(len(PROBE_SYMBOLS), np.nan)
    column.flags.writeable = False
    return FeatureFrame(PROBE_SYMBOLS, MappingProxyType(dict.fromkeys(names, column)))


def _named(voter: Voter) -> CheckedVoter:
    for attribute, pattern in (("name", NAME), ("version", VERSION)):
        value: object = getattr(voter, attribute, None)
        if not isinstance(value, str) or pattern.fullmatch(value) is None:
            raise BadVote(f"its {attribute} must be text like {pattern.pattern}, not {value!r}")
    if not callable(getattr(voter, "predict", None)):
        raise BadVote("it has no method predict(frame)")
    return CheckedVoter(voter.name, voter.version, voter, _read_by(voter))


def _read_by(voter: Voter) -> tuple[str, ...]:
    """The features it says it reads; none for a voter that does not say."""
    reads: object = getattr(voter, "reads", ())
    if not isinstance(reads, tuple) or not all(isinstance(name, str) for name in reads):
        raise BadVote(f"its reads must be a tuple of names of features, not {reads!r}")
    missing = [name for name in reads if name not in names_of(ALL)]
    if missing:
        raise BadVote(f"it reads {missing[0]!r}, which is no feature: docs/features.md lists them")
    return reads


def _refuse_difference(first: Prediction, second: Prediction, when: str) -> None:
    if first != second:
        raise BadVote(f"the same frame gets two answers when {when}; a voter must be pure")
