"""How far each reader of events is behind, and which event has waited longest for it."""

import msgspec

from quantum_os.api.fund import Fund
from quantum_os.events.base import stream_of
from quantum_os.kernel.backlog import Backlog, backlogs_of
from quantum_os.kernel.clock import monotonic_ns

LANES = "kernel.lanes"
TIMERS = "timers"
"""What stands for a stream where the oldest input asks for timers to be fired."""


class Behind(msgspec.Struct, frozen=True):
    """One reader: the events, or messages from outside, that it has still to read.

    The oldest of them is `oldest_seq`, an event of `oldest_stream`, and has waited `oldest_age_s`
    wall seconds, to a quarter of one. Null where nothing waits or nobody knows; `reason` says why.
    """

    reader: str
    count: int | None
    unit: str
    oldest_seq: int | None
    oldest_stream: str | None
    oldest_age_s: float | None
    reason: str


def standing(fund: Fund) -> list[Behind]:
    """Gives the lanes before the bus, then each copy and way in; raises NotLiving."""
    found = backlogs_of(fund.life.modules)
    return [_lanes(fund), *(_reader(fund, each) for each in found)]


def _lanes(fund: Fund) -> Behind:
    lanes = fund.life.runtime.lanes
    oldest = lanes.oldest
    if oldest is None:
        return Behind(LANES, lanes.backlog, "inputs", None, None, 0.0, "")
    stream = TIMERS if oldest.event is None else stream_of(type(oldest.event))
    return Behind(LANES, lanes.backlog, "inputs", None, stream, _age_s(oldest.since), "")


def _reader(fund: Fund, backlog: Backlog) -> Behind:
    if backlog.events is not None:
        return _copy(fund, backlog.module, backlog.events)
    if backlog.waited_s is not None:
        count, age_s = backlog.waiting, backlog.waited_s
        return Behind(backlog.module, count, "messages", None, None, age_s, "")
    reason = "nobody answers there: how far it is behind is not known"
    return Behind(backlog.module, None, "events", None, None, None, reason)


def _copy(fund: Fund, module: str, lag: int) -> Behind:
    if not lag:
        return Behind(module, 0, "events", None, None, 0.0, "")
    seq = fund.life.journal.flushed_seq - lag + 1
    envelope = fund.hub.at(seq)
    stream = None if envelope is None else envelope.stream
    reason = "" if envelope is not None else "its stream is no longer in memory"
    return Behind(module, lag, "events", seq, stream, _age_s(fund.board.heard_ns_of(seq)), reason)


def _age_s(since_ns: int) -> float:
    return max(0.0, (monotonic_ns() - since_ns) / 1e9)
