"""Clients that know nothing of us trade at the command's process; what was said is kept."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


def asked(program: str, ca: str, *arguments: str) -> str:
    """Runs a client as a program of its own, and gives what it printed."""
    names = ("REQUESTS_CA_BUNDLE", "WEBSOCKET_CLIENT_CA_BUNDLE")
    client = subprocess.run(
        [sys.executable, str(HERE / program), *arguments],
        capture_output=True,
        text=True,
        timeout=READY_S,
        env={**os.environ, **dict.fromkeys(names, ca)},
        check=False,
    )
    assert client.returncode == 0, client.stderr
    return client.stdout


def test_binances_own_connector_trades_and_streams(ready: dict[str, Any]) -> None:
    addresses = (ready["rest"], ready["stream"], ready["admin"])
    transcript = asked("connector_client.py", ready["ca"], *addresses)
    if os.environ.get("KEEP_TRANSCRIPTS"):
        KEPT.write_text(transcript)
    assert transcript == KEPT.read_text()


async def test_plain_ccxt_trades(tmp_path: Path) -> None:
    async with emulated(tmp_path) as venue, venue.session() as session:
        client = ccxt.async_support.binanceusdm(
            {"apiKey": "KEY1", "secret": "SECRET1", "session": session}
        )
        bought = await client.create_order(SYMBOL, "market", "buy", 0.01)
        assert bought["status"] == "closed"
        assert (await client.fetch_order(bought["id"], SYMBOL))["filled"] == 0.01
        await client.close()


def test_ccxt_without_asyncio_trades(ready: dict[str, Any]) -> None:
    client = asked("plain_ccxt_client.py", ready["ca"], str(ready["port"]))
    assert client == "open canceled\n"
