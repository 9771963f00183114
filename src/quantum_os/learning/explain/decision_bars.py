"""Which decision a time belongs to: the one at the close of the bar that covers it."""

from collections.abc import Iterator
from difflib import get_close_matches

import msgspec

from quantum_os.events.ai import DecisionSummary
from quantum_os.events.governance import UniverseUpdated
from quantum_os.events.market import MarketData
from quantum_os.formulas.timeframes import timeframe_ns
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.iso_time import iso
from quantum_os.storage.recorded import Recorded

NAMES_SHOWN = 5
"""Symbols named when the one that was asked for is not there."""

_AFTER_ALL = 2**62
"""A number, or a time in ns, that comes after every other."""


class NoAnswer(ValueError):
    """A question that the record cannot answer; one line says why and what can be asked."""


class DecisionBar(msgspec.Struct, frozen=True):
    """A decision bar by its times in ns; `asked` lies in (open, close]."""

    asked: int
    open: int
    close: int
    timeframe: str

    @property
    def is_inside(self) -> bool:
        """Says whether the time that was asked for is not the close itself."""
        return self.asked != self.close


class Decided(msgspec.Struct, frozen=True):
    """The summary of one decision bar, and the row of one symbol in it."""

    bar: DecisionBar
    envelope: Envelope
    summary: DecisionSummary
    row: int


def decided_at(recorded: Recorded, symbol: str, asked: int) -> Decided:
    """Finds the decision on a symbol at the close of the bar that covers a time; raises NoAnswer.

    Law 8 is held to on the way: one summary per bar, one row per symbol, else the record is wrong.
    """
    bar = bar_of(recorded, asked)
    found = [
        (envelope, summary)
        for envelope, summary in _summaries(recorded, bar.close, 2 * bar.close - bar.open)
        if summary.bar_close == bar.close
    ]
    if len(found) != 1:
        raise NoAnswer(_not_one(recorded, bar, len(found)))
    envelope, summary = found[0]
    rows = [row for row, name in enumerate(summary.symbols) if name == symbol]
    if not rows:
        raise NoAnswer(_not_there(recorded, symbol, envelope.seq, summary))
    if len(rows) > 1:
        times = f"{len(rows)} dispositions of {symbol} at {iso(bar.close)}"
        raise NoAnswer(f"the record is wrong: {times}, not one")
    return Decided(bar, envelope, summary, rows[0])


def bar_of(recorded: Recorded, asked: int) -> DecisionBar:
    """Gives the decision bar that closes at a time or covers it; NoAnswer outside the record."""
    first = next(recorded.events("decision.summary"), None)
    last = recorded.latest("decision.summary", _AFTER_ALL)
    if first is None or last is None:
        raise NoAnswer(f"{recorded.folder}: nothing was decided in it yet")
    begins, ends = _bar_close(first), _bar_close(last)
    timeframe = _timeframe(recorded, asked)
    length = timeframe_ns(timeframe)
    close = -(-asked // length) * length
    if not begins <= close <= ends:
        raise NoAnswer(
            f"{iso(asked)} is outside the record of {recorded.folder}, in which decisions were "
            f"made from {iso(begins)} to {iso(ends)}"
        )
    return DecisionBar(asked, close - length, close, timeframe)


def _summaries(
    recorded: Recorded, start: int, end: int
) -> Iterator[tuple[Envelope, DecisionSummary]]:
    for envelope in recorded.events("decision.summary", start_ts=start, end_ts=end):
        event = envelope.event()
        if isinstance(event, DecisionSummary):
            yield envelope, event


def _bar_close(envelope: Envelope) -> int:
    event = envelope.event()
    return event.bar_close if isinstance(event, DecisionSummary) else envelope.ts


def _timeframe(recorded: Recorded, asked: int) -> str:
    """Reads the decision timeframe off the next cross-section, or off the last there is."""
    envelope = next(recorded.events("market_data", start_ts=asked), None)
    envelope = envelope or recorded.latest("market_data", _AFTER_ALL)
    event = None if envelope is None else envelope.event()
    if not isinstance(event, MarketData):
        raise NoAnswer(f"{recorded.folder}: no cross-section of the market is in it")
    return event.timeframe


def _not_one(recorded: Recorded, bar: DecisionBar, found: int) -> str:
    when = iso(bar.close)
    if found:
        return f"the record is wrong: {found} decisions at {when}, not one"
    later = next(_summaries(recorded, bar.close, _AFTER_ALL), None)
    then = "" if later is None else f"; the next decision is at {iso(later[1].bar_close)}"
    return f"nothing was decided at {when}: the market gave no bar that closed there{then}"


def _not_there(recorded: Recorded, symbol: str, before: int, summary: DecisionSummary) -> str:
    universe = recorded.latest("universe.updated", before)
    event = None if universe is None else universe.event()
    entered = (*event.symbols, *event.close_only) if isinstance(event, UniverseUpdated) else ()
    if symbol in entered:
        when = iso(summary.bar_close)
        return f"the record is wrong: no disposition of {symbol} at {when}, although it was traded"
    names = list(dict.fromkeys([*entered, *summary.symbols]))
    bases = {name.partition("/")[0]: name for name in names}
    near = get_close_matches(symbol.partition("/")[0], bases, NAMES_SHOWN)
    if near:
        listed = " or ".join(bases[base] for base in near)
        return f"{symbol} is not in the universe of this run; did you mean {listed}?"
    more = len(names) - NAMES_SHOWN
    rest = f" and {more} more" if more > 0 else ""
    shown = ", ".join(names[:NAMES_SHOWN])
    return f"{symbol} is not in the universe of this run, which is {shown}{rest}"
