"""Decides how far away a candidate's stop stands under the policy, or why none can stand."""

from math import isfinite

import msgspec

from quantum_os.events.ai import Gate
from quantum_os.events.governance import ExitPolicy
from quantum_os.events.units import Frac, Regime
from quantum_os.formulas.exit_levels import raw_stop


class Refused(msgspec.Struct, frozen=True):
    """Why a candidate cannot be planned: the gate, what was seen, what was allowed."""

    code: Gate
    value: float | None = None
    limit: float | None = None


class Conditions(msgspec.Struct, frozen=True):
    """The market as the stop hears it: ATR as a fraction of price, d in [0, 1], v in [0, 1.5]."""

    atr_frac: float | None
    d: float
    v: float | None


def stop_distance(
    policy: ExitPolicy, regime: Regime, seen: Conditions, round_trip: float
) -> Frac | Refused:
    """The stop distance as a fraction of price (trading.md 5), with the policy's own table.

    sl_raw = k * atr * (1 + .4 d + .2 (v - .5)), raised to max(stop_min, multiple * round trip).
    Refused when k * atr is under the multiple of the round trip, when sl exceeds stop_max (a
    squeezed stop sits in the noise), and when ATR, v or the regime's
    row of the exit tables is unknown.
    """
    atr, v, k = seen.atr_frac, seen.v, policy.stop_atr.get(regime)
    if atr is None or v is None or k is None or not (isfinite(v) and isfinite(atr) and atr > 0):
        return Refused(Gate.UNKNOWN_INPUT)
    if regime not in policy.max_hold_h or regime not in policy.trailing_atr:
        return Refused(Gate.UNKNOWN_INPUT)
    cost_floor = policy.stop_cost_multiple * round_trip
    if k * atr < cost_floor:
        return Refused(Gate.STOP_TOO_TIGHT_FOR_COST, k * atr, cost_floor)
    sl = max(raw_stop(k, atr, seen.d, v), policy.stop_min, cost_floor)
    if sl > policy.stop_max:
        return Refused(Gate.VOL_TOO_HIGH, sl, policy.stop_max)
    return Frac(sl)
