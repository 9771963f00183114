"""Whoever watches sees what is real: that prices are made up, positions, stops, reasons."""

from io import StringIO

import pytest
from rich.console import Console

from quantum_os.cli.backtesting import timers_of
from quantum_os.cli.deeds import Deeds
from quantum_os.cli.live_view import LiveView, Watched
from quantum_os.cli.progress_lines import ProgressLines
from quantum_os.cli.standing import held_back, standing_of
from quantum_os.events.ai import DecisionSummary, Disposition
from quantum_os.events.units import NS_PER_DAY, NS_PER_HOUR
from quantum_os.kernel.clock import ReplayClock
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.kernel.runtime import Runtime
from quantum_os.market.feeds.synthetic import START_NS
from tests.laws.scenario import Recorded, Scenario, play, until

ENDS = START_NS + int(1.5 * NS_PER_DAY)


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    """A day and a half: positions are open when it is looked at."""

    run = play(Scenario(), bent=lambda frames: until(frames, ENDS))
    assert standing_of(run.modules).positions
    return run


def watched(watched_from: int = START_NS) -> Watched:
    return Watched("SYNTHETIC", True, START_NS, watched_from, 50.0)


def shown(run: Recorded, watched_from: int = START_NS, width: int = 170, height: int = 60) -> str:
    deeds = Deeds(run.plan.price_venue)
    for envelope in run.envelopes:
        deeds(envelope)
    console = Console(file=StringIO(), width=width, height=height)
    watch = watched(watched_from)
    view = LiveView(runtime_of(run), run.plan, deeds, watch, console=console)
    with console.capture() as captured:
        console.print(view.screen())
    return captured.get()


def runtime_of(run: Recorded) -> Runtime:
    return Runtime(
        modules=run.modules,
        bus=run.bus,
        timers=timers_of(run.modules),
        journal=MemoryJournal(),
        clock=ReplayClock(ENDS),
    )


def test_the_screen_says_what_is_real_and_how_it_stands(recorded: Recorded) -> None:
    text = shown(recorded)
    standing = standing_of(recorded.modules)
    assert " SYNTHETIC " in text
    assert f"equity {standing.equity:,.2f} USD" in text
    for words in ("mode backtest", "profile research", "50x real time", "last price"):
        assert words in text
    assert "residual 0" in text


def test_every_position_is_shown_with_its_stop_and_its_result_in_r(recorded: Recorded) -> None:
    lines = shown(recorded).splitlines()
    for position in standing_of(recorded.modules).positions:
        coin = position.symbol.partition("/")[0]
        stop = position.stop
        result = position.in_r(position.upnl)
        assert stop is not None
        assert result is not None
        row = next(line for line in lines if coin in line and position.side in line)
        assert f"{stop[0]:.6g}" in row
        assert f"{result:+.1f} R" in row


def test_the_past_is_caught_up_with_before_anything_is_paced(recorded: Recorded) -> None:
    text = shown(recorded, START_NS + 3 * NS_PER_DAY)
    assert "catching up with history: 50%" in text


def test_the_reasons_of_the_last_decision_add_up_to_its_holds(recorded: Recorded) -> None:
    summaries = [event for _, event in recorded.events if isinstance(event, DecisionSummary)]
    for summary in summaries:
        held = held_back(summary)
        names = [symbol for each in held for symbol in each.symbols]
        assert len(names) == summary.disposition.count(Disposition.HOLD)
        assert len(set(names)) == len(names)
        assert [len(each.symbols) for each in held] == sorted(
            (len(each.symbols) for each in held), reverse=True
        )
    assert "Why there was no trade at" in shown(recorded)


def test_equity_is_that_of_the_latest_marks(recorded: Recorded) -> None:
    standing = standing_of(recorded.modules)
    upnl = sum(position.upnl for position in standing.positions)
    assert standing.equity == standing.cash + upnl
    assert standing.gain == pytest.approx(float(standing.equity / standing.deposit) - 1.0)


def test_without_a_screen_a_line_says_the_same(recorded: Recorded) -> None:
    lines, deeds = ProgressLines(watched(ENDS - NS_PER_HOUR)), Deeds("binance")
    text = lines.stands(ENDS, standing_of(recorded.modules), deeds)
    assert text.startswith("SYNTHETIC 50x: equity ")
    for position in standing_of(recorded.modules).positions:
        assert f"{position.symbol.partition('/')[0]} {position.side.lower()}" in text
    assert lines.stands(START_NS, standing_of(recorded.modules), deeds).endswith("0%")


def test_a_small_screen_shows_what_matters_most(recorded: Recorded) -> None:
    text = shown(recorded, width=80, height=24)
    assert "Open positions" in text
    assert "Latest decisions" in text
    assert "Why there was no trade" not in text
    assert len(text.splitlines()) <= 24
