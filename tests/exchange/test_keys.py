"""Keys come from a file that nobody else can read, for one exchange and realm, and never show."""

import pickle
from pathlib import Path

import msgspec
import pytest

from quantum_os.exchange.endpoint import Realm
from quantum_os.exchange.keys import KeysRefused, read_keys

CONTENT = 'venue = "binance"\nrealm = "testnet"\nkey = "AKEY"\nsecret = "ASECRET"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys.toml"
    path.write_text(CONTENT)
    path.chmod(0o600)
    return path


def test_f48_keys_are_read_and_never_shown(file: Path) -> None:
    keys = read_keys(str(file), "binance", Realm.TESTNET)
    assert keys.revealed() == ("AKEY", "ASECRET")
    shown = f"{keys} {keys!r} {[keys]}"
    assert "AKEY" not in shown
    assert "ASECRET" not in shown
    with pytest.raises(TypeError):
        pickle.dumps(keys)
    with pytest.raises(TypeError):
        msgspec.json.encode(keys)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o620, 0o601])
def test_c2_a_file_that_others_may_touch_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(KeysRefused, match="others may read it"):
        read_keys(str(file), "binance", Realm.TESTNET)


@pytest.mark.parametrize(
    ("venue", "realm"),
    [("binance", Realm.PRODUCTION), ("bybit", Realm.TESTNET), ("binance", Realm.EMULATOR)],
)
def test_f47_keys_of_another_realm_or_exchange_are_refused(
    file: Path, venue: str, realm: Realm
) -> None:
    with pytest.raises(KeysRefused, match="keys of binance testnet"):
        read_keys(str(file), venue, realm)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "key = 1",
        CONTENT.replace("ASECRET", " "),
        CONTENT + 'withdraw = "yes"\n',
        CONTENT.replace("testnet", "tesnet"),
        "\udcff".encode("utf-8", "surrogateescape").decode("latin-1"),
    ],
)
def test_a_file_that_is_no_key_file_is_refused_without_showing_it(file: Path, content: str) -> None:
    file.write_text(content)
    with pytest.raises(KeysRefused) as refused:
        read_keys(str(file), "binance", Realm.TESTNET)
    assert "ASECRET" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeysRefused, match="No such file"):
        read_keys(str(tmp_path / "none"), "binance", Realm.TESTNET)


def test_a_credential_comes_from_the_service_manager(file: Path) -> None:
    folder = {"CREDENTIALS_DIRECTORY": str(file.parent)}
    keys = read_keys("credential:keys.toml", "binance", Realm.TESTNET, folder)
    assert keys.revealed()[0] == "AKEY"
    with pytest.raises(KeysRefused, match="no credentials"):
        read_keys("credential:keys.toml", "binance", Realm.TESTNET, {})
    with pytest.raises(KeysRefused, match="plain name"):
        read_keys("credential:../keys.toml", "binance", Realm.TESTNET, folder)
