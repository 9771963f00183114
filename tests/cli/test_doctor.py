"""`doctor` names what bars a start, changes nothing, and passes where the fund can run."""

import asyncio
from pathlib import Path

import pytest

from quantum_os.cli.checkup.account import check_account
from quantum_os.cli.checkup.exchanges import check_exchange
from quantum_os.cli.checkup.finding import Finding, Verdict
from quantum_os.cli.checkup.machine import check_machine
from quantum_os.exchange.endpoint import Realm, emulator
from quantum_os.exchange.keys import Keys
from quantum_os.market.feeds.live.connection import Wanted
from quantum_os.market.instrument_book import packaged_instruments
from tests.cli.console import quantum_os
from tests.emulator.emulated import KEY, SECRET, SYMBOL, emulated
from tests.market.feeds.live.exchange import HOUR_MS, START_MS, Binance, Bybit, served

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


def by_name(found: list[Finding]) -> dict[str, Finding]:
    return {each.check: each for each in found}


def verdicts(found: list[Finding]) -> dict[str, Verdict]:
    return {each.check: each.verdict for each in found}


async def test_an_exchange_in_order_passes_every_check(tmp_path: Path) -> None:
    async with emulated(tmp_path, pace=1.0) as exchange:
        where = emulator(exchange.server.port, exchange.ca)
        wanted = Wanted("binance", where, (BTC, ETH), "1m", 8.0)
        found = by_name(await check_exchange(wanted, packaged_instruments()))
        assert {each.verdict for each in found.values()} == {Verdict.OK}, found
        assert set(found) == {f"binance {what}" for what in (
            "network", "clock", "filters", "brackets", "stream",
        )}  # fmt: skip


async def test_what_is_wrong_with_an_exchange_is_named(tmp_path: Path) -> None:
    exchange = Binance(START_MS + HOUR_MS, ("BTCUSDT",))
    async with served(tmp_path, exchange) as line:
        wanted = Wanted("binance", line.endpoint, (BTC, ETH, "XYZ/USDT:USDT"), "1m", 8.0)
        found = by_name(await check_exchange(wanted, packaged_instruments()))
        assert found["binance clock"].verdict is Verdict.FAIL, "its clock is of another year"
        assert found["binance filters"].verdict is Verdict.WARN
        assert "ETH/USDT:USDT, XYZ/USDT:USDT" in found["binance filters"].found
        exchange.down = True
        (gone,) = await check_exchange(wanted, packaged_instruments())
        assert (gone.check, gone.verdict) == ("binance network", Verdict.FAIL)


async def test_keys_in_order_place_a_stop_and_take_it_back(tmp_path: Path) -> None:
    async with emulated(tmp_path) as exchange:
        where = emulator(exchange.server.port, exchange.ca)
        keys = Keys("binance", Realm.EMULATOR, KEY, SECRET)
        found = by_name(await check_account(keys, where, SYMBOL))
        assert found["account"].found == "10,000.00 USDT"
        assert found["stop"].verdict is Verdict.OK, found["stop"]
        assert found["position mode"].verdict is Verdict.OK
        assert found["permissions"].verdict is Verdict.WARN, "an emulator cannot be asked"
        async with exchange.ccxt() as client:
            assert await client.fetch_open_orders(SYMBOL, None, None, {"trigger": True}) == []


async def test_keys_that_open_nothing_fail_and_nothing_is_tried_with_them(tmp_path: Path) -> None:
    async with emulated(tmp_path) as exchange:
        where = emulator(exchange.server.port, exchange.ca)
        keys = Keys("binance", Realm.EMULATOR, "NOBODY", "NOTHING")
        found = verdicts(await check_account(keys, where, SYMBOL))
        assert found["account"] is Verdict.FAIL
        assert "stop" not in found


def memory(folder: Path, megabytes: int) -> Path:
    file = folder / "meminfo"
    file.write_text(f"MemTotal: 9999999 kB\nMemAvailable: {megabytes * 1024} kB\n")
    return file


@pytest.mark.parametrize(
    ("megabytes", "verdict"), [(4_000, Verdict.OK), (300, Verdict.WARN), (100, Verdict.FAIL)]
)
def test_memory_is_judged_by_what_is_available(
    tmp_path: Path, megabytes: int, verdict: Verdict
) -> None:
    found = verdicts(list(check_machine(tmp_path / "home", memory(tmp_path, megabytes))))
    assert found["memory"] is verdict
    assert found["home"] is Verdict.OK
    assert not (tmp_path / "home").exists(), "looking makes nothing"


def test_offline_looks_at_the_machine_only(tmp_path: Path) -> None:
    said = quantum_os("doctor", "--offline", "--home", tmp_path / "home", "--json").json()
    names = [each["check"] for each in said["checks"]]
    assert names == ["configuration", "modes", "home", "disk", "memory", "exchanges", "keys"]


def test_a_configuration_that_contradicts_itself_fails(tmp_path: Path) -> None:
    file = tmp_path / "os.toml"
    file.write_text('[feeds]\nvenues = ["kraken"]\n')
    said = quantum_os("doctor", "--config", file, "--home", tmp_path)
    assert said.code == 1
    assert "'kraken' is none of" in said.out


async def test_the_command_passes_on_exchanges_that_can_be_heard(tmp_path: Path) -> None:
    import time

    now = int(time.time() * 1000)
    async with served(tmp_path, Binance(now), Bybit(now)) as line:
        words = ["doctor", "--emulator", f"127.0.0.1:{line.endpoint.port}", "--json"]
        words += ["--ca", str(line.endpoint.ca_file), "--home", str(tmp_path / "home")]
        said = await asyncio.to_thread(quantum_os, *words)
    assert said.code == 0, said.out
    found = {each["check"]: each["verdict"] for each in said.json()["checks"]}
    assert found["binance clock"] == found["bybit stream"] == "ok"
    assert found["keys"] == "skipped"
