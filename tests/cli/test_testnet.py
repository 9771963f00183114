"""`run --mode testnet` at the emulator: the whole fund, its live feed and its venue, over TLS."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from quantum_os.cli.live_staging import live_stage
from quantum_os.cli.process import Edges, Life, Process, live_on
from quantum_os.cli.venue_staging import account_of
from quantum_os.events.base import Event
from quantum_os.events.execution import Fill, ReconcileState, VenueSnapshot
from quantum_os.events.market import MarketKlines
from quantum_os.events.portfolio import PositionUpdated
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import Mode
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.runtime import Ending
from quantum_os.market.feeds.live.feed import LiveFeed
from quantum_os.settings import Settings, load_settings
from quantum_os.storage.home import Home
from quantum_os.storage.instance import claimed
from tests.cli.console import here
from tests.emulator.emulated import KEY, SECRET, Emulated, emulated
from tests.waiting import until

BTC = "BTC/USDT:USDT"
E = TypeVar("E", bound=Event)


class Fund(msgspec.Struct):
    """A fund that runs: what it journaled so far."""

    said: list[Event]

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.said if isinstance(event, kind)]


def settings_at(emu: Emulated, folder: Path) -> Settings:
    keys = folder / "keys.toml"
    keys.write_text(f'venue = "binance"\nrealm = "emulator"\nkey = "{KEY}"\nsecret = "{SECRET}"\n')
    keys.chmod(0o600)
    place = {"emulator": f"127.0.0.1:{emu.server.port}", "emulator_ca": str(emu.ca)}
    document: dict[str, Any] = {
        "run": {"symbols": ["BTCUSDT", "ETHUSDT"], "warmup_bars": 20, "fast_decisions": True},
        "feeds": {"venues": ["binance"], "timeframe": "1m", **place},
        "exchange": {"keys": str(keys)},
        "policy": {"decision": {"timeframe": "5m"}},
        "storage": {"home": str(folder / "home")},
    }
    return load_settings(None, document, {"PATH": ""})


@asynccontextmanager
async def fund(emu: Emulated, folder: Path) -> AsyncIterator[Fund]:
    """One life of the whole fund, staged as the command stages it."""
    asked = settings_at(emu, folder)
    account = await asyncio.to_thread(account_of, asked, Mode.TESTNET)
    stage = live_stage(account.settings, Mode.TESTNET, account.wall())
    make_venue = account.venue_of(stage.plan)
    assert make_venue is not None
    said: list[Event] = []

    def tap(envelope: Envelope) -> None:
        said.append(envelope.event())

    process = Process(
        plan=stage.plan,
        home=Home(folder / "home"),
        build="test",
        now=account.wall(),
        make_edges=lambda _: Edges(LiveFeed(stage.config, account.wall), make_venue()),
        world_went_on=True,
        taps=(tap,),
    )
    stops: list[Callable[[str], None]] = []

    async def attend(lived: Life) -> tuple[Ending, None]:
        stops.append(lived.runtime.stop)
        return await lived.runtime.run(lived.first), None

    async with claimed(process.home, None) as instance:
        running = asyncio.create_task(live_on(process, instance, attend))
        await until(lambda: stops or running.done())
        try:
            yield Fund(said)
        finally:
            if stops:
                stops[-1]("the test is over")
            ending, _ = await running
        assert ending.fault is None


async def test_f74_what_a_person_buys_is_adopted_covered_and_kept_over_a_restart(
    tmp_path: Path,
) -> None:
    async with emulated(tmp_path, pace=1.0) as emu:
        algos = emu.account.algos
        async with fund(emu, tmp_path) as first:
            await until(lambda: first.of(ReconcileState) and first.of(MarketKlines))
            assert first.of(ProcessStarted)[0].venue == "binance"
            assert first.of(ProcessStarted)[0].deposit == Decimal(10_000)
            async with emu.ccxt() as person:
                await person.load_markets()
                await person.create_order(BTC, "market", "buy", 0.01)
            await until(lambda: first.of(PositionUpdated))
            assert first.of(PositionUpdated)[0].qty == Decimal("0.01")
            await until(lambda: any(each.is_open for each in algos.values()))
            (stop,) = [each for each in algos.values() if each.is_open]
            assert (stop.side.value, stop.qty, stop.reduce_only) == ("SELL", Decimal("0.01"), True)
            await until(lambda: first.of(VenueSnapshot)[-1].orders)
            fills = [each.trade_id for each in first.of(Fill)]
        async with fund(emu, tmp_path) as second:
            await until(lambda: len(second.of(ReconcileState)) >= 1)
            assert [each.trade_id for each in second.of(Fill) if each.trade_id in fills] == []
            assert len([each for each in algos.values() if each.is_open]) == 1
            assert [each.mismatches for each in second.of(ReconcileState)] == [()]


def test_live_is_refused_with_what_it_lacks(tmp_path: Path) -> None:
    told = here("run", "--mode", "live", "--home", tmp_path)
    assert told.code == 78
    assert "exchange.key_fingerprint" in told.err
    assert "alerts" in told.err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--data", "."], "--data contradicts it"),
        (["--speed", "5"], "--speed contradicts it"),
        ([], "needs a key file"),
        (["--keys", "none.toml"], "No such file"),
        (["--keys", "none.toml", "--emulator", "127.0.0.1:1"], "both --emulator"),
        (["--keys", "none.toml", "--follow-clock"], "only mode testnet at an emulator follows"),
    ],
)
def test_testnet_says_in_a_line_what_does_not_fit(
    tmp_path: Path, arguments: list[str], why: str
) -> None:
    told = here("run", "--mode", "testnet", "--home", tmp_path, *arguments)
    assert why in told.refusal()


@pytest.mark.parametrize(
    ("mode", "why"),
    [("paper", "only mode testnet at an emulator follows"), ("demo", "a demo plays a market")],
)
def test_no_other_mode_follows_a_clock(tmp_path: Path, mode: str, why: str) -> None:
    told = here("run", "--mode", mode, "--home", tmp_path, "--follow-clock")
    assert why in told.refusal()
