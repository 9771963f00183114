"""Every event can be told in a line, and those of a trade's life in words of their own."""

import pytest

from quantum_os.events.base import Event
from quantum_os.events.catalog import EVENTS
from quantum_os.learning.explain.event_words import DETAILS, LINES, details_of, said_of
from quantum_os.learning.explain.story import FOLLOWED
from tests.events.examples import example_of
from tests.laws.scenario import Recorded as Run


@pytest.mark.parametrize("stream", EVENTS)
def test_every_event_is_told(stream: str) -> None:
    event = example_of(EVENTS[stream])
    for symbol in (None, "word", "BTC/USDT:USDT"):
        said = said_of(event, symbol)
        assert said
        assert "\n" not in said
        assert all(line and "\n" not in line for line in details_of(event, symbol))


def test_the_life_of_a_trade_has_words_of_its_own() -> None:
    assert {EVENTS[stream] for stream in FOLLOWED} <= set(LINES)
    assert set(DETAILS) <= set(LINES)


def test_no_figure_of_a_run_is_told_as_none(run: Run) -> None:
    """What is unknown is a dash or a word; None is Python."""
    seen: set[type[Event]] = set()
    for _, event in run.events[:6000]:
        if type(event) not in LINES:
            continue
        seen.add(type(event))
        symbol = getattr(event, "symbol", run.plan.symbols[0])
        for line in (said_of(event, symbol), *details_of(event, symbol)):
            assert "None" not in line
            assert "Decimal" not in line
    assert len(seen) > 20
