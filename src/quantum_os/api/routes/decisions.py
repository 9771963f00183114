"""Routes of why and why not: decisions per bar, intents, and the whole answer for one symbol."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import msgspec
from litestar import get
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import Parameter
from litestar.router import Router

from quantum_os.api.candidate_ends import ENDINGS, CandidateEnd, end_of
from quantum_os.api.clearance import Role, needs
from quantum_os.api.considerate import ConsiderateJournal, told_in_steps
from quantum_os.api.fund import Fund
from quantum_os.api.given import FundOf
from quantum_os.api.paging import PAGE_USUAL, Before, Limit, cut, in_turns, page_of
from quantum_os.api.sourced import Sourced, provenance
from quantum_os.api.told import plain
from quantum_os.events.ai import DecisionSummary
from quantum_os.execution.conservation import Conservation
from quantum_os.formulas.symbols import unified
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.iso_time import from_iso, iso
from quantum_os.learning.explain.decision_bars import NoAnswer
from quantum_os.learning.explain.trace import trace as traced
from quantum_os.learning.explain.why import why as answered
from quantum_os.storage.recorded_journal import RecordedJournal
from quantum_os.storage.run_book import RunFolderError

T = TypeVar("T")

Symbol = Annotated[str, Parameter(max_length=64, description="BTCUSDT, BTC-USDT or BTC/USDT:USDT.")]
At = Annotated[
    str,
    Parameter(max_length=40, description="A date or time in ISO-8601, UTC unless it names a zone."),
]
Id = Annotated[
    str,
    Parameter(
        max_length=80,
        pattern="^[A-Za-z0-9._:-]+$",
        description="A sequence number, or the id of a decision, intent, order, position or trade.",
    ),
]


class Decision(msgspec.Struct, frozen=True):
    """What was decided for one symbol at one bar close. A HOLD names its gate, value and limit."""

    symbol: str
    disposition: str
    reason: str
    value: float | None
    limit: float | None
    nearest: str
    decision_id: str | None
    report_only: list[str]


class DecisionBar(msgspec.Struct, frozen=True):
    """Every symbol at one bar close."""

    seq: int
    bar_close: str
    decisions: list[Decision]


class Decisions(Sourced, frozen=True, kw_only=True):
    """Decision bars, the latest first."""

    bars: list[DecisionBar]
    next: int | None


class Ends(Sourced, frozen=True, kw_only=True):
    """Ends of candidates, the latest first; one that is not among them may still be in flight."""

    ends: list[CandidateEnd]
    next: int | None


class Intents(Sourced, frozen=True, kw_only=True):
    """The conservation of intents: total = the ends and those in flight; `residual` must be 0."""

    total: int
    filled: int
    refused: int
    expired: int
    superseded: int
    in_flight: int
    residual: int
    items: list[dict[str, Any]]
    next: int | None


@get("/decisions", opt=needs(Role.VIEWER), summary="Decisions per bar")
async def decisions(
    fund: FundOf, limit: Limit = PAGE_USUAL, before: Before = None, symbol: Symbol = ""
) -> Decisions:
    """Lists what was decided at each bar close, for every symbol or for one."""
    name = _named(symbol) if symbol else ""
    found = fund.board.kept("decision.summary")
    shown, following = cut(found, limit, before, lambda each: each.seq)
    known = provenance(fund, "ai.decision", "decision.summary")
    bars = await in_turns(lambda each: _bar(each, name), shown)
    return Decisions(**known, bars=bars, next=following)


@get("/decisions/ends", opt=needs(Role.VIEWER), summary="How candidates ended")
async def ends(fund: FundOf, limit: Limit = PAGE_USUAL, before: Before = None) -> Ends:
    """Tells in one word per decision id what came of it; /why tells the whole of it."""
    shown, following = cut(fund.board.kept(*ENDINGS), limit, before, lambda each: each.seq)
    known = provenance(fund, "execution.conservation", *ENDINGS)
    return Ends(**known, ends=await in_turns(end_of, shown), next=following)


@get("/intents", opt=needs(Role.VIEWER), summary="Intents and their ends")
async def intents(fund: FundOf, limit: Limit = PAGE_USUAL, before: Before = None) -> Intents:
    """Lists intents, permits, refusals and results; the counts hold for the whole home."""
    counts = fund.module(Conservation).counts
    streams = ("trade.intent", "risk.permit", "risk.refusal", "execution.result")
    page = await page_of(fund, "execution.conservation", fund.board.kept(*streams), limit, before)
    return Intents(
        source=page.source,
        as_of=page.as_of,
        heard_at=page.heard_at,
        stale=page.stale,
        **msgspec.structs.asdict(counts),
        items=page.items,
        next=page.next,
    )


@get("/why", opt=needs(Role.VIEWER), summary="Why, or why not")
async def why(fund: FundOf, symbol: Symbol, at: At) -> dict[str, Any]:
    """Says why a symbol was traded or not at a time: one outcome, its gate, value and limit."""
    try:
        moment = from_iso(at)
    except ValueError as error:
        raise ClientException(str(error)) from error
    name = _named(symbol)
    return await from_record(fund, lambda recorded: plain(answered(recorded, name, moment)))


@get("/trace/{number:str}", opt=needs(Role.VIEWER), summary="What led to what")
async def trace(fund: FundOf, number: Id) -> dict[str, Any]:
    """Gives the chain behind an id, from the bars to the closed trade, in words and whole."""
    return await from_record(fund, lambda recorded: told_in_steps(traced(recorded, number)))


async def from_record(fund: Fund, ask: Callable[[RecordedJournal], T]) -> T:
    """Asks the home's journal in a thread of its own that rests: a long answer holds up nobody."""

    def asked() -> T:
        with ConsiderateJournal(fund.facts.home.folder) as recorded:
            return ask(recorded)

    try:
        return await asyncio.to_thread(asked)
    except (NoAnswer, RunFolderError) as error:
        raise NotFoundException(str(error)) from error


def _named(symbol: str) -> str:
    try:
        return unified(symbol)
    except ValueError as error:
        raise ClientException(str(error)) from error


def _bar(envelope: Envelope, symbol: str) -> DecisionBar:
    summary = envelope.event()
    assert isinstance(summary, DecisionSummary)
    rows = [
        Decision(
            symbol=name,
            disposition=summary.disposition[row],
            reason=summary.reason[row],
            value=summary.value[row],
            limit=summary.limit[row],
            nearest=summary.nearest[row],
            decision_id=summary.decision_id[row],
            report_only=list(summary.report_only[row]),
        )
        for row, name in enumerate(summary.symbols)
        if symbol in ("", name)
    ]
    return DecisionBar(envelope.seq, iso(summary.bar_close), rows)


DECISIONS = Router(
    path="/api/v1", route_handlers=[decisions, ends, intents, why, trace], tags=["decisions"]
)
