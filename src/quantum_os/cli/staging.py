"""How a demo is staged: which market is played, how fast, and from when on it is watched."""

import msgspec

from quantum_os.cli.planning import plan_run, warmup_ns
from quantum_os.events.units import Mode
from quantum_os.lineup import Plan, Recording
from quantum_os.market.feeds.synthetic import Scenario, SyntheticMarket
from quantum_os.settings import Settings

SPEED = 1_200.0
"""Times real time: an hour, and with it a decision, takes three seconds."""

CRASH_SPEED = 50.0
"""Slow enough to see a crash come, and that it is over within some minutes."""

TICKS_SPEED_MAX = 300.0
"""Above it bars follow each other within a second, and prices between them would not be seen."""


class Staging(msgspec.Struct, frozen=True):
    """A demo before it begins; `watched_from` is in ns of the market, and so is the plan's time."""

    market: Recording
    plan: Plan
    speed: float
    watched_from: int


def staged(settings: Settings, market: Recording, speed: float | None) -> Staging:
    """Plans a demo; raises SettingsError where settings and market contradict.

    What lies before `watched_from` is played at once: the history that decisions need. From there
    on a synthetic market also speaks in ticks, if it is played slowly enough for them to matter.
    """
    plan = plan_run(settings, market, Mode.DEMO)
    watched_from = market.start + warmup_ns(plan)
    if not isinstance(market, SyntheticMarket):
        return Staging(market, plan, speed or SPEED, watched_from)
    speed = speed or (CRASH_SPEED if market.scenario is Scenario.CRASH else SPEED)
    watched_from = market.watched_from or watched_from
    if speed <= TICKS_SPEED_MAX:
        market = msgspec.structs.replace(market, ticks_from=watched_from)
        plan = plan_run(settings, market, Mode.DEMO)
    return Staging(market, plan, speed, watched_from)
