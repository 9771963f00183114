"""A life that begins again tells what the one before it had not come to, and nothing twice."""

from collections.abc import Iterable

from quantum_os.events.base import Event, stream_of
from quantum_os.events.market import ExchangeRaw, FeedWatermark, MarketKlines, RawKind
from quantum_os.events.system import TimerFired
from quantum_os.events.units import NS_PER_HOUR, NS_PER_MINUTE, NS_PER_S, Ns
from quantum_os.kernel.envelope import Envelope, encode_event
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.market.feeds.live.memory import told_before

FEED, VENUE, BTC, ETH = "market.feeds.live", "binance", "BTC/USDT:USDT", "ETH/USDT:USDT"
EIGHT = 8 * NS_PER_HOUR


def bars(close: int) -> MarketKlines:
    one = (1.0,)
    opened = Ns(close - NS_PER_MINUTE)
    return MarketKlines(VENUE, "1m", opened, Ns(close), (BTC,), one, one, one, one, one)


def paid(symbol: str, at: int) -> ExchangeRaw:
    return ExchangeRaw(VENUE, symbol, RawKind.FUNDING, Ns(at), 0.0001)


def journal(rows: Iterable[tuple[int, str, Event]], first_seq: int = 7_000) -> MemoryJournal:
    kept = MemoryJournal()
    for seq, (ts, source, event) in enumerate(rows, first_seq):
        stream = stream_of(type(event))
        kept.append(Envelope(seq, ts, 0, seq, source, stream, encode_event(event), 0))
    return kept


def test_funding_that_was_due_and_not_asked_for_is_still_to_be_told() -> None:
    """The process died three seconds after the payment, when it had heard much else."""
    died = EIGHT + 2 * NS_PER_S
    past = journal(
        [
            (EIGHT - NS_PER_HOUR, FEED, paid(BTC, 0)),
            (EIGHT, FEED, bars(EIGHT)),
            (died, "kernel.timers", TimerFired("a", Ns(died))),
        ]
    )
    told = told_before(past, FEED, (VENUE,), has_spoken=True)[VENUE]
    assert told.bars == EIGHT
    assert told.funding == {BTC: 0}
    assert told.since < EIGHT, "the payment of ETH at eight o'clock is not told"


def test_a_life_that_told_no_bars_is_none() -> None:
    past = journal([(EIGHT, FEED, FeedWatermark(VENUE, Ns(EIGHT)))])
    assert told_before(past, FEED, (VENUE,), has_spoken=True)[VENUE].since == 0


def test_what_others_have_told_counts_for_nothing() -> None:
    past = journal([(EIGHT, "market.feeds.tape", bars(EIGHT)), (EIGHT, "tape", paid(ETH, 1))])
    told = told_before(past, FEED, (VENUE,), has_spoken=False)[VENUE]
    assert (told.bars, told.funding, told.since) == (0, {}, 0)
