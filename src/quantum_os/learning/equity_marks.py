"""Decides what is kept of the account's equity over a whole run, however long: its shape."""

from decimal import Decimal

from quantum_os.events.base import stream_of
from quantum_os.events.portfolio import PortfolioSnapshotUpdated
from quantum_os.kernel.envelope import Envelope
from quantum_os.learning.report.thinning import thinned

STREAM = stream_of(PortfolioSnapshotUpdated)

MARKS_MAX = 20_000
"""Marks that are kept; of more, half are dropped, and no peak and no trough among them."""


class EquityMarks:
    """Takes marks as they come, and gives few of them that tell the same story."""

    def __init__(self) -> None:
        self._times: list[int] = []
        self._equity: list[Decimal] = []
        self.heard = 0

    def hear(self, envelope: Envelope) -> None:
        event = envelope.event()
        if not isinstance(event, PortfolioSnapshotUpdated):
            return
        self.heard += 1
        self._times.append(event.time)
        self._equity.append(event.equity)
        if len(self._times) > MARKS_MAX:
            self._keep(self._places(MARKS_MAX // 2))

    def points(self, wanted: int) -> list[tuple[int, Decimal]]:
        """Gives (time in UTC ns, equity), oldest first, about `wanted` of them, at least 4."""
        return [(self._times[place], self._equity[place]) for place in self._places(wanted)]

    def _places(self, wanted: int) -> list[int]:
        return thinned([float(equity) for equity in self._equity], wanted)

    def _keep(self, places: list[int]) -> None:
        self._times = [self._times[place] for place in places]
        self._equity = [self._equity[place] for place in places]
