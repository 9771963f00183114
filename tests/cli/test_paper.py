"""`run --mode paper`: the whole fund on exchanges that are heard live, its orders simulated."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from quantum_os.cli.live_staging import LiveStage, live_stage
from quantum_os.cli.process import Edges, Life, Process, live_on
from quantum_os.events.ai import DecisionSummary
from quantum_os.events.base import Event
from quantum_os.events.market import FeedState, FeedStatus, MarketData, MarketKlines
from quantum_os.events.units import NS_PER_HOUR, NS_PER_MS, Mode
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.runtime import Ending
from quantum_os.market.feeds.live.feed import LiveFeed
from quantum_os.settings import load_settings
from quantum_os.storage.home import Home
from quantum_os.storage.instance import claimed
from quantum_os.storage.journal_file import JournalFile
from tests.cli.console import quantum_os
from tests.exchange.wire import Wire
from tests.market.feeds.live.exchange import HOUR_MS, START_MS, Binance, Bybit, Exchange, served
from tests.waiting import until

NOON = START_MS + 12 * HOUR_MS


def settings_on(line: Wire, **feeds: Any) -> Any:
    place = {"emulator": f"127.0.0.1:{line.endpoint.port}"}
    place["emulator_ca"] = str(line.endpoint.ca_file)
    run = {"symbols": ["BTCUSDT", "ETHUSDT"], "warmup_bars": 60}
    return load_settings(None, {"run": run, "feeds": {**place, **feeds}}, {})


class Fund(msgspec.Struct):
    """A fund that runs: what it journaled so far."""

    said: list[Event]
    stop: Callable[[str], None]

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.said if isinstance(event, kind)]


@asynccontextmanager
async def fund(stage: LiveStage, home: Path, wall: Callable[[], int]) -> AsyncIterator[Fund]:
    """Runs the whole fund on a live stage until the block ends."""
    said: list[Event] = []

    def tap(envelope: Envelope) -> None:
        said.append(envelope.event())

    process = Process(
        plan=stage.plan,
        home=Home(home),
        build="test",
        now=wall(),
        make_edges=lambda _: Edges(LiveFeed(stage.config, wall)),
        taps=(tap,),
    )
    stops: list[Callable[[str], None]] = []

    async def attend(lived: Life) -> tuple[Ending, None]:
        stops.append(lived.runtime.stop)
        return await lived.runtime.run(lived.first), None

    async with claimed(process.home, None) as instance:
        running = asyncio.create_task(live_on(process, instance, attend))
        await until(lambda: stops or running.done())
        yield Fund(said, stops[0] if stops else lambda _: None)
        if stops:
            stops[-1]("the test is over")
        ending, _ = await running
        assert ending.fault is None


def clock_of(exchange: Exchange) -> Callable[[], int]:
    return lambda: exchange.now() * NS_PER_MS


async def test_a_live_bar_close_is_decided_on_by_two_exchanges_at_once(tmp_path: Path) -> None:
    one, other = Binance(NOON - 6_000), Bybit(NOON - 6_000)
    async with served(tmp_path, one, other) as line:
        stage = live_stage(settings_on(line), Mode.PAPER)
        async with fund(stage, tmp_path / "home", clock_of(one)) as running:
            await until(lambda: NOON * NS_PER_MS in [
                each.bar_close for each in running.of(DecisionSummary)
            ])  # fmt: skip
            last = running.of(MarketData)[-1]
            assert last.bar_close == NOON * NS_PER_MS
            assert all(age is not None and age < 2_500.0 for age in last.age_ms)
            assert None not in last.last + last.mark + last.index + last.funding_rate
            assert None not in last.divergence_bps
            summary = running.of(DecisionSummary)[-1]
            assert "DATA_STALE" not in str(summary)
            before = running.of(DecisionSummary)[:-1]
            assert len(before) >= 50, "the history that decisions need was heard first"
            assert all("DATA_STALE" in str(each) for each in before), "and nothing traded in it"


async def test_a_close_does_not_wait_for_an_exchange_that_is_away(tmp_path: Path) -> None:
    one, other = Binance(NOON - 9_000), Bybit(NOON - 9_000)
    async with served(tmp_path, one, other) as line:
        stage = live_stage(settings_on(line), Mode.PAPER)
        async with fund(stage, tmp_path / "home", clock_of(one)) as running:
            await until(lambda: len(running.of(DecisionSummary)) >= 50)
            other.silent = other.down = True
            await until(lambda: NOON * NS_PER_MS in [
                each.bar_close for each in running.of(MarketData)
            ])  # fmt: skip
            late_ms = one.now() - NOON
            last = running.of(MarketData)[-1]
            assert late_ms < 6_000
            assert None not in last.last
            assert set(last.divergence_bps) == {None}


async def test_f90_a_silent_exchange_is_said_and_nothing_is_decided_on_it(tmp_path: Path) -> None:
    exchange = Binance(NOON - 7_000)
    async with served(tmp_path, exchange) as line:
        settings = settings_on(line, venues=["binance"], stale_s=1.0)
        stage = live_stage(settings, Mode.PAPER)
        async with fund(stage, tmp_path / "home", clock_of(exchange)) as running:
            await until(lambda: len(running.of(DecisionSummary)) >= 50)
            exchange.silent = exchange.down = True
            await until(lambda: [each.state for each in running.of(FeedState)][-1:] in (
                [FeedStatus.STALE], [FeedStatus.DOWN],
            ))  # fmt: skip
            await until(lambda: exchange.now() > NOON + 3_000)
            assert running.of(DecisionSummary)[-1].bar_close < NOON * NS_PER_MS


def paper(
    line: Wire, home: Path, *more: str, seconds: float = 4.0
) -> "asyncio.Future[tuple[dict[str, Any], int]]":
    """Runs the command as people do; gives its result and exit code."""
    where = ["--emulator", f"127.0.0.1:{line.endpoint.port}", "--ca", str(line.endpoint.ca_file)]
    command = [sys.executable, "-m", "quantum_os", "run", "--mode", "paper", *where]
    command += ["--symbols", "BTC,ETH", "--home", str(home), "--duration", str(seconds), "--json"]
    environment = {**os.environ, "QUANTUM_OS__RUN__WARMUP_BARS": "5"}

    def run() -> tuple[dict[str, Any], int]:
        done = subprocess.run(
            [*command, *more], capture_output=True, env=environment, cwd=home.parent, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout), done.returncode

    return asyncio.ensure_future(asyncio.to_thread(run))


async def test_paper_runs_as_a_command_and_its_home_goes_on_without_a_bar_told_twice(
    tmp_path: Path,
) -> None:
    import time

    now = int(time.time() * 1000)
    home = tmp_path / "home"
    async with served(tmp_path, Binance(now), Bybit(now)) as line:
        first, _ = await paper(line, home, "--out", str(tmp_path / "one"))
        assert (first["mode"], first["synthetic"], first["faults"]) == ("paper", False, [])
        assert first["bars"] >= 2 * 5 * 12 * 2
        assert set(first["holds"]) <= {"DATA_STALE", "WARMUP", "FEATURES_MISSING", "NO_VOTES"}
        second, _ = await paper(line, home, "--out", str(tmp_path / "two"))
        assert second["run_id"] == first["run_id"]
    file = JournalFile(Home(home).journal)
    told = [
        (event.venue, event.close_time)
        for event in (envelope.event() for envelope in file.read(1))
        if isinstance(event, MarketKlines)
    ]
    file.close()
    assert len(told) == len(set(told))
    for venue in ("binance", "bybit"):
        times = [close for name, close in told if name == venue]
        assert times == sorted(times)
        assert times[-1] - times[0] == (len(times) - 1) * NS_PER_HOUR // 12


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--data", "x"], "--data contradicts it"),
        (["--scenario", "crash"], "--scenario contradicts it"),
        (["--speed", "5"], "--speed contradicts it"),
        (["--emulator", "127.0.0.1:1"], "needs both --emulator HOST:PORT and --ca FILE"),
        (["--emulator", "nowhere", "--ca", "pyproject.toml"], "write HOST:PORT"),
        (["--emulator", "127.0.0.1:1", "--ca", "no.pem"], "no such file"),
    ],
)
def test_what_contradicts_a_live_market_is_refused(more: list[str], said: str) -> None:
    assert said in quantum_os("run", "--mode", "paper", "--duration", 1, *more).refusal()


def test_exchanges_and_bars_that_cannot_be_heard_are_refused() -> None:
    from quantum_os.settings import SettingsError

    for feeds, said in (
        ({"venues": ["kraken"]}, "'kraken' is none of"),
        ({"venues": []}, "at least one"),
        ({"timeframe": "7m"}, "unknown timeframe"),
        ({"timeframe": "4h"}, "cannot be made|does not divide"),
    ):
        with pytest.raises(SettingsError, match=said):
            live_stage(load_settings(None, {"feeds": feeds}, {}), Mode.PAPER)
