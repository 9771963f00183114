"""How often a voter has been right: its share of TP1-before-stop, shrunk towards a prior."""

import msgspec

from quantum_os.events.ai import SignalResolved
from quantum_os.events.units import PositionSide
from quantum_os.formulas.edge import beta_shrunk


class Record(msgspec.Struct):
    """Resolved votes of one voter on one side."""

    wins: int = 0
    n: int = 0


class HitRates(msgspec.Struct):
    """Records by voter and side, fed by resolved outcomes alone."""

    records: dict[str, Record] = {}

    def note(self, event: SignalResolved) -> None:
        record = self.records.setdefault(_key(event.voter, event.side), Record())
        record.n += 1
        record.wins += event.won

    def of(self, voter: str, side: PositionSide) -> Record | None:
        """Gives the record of a voter on a side; None before its first outcome."""
        return self.records.get(_key(voter, side))

    def probability(
        self, voter: str, side: PositionSide, prior: float, prior_weight: float
    ) -> float:
        """Gives P(TP1 first); without a record it is the prior, which stands for no edge."""
        record = self.records.get(_key(voter, side), Record())
        return beta_shrunk(record.wins, record.n, prior, prior_weight)


def _key(voter: str, side: PositionSide) -> str:
    return f"{voter}|{side}"
