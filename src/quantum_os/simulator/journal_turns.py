"""EDGE. When the simulated disk writes: in turns of the loop, after a time that faults lengthen."""

from quantum_os.simulator.draws import Draws
from quantum_os.simulator.faults import Faults, Kind
from quantum_os.simulator.loop import VirtualLoop
from quantum_os.simulator.mortality import Tether
from quantum_os.storage.journal_writer import WrittenBehind

QUICK_MS = (0.3, 6.0)
SLOW_MS = (30.0, 4_000.0)


class TurnWriter:
    """Stands where a thread writes; a life that has died writes nothing more."""

    def __init__(
        self,
        gathered: WrittenBehind,
        loop: VirtualLoop,
        faults: Faults,
        tether: Tether,
        draws: Draws,
    ) -> None:
        self._gathered, self._loop = gathered, loop
        self._faults, self._tether, self._draws = faults, tether, draws
        self._due = False

    def notify(self) -> None:
        if not self._due:
            self._due = True
            self._loop.call_later(self._rest_s(), self._write)

    def finish(self) -> None:
        while self._tether.alive and self._gathered.has_work:
            rest_s = self._gathered.write_next()
            if rest_s is None or rest_s > 0:
                return

    def _write(self) -> None:
        self._due = False
        if not self._tether.alive or not self._gathered.has_work:
            return
        rest_s = self._gathered.write_next()
        if rest_s is not None and self._gathered.has_work:
            self._due = True
            self._loop.call_later(rest_s + self._rest_s(), self._write)

    def _rest_s(self) -> float:
        if self._faults.strikes(Kind.SLOW_WRITE):
            return self._faults.draws(Kind.SLOW_WRITE).skewed(*SLOW_MS) / 1_000
        return self._draws.skewed(*QUICK_MS) / 1_000
