"""`doctor` names what bars a start, changes nothing, and passes where the fund can run."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from quantum_os.cli.checkup.account import check_account
from quantum_os.cli.checkup.exchanges import check_exchange
from quantum_os.cli.checkup.finding import Finding, Verdict
from quantum_os.cli.checkup.machine import check_machine
from quantum_os.exchange.endpoint import Endpoint, Realm, emulator
from quantum_os.exchange.keys import Keys
from quantum_os.market.feeds.live.connection import Wanted
from quantum_os.market.instrument_book import packaged_instruments
from tests.cli.console import quantum_os
from tests.emulator.emulated import KEY, SECRET, SYMBOL, emulated
from tests.exchange.wire import wire
from tests.execution.venues.bybit.faults import refuses
from tests.execution.venues.bybit.small_bybit import KEY as BYBIT_KEY
from tests.execution.venues.bybit.small_bybit import SECRET as BYBIT_SECRET
from tests.execution.venues.bybit.small_bybit import SmallBybit
from tests.market.feeds.live.exchange import HOUR_MS, START_MS, Binance, Bybit, served

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
ACCOUNT_CHECKS = ["account clock", "account", "permissions", "account mode", "risk limits", "stop"]


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
        found = by_name(await check_account(keys, where, (SYMBOL, ETH)))
        assert list(found) == ACCOUNT_CHECKS
        assert found["account"].found == "10,000.00 USDT, 0 positions, 0 orders"
        assert found["stop"].verdict is Verdict.OK, found["stop"]
        assert found["account mode"].verdict is Verdict.OK
        assert "of 2 contracts, up to " in found["risk limits"].found
        assert found["permissions"].verdict is Verdict.WARN, "an emulator cannot be asked"
        async with exchange.ccxt() as client:
            assert await client.fetch_open_orders(SYMBOL, None, None, {"trigger": True}) == []


async def test_keys_that_open_nothing_fail_and_nothing_is_tried_with_them(tmp_path: Path) -> None:
    async with emulated(tmp_path) as exchange:
        where = emulator(exchange.server.port, exchange.ca)
        keys = Keys("binance", Realm.EMULATOR, "NOBODY", "NOTHING")
        found = verdicts(await check_account(keys, where, (SYMBOL,)))
        assert found["account"] is Verdict.FAIL
        assert "stop" not in found


@asynccontextmanager
async def at_bybit(
    folder: Path, exchange: SmallBybit
) -> AsyncIterator[Callable[[], Awaitable[dict[str, Finding]]]]:
    """The check of an account at a small Bybit, made as often as it is called."""
    async with wire(folder, exchange) as served_at:
        keys = Keys("bybit", Realm.EMULATOR, BYBIT_KEY, BYBIT_SECRET)

        async def checked() -> dict[str, Finding]:
            return by_name(await check_account(keys, served_at.endpoint, (BTC,)))

        yield checked


async def test_keys_of_bybit_in_order_pass_every_check(tmp_path: Path) -> None:
    exchange = SmallBybit()
    exchange.margin = "ISOLATED_MARGIN"
    async with at_bybit(tmp_path, exchange) as checked:
        found = await checked()
        assert list(found) == ACCOUNT_CHECKS
        assert {each.verdict for each in found.values()} == {Verdict.OK}, found
        assert found["account"].found == "10,000.00 USDT, 0 positions, 0 orders"
        assert found["risk limits"].found == "of 1 contracts, up to 50x"
        assert exchange.open_orders() == []
        assert [row["orderStatus"] for row in exchange.orders.values()] == ["Deactivated"]
        again = await checked()
        assert again["stop"].verdict is Verdict.OK, "a name is taken once only"


@pytest.mark.parametrize(
    ("trouble", "check", "verdict", "words"),
    [
        ({"unified": 1}, "account mode", Verdict.FAIL, "upgrade it"),
        ({"hedged": True}, "account mode", Verdict.WARN, "hedge mode (BTCUSDT)"),
        ({"margin": "REGULAR_MARGIN"}, "account mode", Verdict.WARN, "cross margin"),
        ({"rights": {"ContractTrade": ["Order", "Position"], "Wallet": ["Withdraw"]}},
         "permissions", Verdict.FAIL, "may withdraw"),
        ({"rights": {"ContractTrade": [], "Wallet": []}}, "permissions", Verdict.FAIL,
         "may not trade contracts"),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_an_account_at_bybit_is_named(
    tmp_path: Path, trouble: dict[str, object], check: str, verdict: Verdict, words: str
) -> None:
    exchange = SmallBybit()
    exchange.margin = "ISOLATED_MARGIN"
    for name, value in trouble.items():
        setattr(exchange, name, value)
    before = (exchange.margin, exchange.hedged)
    async with at_bybit(tmp_path, exchange) as checked:
        found = (await checked())[check]
    assert (found.verdict, words in found.found) == (verdict, True), found
    assert (exchange.margin, exchange.hedged) == before, "looking sets nothing"


async def test_a_stop_that_bybit_refuses_or_keeps_is_a_failure(tmp_path: Path) -> None:
    exchange = SmallBybit()
    async with at_bybit(tmp_path, exchange) as checked:
        exchange.faults["POST", "/v5/order/create"].append(refuses(110007))
        refused = (await checked())["stop"]
        assert (refused.verdict, "110007" in refused.found) == (Verdict.FAIL, True), refused
        exchange.faults["POST", "/v5/order/cancel"].append(refuses(10016))
        kept = (await checked())["stop"]
        assert (kept.verdict, "could not be cancelled" in kept.found) == (Verdict.FAIL, True)


async def test_a_request_refused_for_its_stamp_is_made_once_more_by_a_new_clock(
    tmp_path: Path,
) -> None:
    exchange = SmallBybit()
    refused = exchange.faults["POST", "/v5/order/create"]
    async with at_bybit(tmp_path, exchange) as checked:
        refused.append(refuses(10002))
        mended = (await checked())["stop"]
        assert mended.verdict is Verdict.OK, mended
        refused.extend((refuses(10002), refuses(10002)))
        still = (await checked())["stop"]
    assert (still.verdict, "10002" in still.found) == (Verdict.FAIL, True), still


async def test_the_command_finds_the_exchange_of_a_key_file(tmp_path: Path) -> None:
    async def found_by(venue: str, endpoint: Endpoint) -> dict[str, Any]:
        keys = tmp_path / f"{venue}.toml"
        keys.write_text(
            f'venue = "{venue}"\nrealm = "emulator"\nkey = "{BYBIT_KEY}"\n'
            f'secret = "{BYBIT_SECRET}"\n'
        )
        keys.chmod(0o600)
        at = ("--emulator", f"127.0.0.1:{endpoint.port}", "--ca", endpoint.ca_file)
        words = ("doctor", "--json", *at, "--keys", keys, "--home", tmp_path / "home")
        said = await asyncio.to_thread(quantum_os, *words)
        assert said.code == 1, "the feed's exchanges do not answer here"
        return {each["check"]: each for each in said.json()["checks"]}

    async with wire(tmp_path, SmallBybit()) as served_at:
        venues = ("bybit", "kraken")
        both = await asyncio.gather(*(found_by(each, served_at.endpoint) for each in venues))
    found = dict(zip(venues, both, strict=True))
    assert found["bybit"]["stop"]["verdict"] == "ok", found["bybit"]
    assert found["bybit"]["keys"]["found"].startswith("bybit emulator, fingerprint")
    assert found["kraken"]["keys"]["verdict"] == "fail"
    assert "stop" not in found["kraken"]
    assert BYBIT_SECRET not in str(found)


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
