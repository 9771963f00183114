"""Decides what is allowed at this moment: the policy in force, its limits, and the age limits."""

import msgspec

from quantum_os.events.ai import Gate, GateCheck
from quantum_os.events.governance import EffectiveLimits, Policy
from quantum_os.events.units import NS_PER_S, Mode, Ns

TAPE_AGE_BARS = 2
"""On a tape no age limit is shorter than this many of its bars (DESIGN 5)."""

MAY_BE_REPORT_ONLY = frozenset(
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
"""Entry gates that a profile may only report; no policy can disarm any other (DESIGN 5)."""

REAL_VENUE_MODES = (Mode.TESTNET, Mode.LIVE)
"""Modes in which every gate refuses."""


class Limits(msgspec.Struct, frozen=True):
    """What holds at `now`; `tape_step_s` is 0 when the market is live."""

    policy: Policy
    effective: EffectiveLimits
    valid_until: Ns
    now: Ns
    tape_step_s: float = 0.0

    def age_s(self, limit_s: float) -> float:
        """An age limit in seconds, on a tape at least two of its bars."""
        return max(limit_s, TAPE_AGE_BARS * self.tape_step_s)

    def since_s(self, then: Ns) -> float:
        """Seconds from `then` to now."""
        return (self.now - then) / NS_PER_S

    def judged(self, check: GateCheck, mode: Mode | None) -> GateCheck:
        """A failed check as the profile sees it: refusing, or only reported."""
        tolerated = (
            not check.ok
            and check.name in MAY_BE_REPORT_ONLY
            and check.name in self.policy.report_only
            and mode is not None
            and mode not in REAL_VENUE_MODES
        )
        return msgspec.structs.replace(check, report_only=True) if tolerated else check
