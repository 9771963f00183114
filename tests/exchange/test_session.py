"""Nothing but exchanges is reached, and with an emulator nothing but the emulator."""

from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from quantum_os.exchange.endpoint import PRODUCTION, TESTNET, Endpoint, Realm, is_exchange
from quantum_os.exchange.session import EgressBlocked, ExchangeResolver, open_session
from tests.exchange.wire import wire


async def ok(request: web.Request) -> web.StreamResponse:
    return web.json_response({"host": request.host})


@pytest.mark.parametrize("host", ["binance.com", "fapi.binance.com", "stream.bybit.com"])
def test_exchanges_are_known_by_name(host: str) -> None:
    assert is_exchange(host)


@pytest.mark.parametrize(
    "host", ["example.org", "evilbinance.com", "binance.com.example.org", "127.0.0.1", "", "::1"]
)
def test_others_are_no_exchange(host: str) -> None:
    assert not is_exchange(host)


async def test_an_exchanges_name_leads_to_the_emulator(tmp_path: Path) -> None:
    async with wire(tmp_path, ok) as served, open_session(served.endpoint) as session:
        async with session.get("https://fapi.binance.com/fapi/v1/time") as answer:
            assert await answer.json() == {"host": "fapi.binance.com"}
        assert served.paths() == ["/fapi/v1/time"]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/",
        "http://fapi.binance.com/",
        "https://127.0.0.1:{port}/",
        "https://8.8.8.8/",
        "https://localhost:{port}/",
    ],
)
async def test_every_other_address_is_blocked_before_a_byte_leaves(
    tmp_path: Path, url: str
) -> None:
    async with wire(tmp_path, ok) as served, open_session(served.endpoint) as session:
        with pytest.raises(EgressBlocked):
            await session.get(url.format(port=served.endpoint.port))
        assert served.heard == []


async def test_websockets_are_blocked_alike(tmp_path: Path) -> None:
    async with wire(tmp_path, ok) as served, open_session(served.endpoint) as session:
        with pytest.raises(EgressBlocked):
            await session.ws_connect("wss://example.org/ws")


async def test_a_certificate_of_somebody_else_is_not_trusted(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    async with wire(tmp_path, ok) as served, wire(other, ok) as impostor:
        assert served.endpoint.ca_file is not None
        mixed = Endpoint(
            Realm.EMULATOR, port=impostor.endpoint.port, ca_file=served.endpoint.ca_file
        )
        async with open_session(mixed) as session:
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await session.get("https://fapi.binance.com/")
        assert impostor.heard == []


@pytest.mark.parametrize("endpoint", [PRODUCTION, TESTNET])
async def test_a_real_endpoint_resolves_exchanges_only(endpoint: Endpoint) -> None:
    resolver = ExchangeResolver(endpoint)
    with pytest.raises(EgressBlocked):
        await resolver.resolve("example.org", 443)
    await resolver.close()


def test_endpoints_do_not_contradict_themselves(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a port and a certificate"):
        Endpoint(Realm.EMULATOR)
    with pytest.raises(ValueError, match="contradicts"):
        Endpoint(Realm.PRODUCTION, port=1)
