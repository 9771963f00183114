"""Where a process can be told to die at once: the numbered points of the order and journal path.

`QUANTUM_OS_KILL_AT=<point>[/<variant>]:<n>` makes the n-th visit of a point the last thing that the
process does (SIGKILL: nothing is flushed, closed or said). Without it a point is an empty call.
"""

import os
import signal
from collections import Counter
from collections.abc import Callable

VARIABLE = "QUANTUM_OS_KILL_AT"

_ORDERS = ("entry", "stop", "target", "close")
_ERRANDS = (*_ORDERS, "cancel", "leverage", "query", "list")
_FACTS = ("leverage.confirmed", "order.updated", "fill")

POINTS: dict[str, tuple[str, ...]] = {
    # an instruction on its way out
    "venue.before_record": _ORDERS,
    "venue.after_record": _ORDERS,
    "venue.before_connected": _ERRANDS,
    "venue.after_connected": _ERRANDS,
    "venue.before_write": _ERRANDS,
    "venue.after_write": _ERRANDS,
    "venue.after_drain": _ERRANDS,
    "venue.before_submitted": _ORDERS,
    "venue.after_submitted": _ORDERS,
    # a fact on its way in
    "client.before_connect": (),
    "client.after_connect": (),
    "client.after_hello": (),
    "client.after_welcome": (),
    "client.before_live": (),
    "client.after_live": (),
    "client.before_fact": _FACTS,
    "client.after_fact": _FACTS,
    "client.before_answer": (),
    "client.after_answer": (),
    "client.before_listing": (),
    "client.after_listing": (),
    "client.before_market": (),
    "client.after_market": (),
    # the loop between the two
    "runtime.before_inputs": (),
    "runtime.after_inputs": (),
    # the journal's writer
    "journal.before_write": (),
    "journal.before_commit": (),
    "journal.after_commit": (),
    "journal.after_flush": (),
    # a snapshot
    "snapshot.after_take": (),
    "snapshot.after_barrier": (),
    "snapshot.after_write": (),
    "snapshot.after_rename": (),
    "snapshot.after_prune": (),
}
"""Every point with its variants, in the order of an order's life; a test finds each in the code."""

RECOVERY_POINTS: tuple[str, ...] = (
    "recovery.after_lock",
    "recovery.after_journal",
    "recovery.after_snapshot",
    "recovery.in_tail",
    "recovery.after_tail",
    "recovery.after_merge",
    "recovery.after_start",
    "recovery.after_clear",
)
"""Points of the start itself, visited by every life: a second kill here is a nested one."""


def numbered() -> list[str]:
    """Gives every point as it is named in the variable, variants spelled out."""
    named = [
        f"{point}/{variant}" if variant else point
        for point, variants in POINTS.items()
        for variant in variants or ("",)
    ]
    return [*named, *RECOVERY_POINTS]


class Killer:
    """Counts the visits of one point and ends the process at the chosen one."""

    def __init__(self, wanted: str, die: Callable[[], None]) -> None:
        name, _, count = wanted.rpartition(":")
        if name not in numbered() or not count.isdecimal() or int(count) < 1:
            raise ValueError(f"{VARIABLE}={wanted!r}: no such point; as {numbered()[0]}:1")
        self._name, self._count = name, int(count)
        self._die = die
        self._visits: Counter[str] = Counter()

    def __call__(self, point: str, variant: str = "") -> None:
        name = f"{point}/{variant}" if variant else point
        self._visits[name] += 1
        if name == self._name and self._visits[name] == self._count:
            self._die()


def die() -> None:
    """Ends this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


def _unarmed(point: str, variant: str = "") -> None:
    return


def armed(wanted: str) -> Callable[..., None]:
    """Gives what a point calls; raises ValueError for a point that does not exist."""
    return Killer(wanted, die) if wanted else _unarmed


kill_point: Callable[..., None] = armed(os.environ.get(VARIABLE, ""))
