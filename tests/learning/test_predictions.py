"""A probability meets its own outcome: joined by voter, symbol, side and bar, once each."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from quantum_os.events.ai import AiSignalGenerated, SignalResolved, VoteColumns
from quantum_os.events.base import Event, stream_of
from quantum_os.events.units import NS_PER_HOUR, Ns, PositionSide, Regime
from quantum_os.kernel.envelope import Envelope, encode_event
from quantum_os.learning.predictions import DECISION, SLACK_NS, STREAMS, Met, Predictions
from quantum_os.storage.recorded import open_recorded

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
HORIZON_H = 36


def signal(hour: int, **ps: float | None) -> AiSignalGenerated:
    """One symbol, on which every named voter is long; the pooled probability is .6."""
    votes = tuple(VoteColumns(name, "1", (LONG,), (p,), (0.5,)) for name, p in ps.items())
    return AiSignalGenerated(
        signal_id=str(hour),
        bar_close=Ns(hour * NS_PER_HOUR),
        horizon_h=HORIZON_H,
        symbols=("A",),
        q_long=(0.6,),
        q_short=(None,),
        e_net=(0.0,),
        cost_r=(0.0,),
        confidence=(0.5,),
        side=(LONG if ps else None,),
        strategy=(None,),
        regime=(Regime.UNKNOWN,),
        status=("",),
        voters=votes,
        feature_hash="",
        gain_r=(1.02,),
        loss_r=(-0.95,),
    )


def resolved(voter: str, hour: int, *, won: bool, side: PositionSide = LONG) -> SignalResolved:
    bar, at = Ns(hour * NS_PER_HOUR), Ns((hour + 1) * NS_PER_HOUR)
    return SignalResolved(voter, "A", side, bar, at, won, 1.5 if won else -1.0, "target")


def heard(events: Iterable[Event]) -> Predictions:
    found = Predictions()
    for seq, event in enumerate(events, 1):
        stream = stream_of(type(event))
        found.hear(Envelope(seq, seq, 0, seq, "test", stream, encode_event(event), 0))
    return found


def test_a_vote_meets_its_own_outcome_and_the_decision_meets_it_once() -> None:
    found = heard(
        [
            signal(1, trend=0.4, breakout=None),
            signal(2, trend=0.7),
            resolved("trend", 1, won=True),
            resolved("breakout", 1, won=True),
        ]
    )
    assert list(found.met) == [
        Met("trend", LONG, 0.4, True, 1.5, "target", "A"),
        Met(DECISION, LONG, 0.6, True, 1.5, "target", "A"),
        Met("breakout", LONG, None, True, 1.5, "target", "A"),
    ]
    assert (found.since, found.until) == (NS_PER_HOUR, 2 * NS_PER_HOUR)


def test_an_outcome_on_the_other_side_says_nothing_of_the_decision() -> None:
    found = heard([signal(1, trend=0.4), resolved("trend", 1, won=False, side=SHORT)])
    assert list(found.met) == [Met("trend", SHORT, None, False, -1.0, "target", "A")]


def test_an_outcome_whose_signal_is_not_kept_has_no_probability() -> None:
    assert [each.p for each in heard([resolved("trend", 1, won=True)]).met] == [None]


@pytest.mark.parametrize(("late_h", "p"), [(0, 0.4), (1, None)])
def test_bars_are_forgotten_once_nothing_can_come_of_them(late_h: int, p: float | None) -> None:
    """Without this a process that lives for a year would keep every bar of it."""
    last = 1 + HORIZON_H + SLACK_NS // NS_PER_HOUR + late_h
    found = heard([signal(1, trend=0.4), signal(last), resolved("trend", 1, won=True)])
    assert found.met[0].p == p


def test_a_recorded_run_is_joined_as_by_looking_each_one_up(recorded_run: Path) -> None:
    with open_recorded(recorded_run) as recorded:
        events = [envelope.event() for envelope in recorded.events(*STREAMS)]
        found = Predictions()
        for envelope in recorded.events(*STREAMS):
            found.hear(envelope)
    signals = {each.bar_close: each for each in events if isinstance(each, AiSignalGenerated)}
    slow: list[tuple[str, float | None, bool]] = []
    decided: dict[tuple[int, str], tuple[str, float | None, bool]] = {}
    for event in events:
        if isinstance(event, SignalResolved):
            said = signals[event.bar_close]
            row = said.symbols.index(event.symbol)
            votes = next(each for each in said.voters if each.voter == event.voter)
            slow.append((event.voter, votes.p[row], event.won))
            if said.side[row] is event.side:
                q = (said.q_long if event.side is LONG else said.q_short)[row]
                decided.setdefault((event.bar_close, event.symbol), (DECISION, q, event.won))
    assert len(slow) > 20
    assert len(decided) > 10
    assert Counter((each.who, each.p, each.won) for each in found.met) == Counter(
        [*slow, *decided.values()]
    )
