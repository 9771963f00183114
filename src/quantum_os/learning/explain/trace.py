"""What led to what: the chain behind an id, from the bars to the closed trade."""

import msgspec

from quantum_os.events.ai import AiDecisionMade
from quantum_os.events.base import Event
from quantum_os.kernel.iso_time import iso
from quantum_os.learning.explain.decision_bars import NoAnswer, decided_at
from quantum_os.learning.explain.ends import EndedTwice, end_of
from quantum_os.learning.explain.event_words import details_of, said_of
from quantum_os.learning.explain.lineage import (
    FOLLOWERS_MAX,
    followed,
    led_to,
    roots_of,
    with_causes,
)
from quantum_os.learning.explain.naming import decision_behind, named
from quantum_os.learning.explain.story import Told, ids_of, life_of
from quantum_os.storage.recorded import Recorded


class Step(msgspec.Struct, frozen=True):
    """One event of the chain: its place in the record, in words, and whole.

    `is_asked` marks the event that the id led to.
    """

    seq: int
    time: str
    cause: int
    trace: int
    source: str
    stream: str
    said: str
    details: tuple[str, ...]
    is_asked: bool
    event: Event


class Trace(msgspec.Struct, frozen=True):
    """The chain in the order in which it happened.

    `decision_id` and `disposition` are None where no decision led to the event; `left_out` counts
    events that followed and are not shown.
    """

    run: str
    asked: str
    seq: int
    stream: str
    symbol: str | None
    decision_id: str | None
    disposition: str | None
    ids: dict[str, str]
    left_out: int
    steps: tuple[Step, ...]


def trace(recorded: Recorded, text: str) -> Trace:
    """Gives the chain behind an id or a seq; raises NoAnswer, RunFolderError."""
    asked = named(recorded, text)
    decision_id = decision_behind(recorded, asked)
    if decision_id is not None:
        return _of_decision(recorded, text, asked, decision_id)
    symbol = getattr(asked.event, "symbol", None)
    position_id = ids_of(asked.event).get("position_id")
    if position_id is not None and symbol is not None:
        # A position that we found at the venue: nobody decided it.
        life = list(life_of(recorded, symbol, {position_id}, asked.envelope.ts))
        return _told(recorded, text, asked, symbol, with_causes(recorded, (), life))
    before = [Told(envelope, envelope.event()) for envelope in led_to(recorded, asked.envelope)]
    after = [
        Told(envelope, envelope.event()) for envelope in followed(recorded, asked.envelope.seq)
    ]
    shown = [*before, *after[:FOLLOWERS_MAX]]
    found = _told(recorded, text, asked, symbol, shown)
    return msgspec.structs.replace(found, left_out=max(0, len(after) - FOLLOWERS_MAX))


def _of_decision(recorded: Recorded, text: str, asked: Told, decision_id: str) -> Trace:
    decision = next(
        (
            event
            for envelope in recorded.mentioning(decision_id, "ai.decision.made")
            if isinstance(event := envelope.event(), AiDecisionMade)
            and event.decision_id == decision_id
        ),
        None,
    )
    if decision is None:
        raise NoAnswer(f"the record does not reach back to decision {decision_id}")
    decided = decided_at(recorded, decision.symbol, decision.bar_close)
    start = decided.envelope.ts
    life = list(life_of(recorded, decision.symbol, {decision_id}, start))
    whole = with_causes(recorded, roots_of(recorded, decided), life)
    chain = _told(recorded, text, asked, decision.symbol, whole)
    try:
        end = end_of(life)
    except EndedTwice as error:
        raise NoAnswer(f"the record is wrong: decision {decision_id} {error}") from error
    return msgspec.structs.replace(chain, decision_id=decision_id, disposition=end.ended.value)


def _told(
    recorded: Recorded, text: str, asked: Told, symbol: str | None, chain: list[Told]
) -> Trace:
    ids: dict[str, str] = {}
    for told in chain:
        for kind, value in ids_of(told.event).items():
            ids.setdefault(kind, value)
    return Trace(
        run=str(recorded.folder),
        asked=text,
        seq=asked.envelope.seq,
        stream=asked.envelope.stream,
        symbol=symbol,
        decision_id=None,
        disposition=None,
        ids=ids,
        left_out=0,
        steps=tuple(_step(told, symbol, asked.envelope.seq) for told in chain),
    )


def _step(told: Told, symbol: str | None, asked: int) -> Step:
    envelope = told.envelope
    return Step(
        seq=envelope.seq,
        time=iso(envelope.ts),
        cause=envelope.cause,
        trace=envelope.trace,
        source=envelope.source,
        stream=envelope.stream,
        said=said_of(told.event, symbol),
        details=tuple(details_of(told.event, symbol)),
        is_asked=envelope.seq == asked,
        event=told.event,
    )
