"""Known-bad builds of the fund, each with one bug that a kill must bring to light.

python -m tests.kills.careless run ...; the bug is named by `QUANTUM_OS_CARELESS`.
"""

import os
import threading
from collections.abc import Iterator, Sequence

import quantum_os.lineup as lineup
from quantum_os.cli import demo
from quantum_os.cli.main import main
from quantum_os.cli.process import Process
from quantum_os.events.execution import (
    ExecutionResult,
    Leg,
    OrderQueryRequested,
    OrderRequested,
)
from quantum_os.events.system import ProcessStarted
from quantum_os.execution.orders import Orders
from quantum_os.execution.placing import place
from quantum_os.execution.venues.remote_sim import venue
from quantum_os.kernel.envelope import Envelope
from quantum_os.storage.journal_file import JournalFile

VARIABLE = "QUANTUM_OS_CARELESS"
BUGS = ("resending", "hasty")

SLOW_S = 0.3
"""Seconds of a commit on the disk of the hasty build: what it sends, its journal learns later."""


class Resending(Orders):
    """Sends again, under the new epoch, what the life before had sent."""

    def on_process_started(  # type: ignore[override]
        self, event: ProcessStarted
    ) -> Iterator[ExecutionResult | OrderQueryRequested | OrderRequested]:
        yield from super().on_process_started(event)
        for order in list(self.state.orders.values()):
            if order.leg is Leg.ENTRY:
                trade = self.state.trades[order.position_id]
                yield place(self.state, trade, Leg.ENTRY, order.qty, self._at)


class SlowFile(JournalFile):
    """A journal's file on a slow disk."""

    def write(self, envelopes: Sequence[Envelope]) -> None:
        threading.Event().wait(SLOW_S)
        super().write(envelopes)


class SlowProcess(Process, frozen=True):
    """A process whose journal lies on a slow disk."""

    open_file: type[JournalFile] = SlowFile


async def _at_once(*_: object) -> bool:
    """What became of the wait for the journal when somebody found it too slow."""
    return True


def plant(bug: str) -> None:
    """Puts one bug into this process."""
    if bug == "resending":
        vars(lineup)["Orders"] = Resending
    elif bug == "hasty":
        vars(venue)["holds_entry"] = _at_once
        vars(demo)["Process"] = SlowProcess
    else:
        raise ValueError(f"{VARIABLE}={bug!r}: no such bug")


if __name__ == "__main__":
    plant(os.environ[VARIABLE])
    main()
