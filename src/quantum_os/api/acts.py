"""How a person's act reaches the bus: written down first, durable where it loosens, then said."""

import asyncio
from typing import Any

import msgspec

from quantum_os.api.clearance import Role
from quantum_os.api.fund import Fund
from quantum_os.api.told import told
from quantum_os.events.base import Event, stream_of
from quantum_os.events.commands import ActionAsked
from quantum_os.events.governance import AuditEntry
from quantum_os.events.system import AlertRaised
from quantum_os.events.units import Ns
from quantum_os.kernel.chance import secret
from quantum_os.kernel.clock import WallClock
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.write_ahead import holds

SOURCE = "api"
"""The source of the inputs that people offer."""

ANSWER_S = 5.0
"""Wall seconds in which the bus must have worked an act off."""

STOPPING_WAIT_S, LOOSENING_WAIT_S = 0.25, 2.0
"""Wall seconds that an act waits for its entry to be durable. What stops goes on without."""

REASON_MAX = 500


class ActRefused(RuntimeError):
    """The fund heard the act and will not do it."""


class Unanswered(RuntimeError):
    """The act may or may not have been done: the bus, or the journal, did not answer in time."""


class Caller(msgspec.Struct, frozen=True):
    """Who asks: the public part of a token, its name and its role."""

    token_id: str
    name: str
    role: Role


class Act(msgspec.Struct, frozen=True):
    """What is to be done, and from what to what; `loosens` when it lets risk in again."""

    action: str
    subject: str
    reason: str
    old: str
    new: str
    loosens: bool = False


class Done(msgspec.Struct, frozen=True):
    """An act that the bus has worked off: its entry in the audit, and all that followed from it."""

    audit: int
    audit_durable: bool
    seq: int
    said: list[dict[str, Any]]


async def noted(fund: Fund, caller: Caller, act: Act) -> tuple[int, bool]:
    """Writes down an act that no module has to hear of; gives its entry, and whether it is durable.

    Raises NotLiving and Unanswered.
    """
    entry, durable = await _written_down(fund, caller, act)
    written = entry.event()
    assert isinstance(written, AuditEntry)
    return written.position, durable


async def perform(fund: Fund, caller: Caller, act: Act, command: Event) -> Done:
    """Writes the act down, says the command, and gives what the fund answered.

    Raises NotLiving, ActRefused, and Unanswered.
    """
    entry, durable = await _written_down(fund, caller, act)
    answered = await _said(fund, command)
    said = [each for each in fund.hub.recent(answered.seq - 1) if each.trace == answered.seq]
    for envelope in said:
        _refuse(envelope)
    written = entry.event()
    assert isinstance(written, AuditEntry)
    return Done(written.position, durable, answered.seq, [told(each) for each in said])


async def _written_down(fund: Fund, caller: Caller, act: Act) -> tuple[Envelope, bool]:
    asked = ActionAsked(
        request_id=secret(8),
        actor=caller.name,
        role=caller.role,
        token_id=caller.token_id,
        action=act.action,
        subject=act.subject,
        reason=act.reason,
        old=act.old,
        new=act.new,
        asked_at=Ns(WallClock().now()),
        build=fund.facts.build,
    )
    question = await _said(fund, asked)
    said = fund.hub.recent(question.seq)
    entry = next(
        (each for each in said if each.stream == _ENTRY and each.cause == question.seq), None
    )
    if entry is None:
        raise Unanswered("the audit did not write the act down, so it was not done")
    wait_s = LOOSENING_WAIT_S if act.loosens else STOPPING_WAIT_S
    durable = await holds(fund.life.journal, entry.seq, wait_s)
    if not durable and act.loosens:
        raise Unanswered("the journal cannot keep the act's entry, so it was not done")
    return entry, durable


async def _said(fund: Fund, event: Event) -> Envelope:
    """Offers an input, and gives it back once it and all that follows is worked off."""
    runtime = fund.life.runtime
    stream = stream_of(type(event))
    seen = fund.board.expect(
        lambda heard: heard.stream == stream and heard.source == SOURCE and heard.event() == event
    )
    await runtime.lanes.offer_control(runtime.bus.instant.ns, event, SOURCE)
    try:
        return await asyncio.wait_for(seen, ANSWER_S)
    except TimeoutError:
        raise Unanswered(f"{stream} was offered and not worked off in {ANSWER_S:g} s") from None


def _refuse(envelope: Envelope) -> None:
    """A command that a module will not follow is answered by an alert of that name."""
    if envelope.stream != _ALERT:
        return
    alert = envelope.event()
    if isinstance(alert, AlertRaised) and alert.rule.startswith("command."):
        raise ActRefused(alert.summary)


_ENTRY, _ALERT = stream_of(AuditEntry), stream_of(AlertRaised)
