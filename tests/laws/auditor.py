"""Holds a recorded run to the laws of the fund and lists what breaks them."""

from tests.laws.audit_entries import audit_entries
from tests.laws.audit_exits import audit_exits
from tests.laws.audit_intents import audit_intents
from tests.laws.audit_invariants import audit_invariants
from tests.laws.audit_money import audit_money
from tests.laws.audit_order import audit_order
from tests.laws.scenario import Recorded

AUDITS = {
    "order": audit_order,
    "entries": audit_entries,
    "exits": audit_exits,
    "invariants": audit_invariants,
    "money": audit_money,
    "intents": audit_intents,
}
"""Every audit by the word for what it watches."""


def violations(run: Recorded, *names: str) -> list[str]:
    """Lists what breaks a law, each line led by its audit's word; all audits if none is named."""
    return [f"{name}: {line}" for name in names or AUDITS for line in AUDITS[name](run)]
