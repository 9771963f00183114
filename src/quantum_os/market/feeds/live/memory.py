"""What an earlier life has told of each venue: nothing is told twice, and nothing left out."""

from collections.abc import Sequence

import msgspec

from quantum_os.events.base import stream_of
from quantum_os.events.market import ExchangeRaw, FeedWatermark, MarketKlines, RawKind
from quantum_os.kernel.journal import Journal

LOOK_BACK = (20_000, 500_000)
"""Events of the journal's end that are looked through; then all of it is."""

_STREAMS = {stream_of(kind) for kind in (MarketKlines, FeedWatermark, ExchangeRaw)}


class Told(msgspec.Struct):
    """The close (ns) of the last bars and of the last watermark told; 0 for none.

    `funding` holds the last stamp (ns) found of each symbol. Of one that has none, nothing was told
    from `since` (ns) on.
    """

    bars: int = 0
    watermark: int = 0
    funding: dict[str, int] = {}
    since: int = 0


def told_before(
    journal: Journal, source: str, venues: Sequence[str], *, has_spoken: bool
) -> dict[str, Told]:
    """Reads the end of the journal for what `source` has told; empty where it never spoke.

    One that has never spoken is not looked for far back.
    """
    found: dict[str, Told] = {}
    for look_back in (*LOOK_BACK, journal.flushed_seq):
        start = max(1, journal.flushed_seq - look_back + 1)
        found = _found(journal, start, source, venues)
        if not has_spoken or start == 1 or all(each.bars for each in found.values()):
            break
    return found


def _found(journal: Journal, start: int, source: str, venues: Sequence[str]) -> dict[str, Told]:
    found = {venue: Told() for venue in venues}
    began = 0
    for envelope in journal.read(start):
        began = began or envelope.ts
        if envelope.source != source or envelope.stream not in _STREAMS:
            continue
        event = envelope.event()
        if isinstance(event, MarketKlines) and event.venue in found:
            told = found[event.venue]
            told.bars = max(told.bars, event.close_time)
        elif isinstance(event, FeedWatermark) and event.venue in found:
            found[event.venue].watermark = max(found[event.venue].watermark, event.time)
        elif (
            isinstance(event, ExchangeRaw)
            and event.kind is RawKind.FUNDING
            and event.venue in found
        ):
            stamps = found[event.venue].funding
            stamps[event.symbol] = max(stamps.get(event.symbol, 0), event.venue_ts)
    for told in found.values():
        # Funding is asked for after its time: what else was heard since then proves nothing.
        told.since = began if told.bars else 0
    return found
