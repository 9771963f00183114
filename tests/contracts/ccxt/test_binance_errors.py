"""Which class ccxt raises for each answer: a hint we do not lean on, and want to see change."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from quantum_os.exchange.client import open_client
from quantum_os.exchange.endpoint import Realm
from quantum_os.exchange.keys import Keys
from quantum_os.exchange.line import Line, listening
from quantum_os.exchange.session import open_session
from tests.exchange.wire import wire

KEYS = Keys("binance", Realm.EMULATOR, "AKEY", "ASECRET")
LOCK = Path(__file__).resolve().parents[3] / "requirements.lock"

CLASSES: dict[str, tuple[int, ...]] = {
    "OperationFailed": (-1000, -1001, -1006, -1008, -2020, -2023),
    "RequestTimeout": (-1007,),
    "RateLimitExceeded": (-1003, -1015),
    "InvalidNonce": (-1021,),
    "AuthenticationError": (-1022, -2014, -2015),
    "BadRequest": (-1111, -4003, -4005, -4014, -4015, -4028, -4140),
    "BadSymbol": (-1121,),
    "InvalidOrder": (-2010, -2022, -4116, -4120, -4164),
    "OrderNotFound": (-2011, -2013),
    "InsufficientFunds": (-2018, -2019),
    "OrderImmediatelyFillable": (-2021,),
    "OperationRejected": (-2025, -2027, -4046, -4059, -4061, -4118, -4131, -4141, -5026),
    "PermissionDenied": (-4192, -4400),
}
"""As measured with the version in the lock, at the production addresses."""


async def raised(folder: Path, status: int, body: str) -> tuple[str, Any]:
    """The class that ccxt raises for an answer, "" for none, and what we hear of it ourselves."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text=body, status=status)

    async with wire(folder, answer) as served, open_session(served.endpoint) as session:
        client = open_client("binance", served.endpoint, session, Line(), KEYS)
        with listening() as heard:
            try:
                await client.fapiPrivatePostOrder({"symbol": "BTCUSDT"})
            except Exception as error:  # noqa: BLE001  the class is what is asked for
                return type(error).__name__, heard
            finally:
                await client.close()
        return "", heard


@pytest.mark.parametrize(
    ("name", "code"), [(name, code) for name, codes in CLASSES.items() for code in codes]
)
async def test_each_code_has_the_class_it_had(tmp_path: Path, name: str, code: int) -> None:
    body = f'{{"code":{code},"msg":"x"}}'
    found, heard = await raised(tmp_path, 400, body)
    assert found == name
    assert heard.body == body


@pytest.mark.parametrize(
    ("status", "body", "name"),
    [
        (429, "{}", "DDoSProtection"),
        (418, "{}", "DDoSProtection"),
        (500, "<html>", "ExchangeNotAvailable"),
        (502, "<html>", "ExchangeNotAvailable"),
        (503, "<html>", "ExchangeNotAvailable"),
        (403, "<html>", "ExchangeNotAvailable"),
        (504, "<html>", "RequestTimeout"),
        (408, "<html>", "RequestTimeout"),
        (400, '{"code":-9999,"msg":"x"}', "ExchangeError"),
        (200, "{}", ""),
        (200, "[]", ""),
        (200, "<html>", ""),
    ],
)
async def test_each_status_has_the_class_it_had(
    tmp_path: Path, status: int, body: str, name: str
) -> None:
    found, heard = await raised(tmp_path, status, body)
    assert (found, heard.status, heard.body) == (name, status, body)


def test_ccxt_is_the_one_that_was_measured() -> None:
    assert f"ccxt=={version('ccxt')} " in LOCK.read_text()
    assert version("ccxt") == "4.5.90"
