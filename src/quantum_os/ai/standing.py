"""How far a voter is trusted: less at once, more only step by step after it has been well."""

import msgspec

from quantum_os.ai.voter_findings import RANK
from quantum_os.events.ai import ModelState


class Standing(msgspec.Struct, frozen=True):
    """A state, since when, and since when it has been well enough for the next better one (0: not).

    Times in ns UTC.
    """

    state: ModelState = ModelState.OK
    since: int = 0
    well_since: int = 0


def moved(
    held: Standing, entering: ModelState, holding: ModelState, now: int, dwell: int
) -> Standing:
    """Gives the standing from `now` on.

    `entering` is the state by the limits, `holding` the one by the stricter limits that a return
    needs: between the two nothing moves. Each step back takes a whole `dwell`.
    """
    rank = RANK.index(held.state)
    if RANK.index(entering) > rank:
        return Standing(entering, now)
    if RANK.index(holding) >= rank:
        return msgspec.structs.replace(held, well_since=0)
    well_since = held.well_since or now
    if now - well_since < dwell:
        return msgspec.structs.replace(held, well_since=well_since)
    return Standing(RANK[rank - 1], now)


def weight_left(state: ModelState, watch_weight: float) -> float:
    """What is left of a voter's weight: a watched one counts less, a shadow only votes."""
    if state is ModelState.OK:
        return 1.0
    return watch_weight if state is ModelState.WATCH else 0.0
