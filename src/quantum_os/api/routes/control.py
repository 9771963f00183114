"""Routes of what a person may do: stop, go on, leave. None opens a position or passes by risk."""

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import post
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import JSONBody
from litestar.router import Router

from quantum_os.api.acts import REASON_MAX, Act, Done, noted, perform
from quantum_os.api.clearance import Role, needs
from quantum_os.api.confirmations import LASTS_S
from quantum_os.api.fund import Fund
from quantum_os.api.given import Asked, ConfirmationsOf, FundOf, ReloadingOf
from quantum_os.api.reloading import Changed, ConfigRefused
from quantum_os.api.routes.risk import Lock, locks_of
from quantum_os.events.base import Event
from quantum_os.events.commands import CloseCommand, Command, OperatorCommand
from quantum_os.events.execution import VENUE_HALT
from quantum_os.portfolio.ledger import Ledger
from quantum_os.risk.latches import LATCHES, Cause

Reason = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=REASON_MAX, pattern=r"\S", examples=["news at noon"]),
]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]

CLEAR = "clear"
TEXT_MAX = 2_000
"""Characters of a change that its entry in the audit keeps."""


class Why(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it is done; it goes into the audit."""

    reason: Reason


class Leaving(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which position is closed: the `position_id` that /status gives."""

    tradeid: Name
    reason: Reason


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which latch somebody means to open."""

    cause: Name


class Opening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which latch is opened, why, and the word that confirms it."""

    cause: Name
    reason: Reason
    confirm: Word


class Confirmation(msgspec.Struct, frozen=True):
    """The word that confirms one act of this token once, within so many seconds."""

    confirm: str
    action: str
    subject: str
    lasts_s: float


class Acted(msgspec.Struct, frozen=True):
    """What was done: its entry in the audit, what the fund said to it, and the latches since."""

    action: str
    audit: int
    audit_durable: bool
    seq: int
    said: list[dict[str, Any]]
    locks: list[Lock]


class Reloaded(msgspec.Struct, frozen=True):
    """What the configuration file changed, and what of it holds only after a restart."""

    action: str
    audit: int
    audit_durable: bool
    applied: list[Changed]
    needs_restart: list[Changed]


@post(["/pause", "/stop"], status_code=200, opt=needs(Role.TRADER), summary="No new entries")
async def pause(request: Asked, fund: FundOf, data: JSONBody[Why]) -> Acted:
    """Stops new entries. Positions keep their stops and are left as planned."""
    return await _command(request, fund, Command.PAUSE, data.reason)


@post("/flatten", status_code=200, opt=needs(Role.TRADER), summary="Out of everything")
async def flatten(request: Asked, fund: FundOf, data: JSONBody[Why]) -> Acted:
    """Stops entries and leaves every position at the market. Asked twice, it is done once."""
    return await _command(request, fund, Command.FLATTEN, data.reason)


@post("/kill", status_code=200, opt=needs(Role.TRADER), summary="The kill switch")
async def kill(request: Asked, fund: FundOf, data: JSONBody[Why]) -> Acted:
    """Stops entries and leaves everything; stays pulled, over restarts, for 15 minutes at least.

    One call, no confirmation. Asked twice, it is done once.
    """
    return await _command(request, fund, Command.KILL, data.reason)


@post("/start", status_code=200, opt=needs(Role.OPERATOR), summary="End a pause")
async def start(request: Asked, fund: FundOf, data: JSONBody[Why]) -> Acted:
    """Lets entries in again after a pause; no other latch is touched. 409 when none is paused."""
    return await _command(request, fund, Command.RESUME, data.reason)


@post("/forceexit", status_code=200, opt=needs(Role.TRADER), summary="Close one position")
async def forceexit(request: Asked, fund: FundOf, data: JSONBody[Leaving]) -> Acted:
    """Leaves one open position whole at the market, reduce-only."""
    held = fund.module(Ledger).state.positions.values()
    found = next((each for each in held if each.position_id == data.tradeid), None)
    if found is None:
        raise NotFoundException("no such position is open")
    caller = request.user
    command = CloseCommand(found.position_id, caller.name, caller.role, data.reason)
    act = Act("forceexit", found.position_id, data.reason, f"{found.qty} {found.symbol}", "0")
    return await _acted(request, fund, act, command)


@post("/reload_config", status_code=200, opt=needs(Role.OPERATOR), summary="Read the configuration")
async def reload_config(
    request: Asked, fund: FundOf, reloading: ReloadingOf, data: JSONBody[Why]
) -> Reloaded:
    """Reads the configuration file anew and applies what may change while the process runs.

    All of it or nothing: 409 names every error, and the old configuration stays. What needs a
    restart is named and not applied.
    """
    try:
        found = await asyncio.to_thread(reloading.read)
    except ConfigRefused as error:
        act = Act("reload_config", "", data.reason, "", f"refused: {error}"[:TEXT_MAX])
        await noted(fund, request.user, act)
        raise
    old, new = (
        msgspec.json.encode({each.key: getattr(each, side) for each in found.applies}).decode()
        for side in ("old", "new")
    )
    act = Act(
        "reload_config", found.file, data.reason, old[:TEXT_MAX], new[:TEXT_MAX], loosens=True
    )
    audit, durable = await noted(fund, request.user, act)
    reloading.apply(found)
    fund.facts = msgspec.structs.replace(fund.facts, config={**fund.facts.config, **found.shown})
    return Reloaded(act.action, audit, durable, found.applies, found.needs_restart)


@post("/confirmations", status_code=201, opt=needs(Role.OPERATOR), summary="Ask to un-kill")
async def confirmation(
    request: Asked, fund: FundOf, confirmations: ConfirmationsOf, data: JSONBody[Wish]
) -> Confirmation:
    """Gives the word without which /clear opens no latch; it is good once and for a minute."""
    _known(fund, data.cause)
    word = confirmations.give(request.user.token_id, CLEAR, data.cause)
    return Confirmation(word, CLEAR, data.cause, LASTS_S)


@post("/clear", status_code=200, opt=needs(Role.OPERATOR), summary="Open a latch, or un-kill")
async def clear(
    request: Asked, fund: FundOf, confirmations: ConfirmationsOf, data: JSONBody[Opening]
) -> Acted:
    """Opens one closed latch with a reason and a word from /confirmations.

    409 while the latch cools off: nobody can open it before.
    """
    _known(fund, data.cause)
    if not confirmations.redeem(data.confirm, request.user.token_id, CLEAR, data.cause):
        raise ClientException("confirm: ask /confirmations for a word, and use it within a minute")
    return await _command(request, fund, Command.CLEAR, data.reason, data.cause)


async def _command(
    request: Asked, fund: Fund, command: Command, reason: str, argument: str = ""
) -> Acted:
    caller = request.user
    loosens = command in (Command.RESUME, Command.CLEAR)
    old = ", ".join(lock.cause for lock in locks_of(fund)) or "no latch"
    act = Act(command, argument, reason, old, command, loosens=loosens)
    said = OperatorCommand(command, caller.name, caller.role, reason, argument)
    return await _acted(request, fund, act, said)


async def _acted(request: Asked, fund: Fund, act: Act, command: Event) -> Acted:
    done: Done = await perform(fund, request.user, act, command)
    return Acted(
        action=act.action,
        audit=done.audit,
        audit_durable=done.audit_durable,
        seq=done.seq,
        said=done.said,
        locks=locks_of(fund),
    )


def _known(fund: Fund, cause: str) -> None:
    if cause not in set(Cause) and not cause.startswith(VENUE_HALT):
        raise ClientException(f"no latch is called {cause!r}: one of {', '.join(LATCHES)}")
    if cause not in {lock.cause for lock in locks_of(fund)}:
        raise NotFoundException(f"the latch {cause} is not closed")


CONTROL = Router(
    path="/api/v1",
    route_handlers=[pause, flatten, kill, start, forceexit, reload_config, confirmation, clear],
    tags=["control"],
)
