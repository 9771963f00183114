"""Who did what is written down in a chain that cannot be changed unseen."""

import msgspec
import pytest

from quantum_os.events.commands import ActionAsked
from quantum_os.events.governance import AuditEntry
from quantum_os.events.units import Ns
from quantum_os.formulas.audit_chain import GENESIS
from quantum_os.governance.audit import Audit, broken_at


def asked(number: int) -> ActionAsked:
    return ActionAsked(
        request_id=f"request-{number}",
        actor="ada",
        role="operator",
        token_id="a1b2c3d4",
        action="pause",
        subject="",
        reason="lunch",
        old="open",
        new="paused",
        asked_at=Ns(number),
        build="test",
    )


def entries(count: int) -> list[AuditEntry]:
    audit = Audit()
    return [audit.on_action(asked(number)) for number in range(count)]


def test_entries_are_numbered_and_chained() -> None:
    first, second = entries(2)
    assert (first.position, first.previous_hash) == (1, GENESIS)
    assert (second.position, second.previous_hash) == (2, first.hash)
    assert broken_at((first, second)) is None


@pytest.mark.parametrize("field", ["actor", "role", "action", "reason", "old", "new", "build"])
def test_a_changed_word_breaks_the_chain(field: str) -> None:
    told = entries(3)
    told[1] = msgspec.structs.replace(told[1], **{field: "another"})
    assert broken_at(told) == 2


def test_an_entry_that_was_left_out_breaks_the_chain() -> None:
    first, _, third = entries(3)
    assert broken_at((first, third)) == 3


def test_an_entry_made_anew_with_its_own_hash_breaks_the_next() -> None:
    told = entries(3)
    other = Audit()
    other.restore(Audit().snapshot())
    other.on_action(asked(0))
    told[1] = other.on_action(msgspec.structs.replace(asked(1), actor="eve"))
    assert broken_at(told) == 3


def test_a_restored_audit_goes_on_with_the_chain() -> None:
    audit, successor = Audit(), Audit()
    first = audit.on_action(asked(0))
    successor.restore(audit.snapshot())
    assert broken_at((first, successor.on_action(asked(1)))) is None
