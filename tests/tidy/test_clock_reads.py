"""Time is given: one file reads the clock, and no test waits for it."""

import pytest

from tests.tidy import house
from tests.tidy.clock_reads import WAITS, WALL_CLOCKS, reads

THE_CLOCK = "src/quantum_os/kernel/clock.py"


def test_only_the_clock_reads_the_clock() -> None:
    sources = house.texts("src/", suffix=".py")
    sources.pop(THE_CLOCK, None)
    said = {name: reads(text, WALL_CLOCKS | WAITS) for name, text in sources.items()}
    assert {name: lines for name, lines in said.items() if lines} == {}


def test_no_test_sleeps() -> None:
    said = {n: reads(text, WAITS) for n, text in house.texts("tests/", suffix=".py").items()}
    assert {name: lines for name, lines in said.items() if lines} == {}


@pytest.mark.parametrize(
    "text",
    [
        "import time\nt = time.time()",
        "import time as t\nt.monotonic_ns()",
        "from time import perf_counter\nperf_counter()",
        "from time import time_ns as now\nread = now",
        "import datetime\ndatetime.datetime.now()",
        "import datetime as dt\ndt.date.today()",
        "from datetime import datetime, UTC\ndatetime.now(UTC)",
    ],
)
def test_a_planted_clock_read_is_seen(text: str) -> None:
    assert len(reads(text, WALL_CLOCKS)) == 1


def test_a_planted_wait_is_seen() -> None:
    assert reads("from time import sleep\n\nsleep(1)", WAITS) == ["3: time.sleep"]


@pytest.mark.parametrize(
    "text",
    [
        "import time\nx = time.struct_time",
        "from datetime import datetime\ndatetime.fromtimestamp(0)",
        "time = event.time\nprint(time)",
    ],
)
def test_the_time_of_an_event_is_no_clock_read(text: str) -> None:
    assert reads(text, WALL_CLOCKS) == []
