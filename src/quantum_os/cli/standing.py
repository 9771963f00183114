"""How the fund stands at this moment, read from its modules: equity, positions, trades, gates."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from quantum_os.cli.results import module_of
from quantum_os.events.ai import DecisionSummary, Disposition
from quantum_os.execution.conservation import Conservation, IntentCounts
from quantum_os.kernel.reactor import Module
from quantum_os.portfolio.ledger import Ledger
from quantum_os.portfolio.positions import OpenPosition
from quantum_os.portfolio.track_record import TrackRecord


class Standing(msgspec.Struct, frozen=True):
    """Money in USD at the latest marks; fractions as fractions."""

    equity: Decimal
    cash: Decimal
    deposit: Decimal
    drawdown: float
    positions: tuple[OpenPosition, ...]
    trades: int
    wins: int
    intents: IntentCounts

    @property
    def gain(self) -> float:
        """What equity is above the deposit, as a fraction of it."""
        return float(self.equity / self.deposit - 1) if self.deposit else 0.0


class Held(msgspec.Struct, frozen=True):
    """Why symbols were held back at one decision: the gate, who, and the nearest miss of them."""

    gate: str
    symbols: tuple[str, ...]
    value: float | None
    limit: float | None


def standing_of(modules: Sequence[Module]) -> Standing:
    """Reads the modules' states; it asks nothing and changes nothing."""
    ledger = module_of(modules, Ledger).state
    record = module_of(modules, TrackRecord).state
    return Standing(
        equity=ledger.equity,
        cash=ledger.wallet.cash,
        deposit=ledger.wallet.deposits,
        drawdown=ledger.drawdown,
        positions=tuple(ledger.positions.values()),
        trades=record.trades,
        wins=record.wins,
        intents=module_of(modules, Conservation).counts,
    )


def held_back(summary: DecisionSummary) -> list[Held]:
    """Groups the symbols that were held at one decision by their gate, the largest group first."""
    groups: dict[str, list[int]] = {}
    for row, disposition in enumerate(summary.disposition):
        if disposition is Disposition.HOLD:
            groups.setdefault(summary.reason[row], []).append(row)
    ordered = sorted(groups.items(), key=lambda group: -len(group[1]))
    return [_held(summary, gate, rows) for gate, rows in ordered]


def _held(summary: DecisionSummary, gate: str, rows: list[int]) -> Held:
    nearest = min(rows, key=lambda row: _miss(summary.value[row], summary.limit[row]))
    symbols = tuple(summary.symbols[row] for row in rows)
    return Held(gate, symbols, summary.value[nearest], summary.limit[nearest])


def _miss(value: float | None, limit: float | None) -> float:
    """By how much a value missed its limit; infinitely where there is no number."""
    return float("inf") if value is None or limit is None else abs(value - limit)
