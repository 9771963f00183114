"""What led to an event, and what followed from it: by cause, and where that ends, by content."""

from collections.abc import Iterable, Iterator, Sequence

from quantum_os.events.ai import MetaRegime
from quantum_os.events.market import MarketCandle, MarketData, MarketFlagged
from quantum_os.kernel.envelope import Envelope
from quantum_os.learning.explain.decision_bars import Decided
from quantum_os.learning.explain.scene import Said, Scene, scene_of
from quantum_os.learning.explain.story import Told
from quantum_os.storage.recorded import Recorded

FOLLOWERS_MAX = 200
"""Events told of what followed from one event; a bar close leads to hundreds."""


def led_to(recorded: Recorded, envelope: Envelope) -> list[Envelope]:
    """Gives the chain of causes of an event from its input on, the event itself last."""
    chain = [envelope]
    while chain[-1].cause:
        cause = recorded.event(chain[-1].cause)
        if cause is None:
            break
        chain.append(cause)
    return chain[::-1]


def with_causes(recorded: Recorded, roots: Iterable[Told], life: Sequence[Told]) -> list[Told]:
    """Joins a life to its roots, with what led to each of its events: the price behind a fill."""
    found = {told.envelope.seq: told for told in (*roots, *life)}
    for told in life:
        envelope: Envelope | None = told.envelope
        while envelope is not None and envelope.cause and envelope.cause not in found:
            envelope = recorded.event(envelope.cause)
            if envelope is not None:
                found[envelope.seq] = Told(envelope, envelope.event())
    return [found[seq] for seq in sorted(found)]


def followed(recorded: Recorded, seq: int) -> Iterator[Envelope]:
    """Gives what followed from an event within its cascade, in order."""
    waiting = list(recorded.caused_by(seq))
    while waiting:
        envelope = waiting.pop(0)
        yield envelope
        waiting = sorted([*waiting, *recorded.caused_by(envelope.seq)], key=lambda each: each.seq)


def roots_of(recorded: Recorded, decided: Decided) -> list[Told]:
    """Gives what a decision came from: bars, candle, cross-section, features, regime, signal.

    Bars and candle are joined to the cross-section by their time: they were said before the
    watermark that closed it. Policy and regime are the last that were said.
    """
    scene = scene_of(recorded, decided)
    found = led_to(recorded, decided.envelope)
    if scene.market is not None:
        found += led_to(recorded, scene.market.envelope)
        found += _candle(recorded, scene.market, scene.symbol)
    found += [said.envelope for said in (scene.policy, scene.universe) if said is not None]
    found += _last_of_symbol(recorded, scene)
    return [Told(envelope, envelope.event()) for envelope in found]


def _candle(recorded: Recorded, market: Said[MarketData], symbol: str) -> list[Envelope]:
    """Gives the candle of the cross-section's bar and the bars it came from."""
    event = market.event
    for envelope in recorded.events(
        "market.candle", start_ts=event.bar_close, end_ts=market.envelope.ts
    ):
        candle = envelope.event()
        if (
            isinstance(candle, MarketCandle)
            and (candle.venue, candle.timeframe) == (event.venue, event.timeframe)
            and candle.close_time == event.bar_close
            and symbol in candle.symbols
        ):
            return led_to(recorded, envelope)
    return []


def _last_of_symbol(recorded: Recorded, scene: Scene) -> list[Envelope]:
    """Gives the last word on the symbol's regime, and on its flags where it has any."""
    before, mark = scene.signal.envelope.seq, scene.symbol.encode()
    last: dict[str, Envelope] = {}
    streams = ("meta.regime", "market.flagged")
    for envelope in recorded.events(*streams, end_ts=scene.signal.envelope.ts):
        if envelope.seq < before and mark in envelope.payload:
            event = envelope.event()
            if isinstance(event, MetaRegime | MarketFlagged) and event.symbol == scene.symbol:
                last[envelope.stream] = envelope
    flagged = last.get("market.flagged")
    if flagged is not None:
        event = flagged.event()
        if isinstance(event, MarketFlagged) and not event.flags:
            del last["market.flagged"]
    return list(last.values())
