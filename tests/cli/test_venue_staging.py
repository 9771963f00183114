"""An account is traded with its own key, in its own realm, and as long as nothing differs."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from quantum_os.cli.venue_staging import (
    REPLACED,
    VenueStage,
    missing_for_live,
    refuse_replaced,
    venue_stage,
)
from quantum_os.events.units import Mode
from quantum_os.exchange.endpoint import PRODUCTION, Endpoint
from quantum_os.kernel.clock import WallClock
from quantum_os.settings import Settings, SettingsError, load_settings
from tests.exchange.wire import wire
from tests.execution.venues.binance import faults
from tests.execution.venues.binance.small_binance import SmallBinance
from tests.execution.venues.bybit.small_bybit import KEY, SECRET, SmallBybit

KEY_FILE = 'venue = "binance"\nrealm = "{realm}"\nkey = "AKEY"\nsecret = "ASECRET"\n'


def keys_in(folder: Path, realm: str = "emulator") -> Path:
    path = folder / "keys.toml"
    path.write_text(KEY_FILE.format(realm=realm))
    path.chmod(0o600)
    return path


def settings(keys: Path | str, fingerprint: str = "") -> Settings:
    asked = {"keys": str(keys), "key_fingerprint": fingerprint}
    return load_settings(None, {"exchange": asked}, {"PATH": ""})


async def staged(
    endpoint: Endpoint, asked: Settings, venue: str = "binance", mode: Mode = Mode.TESTNET
) -> VenueStage:
    return await asyncio.to_thread(venue_stage, asked, mode, venue, endpoint)


async def test_the_deposit_is_the_wallet_and_the_time_is_the_emulators(tmp_path: Path) -> None:
    exchange = SmallBinance()
    exchange.ahead_ms = -3_600_000
    async with wire(tmp_path, exchange) as served:
        stage = await staged(served.endpoint, settings(keys_in(tmp_path)))
        assert stage.deposit == 10_000.0
        assert abs((stage.wall() - WallClock().now()) / 1e9 + 3600) < 1
        assert "ASECRET" not in repr(stage)


async def test_a_market_that_is_followed_is_where_it_says(tmp_path: Path) -> None:
    exchange = SmallBinance()
    exchange.ahead_ms = -3_600_000
    async with wire(tmp_path, exchange) as served:
        feeds = msgspec.structs.replace(Settings().feeds, follow_emulator=True)
        asked = msgspec.structs.replace(settings(keys_in(tmp_path)), feeds=feeds)
        stage = await staged(served.endpoint, asked)
        there = stage.wall()
        assert abs((there - WallClock().now()) / 1e9 + 3600) < 5
        assert there % 1_000_000 == 0
        assert stage.wall() == there


async def test_f47_a_key_of_another_realm_is_refused_before_anything_is_asked(
    tmp_path: Path,
) -> None:
    exchange = SmallBinance()
    async with wire(tmp_path, exchange) as served:
        for realm in ("production", "testnet"):
            with pytest.raises(SettingsError, match=f"keys of binance {realm}"):
                await staged(served.endpoint, settings(keys_in(tmp_path, realm)))
    assert exchange.heard == []


async def test_f47_another_key_than_the_one_that_is_meant_is_refused(tmp_path: Path) -> None:
    exchange = SmallBinance()
    async with wire(tmp_path, exchange) as served:
        keys = keys_in(tmp_path)
        stage = await staged(served.endpoint, settings(keys))
        again = await staged(served.endpoint, settings(keys, stage.keys.fingerprint))
        assert again.deposit == stage.deposit
        with pytest.raises(SettingsError, match="another key was meant"):
            await staged(served.endpoint, settings(keys, "0123abcd"))


async def test_f45_testnet_never_speaks_with_real_money(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no real money"):
        await staged(PRODUCTION, settings(keys_in(tmp_path, "production")))
    for mode in (Mode.DEMO, Mode.PAPER, Mode.BACKTEST, Mode.LIVE):
        with pytest.raises(SettingsError, match="trades on no account"):
            await staged(PRODUCTION, settings(keys_in(tmp_path)), mode=mode)


@pytest.mark.parametrize("name", REPLACED)
def test_f45_f58_the_old_switches_of_how_real_the_money_is_are_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        refuse_replaced({name: "true"})
    refuse_replaced({"PATH": "x"})


async def test_an_exchange_that_is_not_known_is_not_traded(tmp_path: Path) -> None:
    async with wire(tmp_path, SmallBinance()) as served:
        with pytest.raises(SettingsError, match="not traded: one of binance, bybit is"):
            await staged(served.endpoint, settings(keys_in(tmp_path)), "elsewhere")


async def test_an_account_at_bybit_is_staged_with_its_own_key(tmp_path: Path) -> None:
    exchange = SmallBybit()
    keys = tmp_path / "bybit.toml"
    async with wire(tmp_path, exchange) as served:
        with pytest.raises(SettingsError, match="keys of binance emulator"):
            await staged(served.endpoint, settings(keys_in(tmp_path)), "bybit")
        keys.write_text(
            f'venue = "bybit"\nrealm = "emulator"\nkey = "{KEY}"\nsecret = "{SECRET}"\n'
        )
        keys.chmod(0o600)
        stage = await staged(served.endpoint, settings(keys), "bybit")
        assert stage.deposit == 10_000.0


async def test_f65_an_account_that_cannot_be_read_is_not_an_empty_one(tmp_path: Path) -> None:
    exchange = SmallBinance()
    exchange.faults["GET", "/fapi/v3/account"].append(faults.refuses(-2015, 401))
    async with wire(tmp_path, exchange) as served:
        with pytest.raises(SettingsError, match="cannot be read: -2015"):
            await staged(served.endpoint, settings(keys_in(tmp_path)))


async def test_no_keys_no_account(tmp_path: Path) -> None:
    async with wire(tmp_path, SmallBinance()) as served:
        with pytest.raises(SettingsError, match="needs a key file"):
            await staged(served.endpoint, settings(""))


def test_live_lacks_something_whatever_is_configured(tmp_path: Path) -> None:
    bare, full = missing_for_live(settings("")), missing_for_live(settings("x", "y"))
    assert any("exchange.keys" in each for each in bare)
    assert full
    assert set(full) < set(bare)
