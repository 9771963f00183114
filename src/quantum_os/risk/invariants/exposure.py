"""Whether what is held and may still fill stays within limits when more is permitted (10, 11)."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.execution import ExecutionResult, Fill
from quantum_os.events.governance import PolicyUpdated
from quantum_os.events.risk import RiskPermit
from quantum_os.formulas.liquidation import max_notional_at
from quantum_os.formulas.rounding import decimal_of
from quantum_os.risk.invariants.facts import ZERO, Facts
from quantum_os.risk.invariants.violation import Violation

SLACK = Decimal("1.01")
"""Equity and marks move between the gate's word and ours; a limit overrun by more is one."""


class Underway(msgspec.Struct):
    """A permitted entry that has not ended: all of it may still fill, an unknown one too."""

    symbol: str
    left: Decimal
    price: Decimal
    leverage: int

    @property
    def notional(self) -> Decimal:
        return self.left * self.price


class Exposure(msgspec.Struct):
    """The permitted entries that have not ended, by intent."""

    underway: dict[str, Underway] = {}

    def hear(self, event: Event, facts: Facts) -> Iterator[Violation]:
        match event:
            case RiskPermit():
                intent = event.intent
                self.underway[intent.intent_id] = Underway(
                    intent.symbol, event.qty, intent.ref_price, event.leverage
                )
                yield from self._within(event, facts)
            case Fill() if not facts.is_repeat:
                order = facts.symbol(event.symbol).order(event.client_id)
                one = self.underway.get((order.intent_id if order else None) or "")
                if one is not None and order is not None and not order.reduce_only:
                    one.left = max(ZERO, one.left - event.qty)
            case ExecutionResult():
                self.underway.pop(event.intent_id, None)

    def _within(self, permit: RiskPermit, facts: Facts) -> Iterator[Violation]:
        symbol, policy, equity = permit.intent.symbol, facts.policy, facts.equity
        if policy is None or equity is None:
            yield Violation(10, symbol, "permitted without a policy or an equity", facts.now)
            return
        for name, value, limit in self._measures(permit, facts, policy, equity):
            if value > limit * SLACK:
                values = f"{name} {value:.2f} of {limit:.2f} USD"
                yield Violation(10, symbol, values, facts.now)
        taken = dict.fromkeys((*_held(facts), *(one.symbol for one in self.underway.values())))
        if len(taken) > policy.limits.positions_max:
            values = f"{len(taken)} positions of {policy.limits.positions_max}"
            yield Violation(10, symbol, values, facts.now)
        yield from self._levered(permit, facts, policy, equity)

    def _measures(
        self, permit: RiskPermit, facts: Facts, policy: PolicyUpdated, equity: Decimal
    ) -> Iterator[tuple[str, Decimal, Decimal]]:
        """What is taken of each cap with this permit, and the cap, in USD."""
        limits, intent = policy.limits, permit.intent
        coming = [one.notional for one in self.underway.values()]
        margins = [one.notional / one.leverage for one in self.underway.values()]
        held = [seen.position for seen in facts.symbols.values() if seen.position is not None]
        notional = sum((abs(each.qty) * each.mark for each in held), sum(coming, ZERO))
        margin = sum((each.margin for each in held), sum(margins, ZERO))
        here = sum((each.margin for each in held if each.symbol == intent.symbol), ZERO) + sum(
            (
                one.notional / one.leverage
                for one in self.underway.values()
                if one.symbol == intent.symbol
            ),
            ZERO,
        )
        risk = permit.qty * abs(intent.ref_price - intent.sl_price)
        yield "gross notional", notional, decimal_of(limits.gross_notional_x) * equity
        yield "gross margin", margin, decimal_of(limits.gross_margin) * equity
        yield "margin of the symbol", here, decimal_of(limits.symbol_margin) * equity
        yield "risk at the stop", risk, decimal_of(limits.risk_per_trade) * equity

    def _levered(
        self, permit: RiskPermit, facts: Facts, policy: PolicyUpdated, equity: Decimal
    ) -> Iterator[Violation]:
        intent = permit.intent
        if permit.leverage > policy.limits.leverage_max:
            values = f"leverage {permit.leverage} of {policy.limits.leverage_max}"
            yield Violation(11, intent.symbol, values, facts.now)
        instrument = facts.instruments.get(intent.symbol)
        cap = max_notional_at(permit.leverage, instrument.brackets) if instrument else ZERO
        here = sum(
            (one.notional for one in self.underway.values() if one.symbol == intent.symbol), ZERO
        )
        if here > cap * SLACK:
            values = f"{here:.2f} USD at leverage {permit.leverage}, its bracket ends at {cap}"
            yield Violation(11, intent.symbol, values, facts.now)


def _held(facts: Facts) -> Iterator[str]:
    return (name for name, seen in facts.symbols.items() if seen.position is not None)
