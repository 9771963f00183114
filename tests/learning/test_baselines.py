"""A run is held against symbols drawn by lot, against its rules and against holding."""

from pathlib import Path

import msgspec
import pytest

from quantum_os.events.units import NS_PER_DAY, Ns, PositionSide
from quantum_os.learning.baselines import baselines_of, vs_hold, vs_random, vs_rules
from quantum_os.learning.report.document import report_of
from quantum_os.learning.report.evidence import Bars, Evidence
from quantum_os.learning.report.gathering import STREAMS, gather
from quantum_os.learning.report.page.baseline_section import baseline_section
from quantum_os.learning.report.sample import sample_of
from quantum_os.learning.rules_beside import keep_rules, rules_beside
from quantum_os.storage.recorded import open_recorded
from tests.learning.report.book import BTC, DAY_0, bars, count, evidence, facts, fill, life
from tests.learning.training.recipes import POLICY

ETH, SOL = "ETH/USDT:USDT", "SOL/USDT:USDT"
DAYS = 40
REACH = 0.01


def drifting(step: float) -> Bars:
    """A day up or down by hours, and back over night, so that every morning is like the last."""
    hours = [100.0 + step * min(hour + 1, 23 - hour) for hour in range(24)]
    return bars(hours * (DAYS + 4))


def chosen(symbol: str, side: PositionSide = PositionSide.LONG) -> Evidence:
    """One entry each midnight, while BTC rises every morning, ETH falls and SOL stands."""
    made = evidence([10.0] * DAYS)
    policy = msgspec.structs.replace(made.policies[0].policy, decision=POLICY)
    made.policies = [msgspec.structs.replace(made.policies[0], policy=policy)]
    made.bars = {BTC: drifting(1.0), ETH: drifting(-1.0), SOL: drifting(0.0)}
    for place, old in enumerate(made.lives):
        close = Ns((DAY_0 + place) * NS_PER_DAY)
        made.reach[close] = {BTC: REACH, ETH: REACH, SOL: REACH}
        closed = msgspec.structs.replace(old.trade, symbol=symbol, side=side, bar_close=close)
        made.lives[place] = life(closed, fill("100", "10", fee="1"))
    return made


def test_who_chooses_the_symbol_that_rises_adds_what_the_others_lack() -> None:
    run = chosen(BTC)
    told = vs_random(run, sample_of(run, 0), 0)
    assert told.trades == DAYS
    assert told.run_r is not None
    assert told.random_r is not None
    assert told.run_r > told.random_r
    assert told.interval is not None
    assert told.interval[0] > 0
    assert told.as_much is not None
    assert told.as_much < 0.01


def test_who_chooses_the_one_that_falls_is_beaten_by_every_lot() -> None:
    """And to sell it is as good as to buy the other: sides are matched."""
    run = chosen(ETH)
    told = vs_random(run, sample_of(run, 0), 0)
    assert told.difference is not None
    assert told.difference < 0
    assert told.as_much == pytest.approx(1.0)
    sold = chosen(ETH, PositionSide.SHORT)
    added = vs_random(sold, sample_of(sold, 0), 0).difference
    assert added is not None
    assert added > 0


def test_an_entry_without_another_symbol_is_left_out() -> None:
    run = chosen(BTC)
    for close in list(run.reach)[:10]:
        run.reach[close] = {BTC: REACH}
    told = vs_random(run, sample_of(run, 0), 0)
    assert (told.trades, told.left_out) == (DAYS - 10, 10)
    nothing = evidence([5.0] * 3)
    told = vs_random(nothing, sample_of(nothing, 0), 0)
    assert (told.trades, told.left_out, told.difference) == (0, 3, None)
    assert told.reason


def test_holding_is_compared_day_by_day() -> None:
    """The book's BTC rises by an hour's step; a run that earns nothing lags by just that."""
    run = evidence([0.0] * 30)
    told = vs_hold(run, (BTC,), sample_of(run, 0), 0)
    assert told.days == 30
    assert told.mean is not None
    assert told.mean < 0
    assert told.interval is not None
    assert told.interval[1] < 0
    unknown = vs_hold(run, ("NONE/USDT:USDT",), sample_of(run, 0), 0)
    assert unknown.mean is None
    assert "no bar" in unknown.reason


def test_rules_are_compared_day_by_day_and_kept(tmp_path: Path) -> None:
    run, rules = evidence([30.0, -10.0] * 15), evidence([10.0, -10.0] * 15)
    told = vs_rules(sample_of(run, 0), rules, sample_of(rules, 0), 0)
    assert told.trades == 30
    assert told.net == 0.0
    assert told.days.mean is not None
    assert told.days.mean > 0
    assert rules_beside(tmp_path) is None
    keep_rules(tmp_path, told)
    assert rules_beside(tmp_path) == told


def test_the_page_shows_each_and_says_what_is_missing() -> None:
    run = chosen(BTC)
    rules = vs_rules(sample_of(run, 0), run, sample_of(run, 0), 0)
    with_rules = baseline_section(report_of(run, facts(run), count(), rules))
    assert "symbols drawn by lot" in with_rules
    assert "its rules alone" in with_rules
    assert "bought and held" in with_rules
    assert "its rules alone" not in baseline_section(report_of(run, facts(run), count()))


def test_the_same_recording_gives_the_same_baselines() -> None:
    run = chosen(SOL)
    both = [baselines_of(run, (BTC,), sample_of(run, 3), 3, None) for _ in range(2)]
    assert both[0] == both[1]


def test_a_recorded_run_can_be_compared(recorded_run: Path) -> None:
    """A recording as it is: every closed trade is compared, or counted as left out."""
    with open_recorded(recorded_run) as recorded:
        gathered = gather(recorded.events(*STREAMS))
    told = vs_random(gathered, sample_of(gathered, 0), 0)
    assert told.trades + told.left_out == len(gathered.lives)
    assert told.trades > 0
    assert all(len(known) > 1 for known in gathered.reach.values())
