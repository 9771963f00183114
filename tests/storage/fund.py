"""A small fund to record: a reactor that trips a latch, one that clears it, one that breaks."""

from collections.abc import Iterator
from pathlib import Path

from quantum_os.events.market import FeedWatermark
from quantum_os.events.risk import SafetyAction, SafetyCleared, SafetyTripped
from quantum_os.events.system import AlertRaised
from quantum_os.events.units import Ns
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.journal import Journal
from quantum_os.kernel.reactor import Reactor
from quantum_os.storage.run_folder import RunRecorder
from quantum_os.storage.verification import Verification, verify
from tests.kernel.fakes import CountState, alert, mark

INPUTS = 12


class Latch(Reactor[CountState]):
    """Trips at every third mark and says an alert at the others."""

    name = "risk.latch"

    def __init__(self, tripped_every: int = 3) -> None:
        super().__init__(CountState())
        self._every = tripped_every

    def on_mark(self, event: FeedWatermark) -> Iterator[SafetyTripped | AlertRaised]:
        self.state.marks += 1
        if self.state.marks % self._every:
            yield alert(f"{event.venue} {event.time}")
        else:
            yield tripped(f"mark {self.state.marks}")


class Clearing(Reactor[CountState]):
    """Clears what was tripped."""

    name = "risk.clearing"

    def __init__(self) -> None:
        super().__init__(CountState())

    def on_tripped(self, event: SafetyTripped) -> SafetyCleared:
        return SafetyCleared(event.cause, "operator", "seen", event.since)


class Fragile(Reactor[CountState]):
    """Breaks at its fourth mark."""

    name = "ai.fragile"
    critical = False

    def __init__(self) -> None:
        super().__init__(CountState())

    def on_mark(self, event: FeedWatermark) -> None:
        self.state.marks += 1
        if self.state.marks == 4:
            raise RuntimeError("the fourth is too much")


def tripped(cause: str) -> SafetyTripped:
    return SafetyTripped(cause, SafetyAction.HALT_ENTRIES, Ns(0), "an operator's word")


def fund(journal: Journal, tripped_every: int = 3) -> Bus:
    return Bus([Latch(tripped_every), Clearing(), Fragile()], journal)


def record(folder: Path, inputs: int = INPUTS) -> Bus:
    """Records a run of the small fund into a folder."""
    recorder = RunRecorder(folder)
    bus = fund(recorder)
    for time in range(inputs):
        bus.process(time, mark(time, "binance"), "tape")
    recorder.close()
    return bus


def verified(folder: Path, tripped_every: int = 3) -> Verification:
    return verify(folder, lambda journal: fund(journal, tripped_every), lambda done: None)
