"""Clients that know nothing of us trade at the command's process; what was said is kept."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ccxt
import ccxt.async_support
import msgspec
import pytest

from tests.emulator.emulated import SYMBOL, emulated

HERE = Path(__file__).parent
KEPT = HERE / "transcripts" / "binance_futures_connector.txt"
READY_S = 60


@pytest.fixture
def ready(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The command as somebody types it, stepped, until it has ended cleanly."""
    command = [sys.executable, "-m", "quantum_os", "emulator", "--tls-dir", str(tmp_path)]
    command += ["--synthetic", "7", "--pace", "0", "--account", "KEY1:SECRET1:10000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            line = process.stdout.readline()
            assert line, process.stderr.read().decode()
            yield msgspec.json.decode(line)
        finally:
            process.send_signal(signal.SIGTERM)
            _, complaints = process.communicate(timeout=READY_S)
    assert (process.returncode, complaints.decode()) == (0, "")


def test_binances_own_connector_trades_and_streams(ready: dict[str, Any]) -> None:
    names = ("REQUESTS_CA_BUNDLE", "WEBSOCKET_CLIENT_CA_BUNDLE")
    trusted = dict.fromkeys(names, ready["ca"])
    addresses = [ready["rest"], ready["stream"], ready["admin"]]
    client = subprocess.run(
        [sys.executable, str(HERE / "connector_client.py"), *addresses],
        capture_output=True,
        text=True,
        timeout=READY_S,
        env={**os.environ, **trusted},
        check=False,
    )
    assert client.returncode == 0, client.stderr
    if os.environ.get("KEEP_TRANSCRIPTS"):
        KEPT.write_text(client.stdout)
    assert client.stdout == KEPT.read_text()


async def test_plain_ccxt_trades(tmp_path: Path) -> None:
    async with emulated(tmp_path) as venue, venue.session() as session:
        client = ccxt.async_support.binanceusdm(
            {"apiKey": "KEY1", "secret": "SECRET1", "session": session}
        )
        bought = await client.create_order(SYMBOL, "market", "buy", 0.01)
        assert bought["status"] == "closed"
        assert (await client.fetch_order(bought["id"], SYMBOL))["filled"] == 0.01
        await client.close()


async def test_ccxt_without_asyncio_trades(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with emulated(tmp_path) as venue:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(venue.ca))

        def trade() -> tuple[Any, Any]:
            client = ccxt.binanceusdm(
                {"apiKey": "KEY1", "secret": "SECRET1", "requests_trust_env": True}
            )
            for name, address in client.urls["api"].items():
                if isinstance(address, str):
                    host = address.split("/")[2]
                    client.urls["api"][name] = address.replace(
                        host, f"localhost:{venue.server.port}"
                    )
            placed = client.create_order(SYMBOL, "limit", "buy", 0.01, venue_price(client))
            return placed, client.cancel_order(placed["id"], SYMBOL)

        def venue_price(client: Any) -> float:
            return float(client.fetch_ticker(SYMBOL)["last"]) * 0.97

        placed, cancelled = await asyncio.to_thread(trade)
        assert (placed["status"], cancelled["status"]) == ("open", "canceled")
