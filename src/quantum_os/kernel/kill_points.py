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

_WORDS = ("order.submitted", "order.updated", "fill", "leverage.confirmed", "venue.snapshot")
_CARRIED = ("entry", "stop", "restop", "target", "close")
_REQUESTS = (*_CARRIED, "cancel", "leverage", "query", "list")

EXCHANGE_POINTS: dict[str, tuple[str, ...]] = {
    # an instruction on its way to an exchange; a restop is the stop that takes another's place
    "carrier.before_record": _CARRIED,
    "carrier.after_record": _CARRIED,
    "wire.before_write": _REQUESTS,
    "wire.after_write": _REQUESTS,
    "wire.after_answer": _REQUESTS,
    "carrier.before_told": _CARRIED,
    "carrier.after_told": _CARRIED,
    "carrier.after_cancel": (),
    "carrier.after_leverage": (),
    # what its private stream says
    "ear.before_open": (),
    "ear.before_frame": ("order", "trade", "signal"),
    "ear.after_frame": ("order", "trade", "signal"),
    # what it lists of the account
    "sweeper.after_account": (),
    "sweeper.after_trades": (),
    "sweeper.before_told": (),
    # the facts that come of all this, on their way to the bus
    "teller.before_fact": _WORDS,
    "teller.after_fact": _WORDS,
    # the account, as a life opens it
    "account.after_look": (),
    "account.after_clock": (),
    "account.after_permissions": (),
    "account.after_modes": (),
    "account.after_filters": (),
}
"""The points of a fund that trades at an exchange; they stand in place of the `venue` and `client`
ones above, and every other point is theirs too."""

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
    return [*_spelled(POINTS), *RECOVERY_POINTS]


def numbered_at_exchange() -> list[str]:
    """Gives every point between the fund and an exchange, variants spelled out."""
    return _spelled(EXCHANGE_POINTS)


def _spelled(points: dict[str, tuple[str, ...]]) -> list[str]:
    return [
        f"{point}/{variant}" if variant else point
        for point, variants in points.items()
        for variant in variants or ("",)
    ]


class Killer:
    """Counts the visits of one point and ends the process at the chosen one."""

    def __init__(self, wanted: str, die: Callable[[], None]) -> None:
        name, _, count = wanted.rpartition(":")
        known = (*numbered(), *numbered_at_exchange())
        if name not in known or not count.isdecimal() or int(count) < 1:
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
