"""Funding is told once it was paid, each stamp once, with the length of its interval."""

from quantum_os.events.units import NS_PER_HOUR, NS_PER_S, Ns
from quantum_os.market.feeds.live.funding_watch import ASK_AFTER_NS, ASK_AGAIN_NS, FundingWatch
from quantum_os.market.feeds.live.heard import Reference
from quantum_os.market.feeds.live.history import Stamp

BTC = "BTC/USDT:USDT"
H = NS_PER_HOUR
DAY = 20_000 * 24 * H


def watch(told: int = DAY) -> FundingWatch:
    return FundingWatch((BTC,), {}, told)


def test_a_forecast_is_never_told_and_what_was_paid_is_asked_for_when_it_is_due() -> None:
    funding = watch()
    funding.hears(Reference(BTC, Ns(DAY), funding_rate=0.01, next_funding=Ns(DAY + 8 * H)))
    assert funding.told() == []
    assert funding.due(DAY + 8 * H) == ()
    late = DAY + 8 * H + ASK_AFTER_NS
    funding.hears(Reference(BTC, Ns(late), funding_rate=0.02, next_funding=Ns(DAY + 16 * H)))
    assert funding.due(late) == (BTC,), "also when the stream already speaks of the next one"
    assert funding.due(late + NS_PER_S) == ()
    assert funding.due(late + ASK_AGAIN_NS) == (BTC,)
    funding.takes(BTC, [Stamp(Ns(DAY + 8 * H + 4_000_000), 0.0001)], late)
    (paid,) = funding.told()
    assert (paid.time, paid.rate, paid.interval_h) == (DAY + 8 * H, 0.0001, 8.0)
    assert paid.following == DAY + 16 * H
    assert funding.told() == []
    assert funding.due(late + 2 * ASK_AGAIN_NS) == ()


def test_an_interval_that_is_made_shorter_ends_at_its_new_end() -> None:
    funding = watch()
    funding.hears(Reference(BTC, Ns(DAY), next_funding=Ns(DAY + 8 * H)))
    funding.hears(Reference(BTC, Ns(DAY + H), next_funding=Ns(DAY + 4 * H)))
    late = DAY + 4 * H + ASK_AFTER_NS
    funding.hears(Reference(BTC, Ns(late), next_funding=Ns(DAY + 8 * H)))
    assert funding.due(late) == (BTC,)
    funding.takes(BTC, [Stamp(Ns(DAY + 4 * H), 0.0001)], late)
    funding.hears(Reference(BTC, Ns(late), next_funding=Ns(DAY + 8 * H)))
    assert funding.due(late + ASK_AGAIN_NS) == ()
    assert funding.due(DAY + 8 * H + ASK_AFTER_NS) == (BTC,)


def test_a_stamp_that_was_told_is_not_told_again() -> None:
    funding = watch()
    stamps = [Stamp(Ns(DAY + n * 8 * H), 0.0001) for n in range(4)]
    funding.takes(BTC, stamps, DAY + 25 * H)
    assert [paid.time for paid in funding.told()] == [DAY + n * 8 * H for n in range(1, 4)]
    funding.takes(BTC, stamps, DAY + 25 * H)
    assert funding.told() == []
    assert funding.fetch_from(BTC) == DAY + 24 * H + 1


def test_an_interval_that_no_exchange_has_is_unknown() -> None:
    funding = watch(DAY + H // 2)
    funding.takes(BTC, [Stamp(Ns(DAY + 5 * H), 0.0001)], DAY + 6 * H)
    (paid,) = funding.told()
    assert (paid.interval_h, paid.following) == (None, None)


def test_what_fell_due_between_the_first_look_and_the_first_word_is_asked_for() -> None:
    due = DAY + 8 * H
    funding = watch()
    funding.takes(BTC, [], due - 2 * NS_PER_S)
    funding.hears(Reference(BTC, Ns(due + NS_PER_S), next_funding=Ns(due + 8 * H)))
    assert funding.due(due + NS_PER_S) == ()
    assert funding.due(due + ASK_AFTER_NS) == (BTC,)
    funding.takes(BTC, [Stamp(Ns(due), 0.0001)], due + ASK_AFTER_NS)
    assert [paid.time for paid in funding.told()] == [due]
    assert funding.due(due + ASK_AFTER_NS + ASK_AGAIN_NS) == ()


def test_a_silence_over_a_minute_is_asked_about_once_and_a_short_one_never() -> None:
    minute = DAY + H
    funding = watch()
    funding.takes(BTC, [], minute - 30 * NS_PER_S)

    def heard(after: int) -> None:
        ts = Ns(minute + after * NS_PER_S)
        funding.hears(Reference(BTC, ts, next_funding=Ns(DAY + 8 * H)))

    heard(-9)
    heard(2)
    assert funding.due(minute + ASK_AFTER_NS) == (), "it would have been announced by then"
    heard(49)
    heard(62)
    assert funding.due(minute + 62 * NS_PER_S) == ()
    assert funding.due(minute + 63 * NS_PER_S) == (BTC,)
    funding.takes(BTC, [], minute + 63 * NS_PER_S)
    assert funding.due(minute + 90 * NS_PER_S) == (), "nothing was paid, and that is known now"
