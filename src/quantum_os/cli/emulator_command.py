"""`quantum-os emulator`: a Binance USD-M exchange on this machine, to trade at and to break."""

import asyncio
import os
import signal
from pathlib import Path

import msgspec
import rich_click as click

from quantum_os.cli.console import refuse
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.emulator.admin import Admin
from quantum_os.emulator.faults import Faults
from quantum_os.emulator.opening import Opening, logins_of, open_emulator
from quantum_os.emulator.server import EmulatorServer
from quantum_os.emulator.tls import CA_FILE, server_context
from quantum_os.kernel.iso_time import iso
from quantum_os.market.feeds.tape_error import TapeError


class Ready(msgspec.Struct, frozen=True):
    """What is printed once somebody may connect: one line of JSON.

    `said` tells what a capture has, and what it lacks.
    """

    rest: str
    stream: str
    admin: str
    port: int
    admin_port: int
    ca: str
    pid: int
    market_time: str
    pace: float
    synthetic: bool
    symbols: tuple[str, ...]
    said: tuple[str, ...]


@click.command("emulator")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=0,
    show_default=True,
    help="REST and WebSocket over TLS; 0: any free one.",
)
@click.option(
    "--admin-port",
    type=click.IntRange(0, 65_535),
    default=0,
    show_default=True,
    help="Faults, the clock and the books, over plain HTTP; 0: any free one.",
)
@click.option(
    "--tls-dir",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Where `ca.pem` is written: the authority that your client has to trust.",
)
@click.option(
    "--tape",
    type=click.Path(exists=True, path_type=Path),
    help="Play the klines and funding of this folder (Parquet or CSV).",
)
@click.option(
    "--capture",
    type=click.Path(exists=True, path_type=Path),
    help="Play the recorded Binance messages of this folder (binance_um_*.gz) or file. What it "
    "does not have is absent.",
)
@click.option(
    "--synthetic", type=int, metavar="SEED", help="Play a made-up market of 14 perpetuals."
)
@click.option(
    "--account",
    "accounts",
    multiple=True,
    required=True,
    metavar="KEY:SECRET:USDT",
    help="An API key, its secret and what its account begins with; may be given again.",
)
@click.option(
    "--pace",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="Market time over real time; 0: the market moves when POST /__clock says so.",
)
@click.option(
    "--times",
    type=click.Choice(["auto", "now", "recorded"]),
    default="auto",
    show_default=True,
    help="Move the tape to now, or keep its own times; auto: now at pace 1, else recorded.",
)
@click.option(
    "--history",
    "history_days",
    type=click.FloatRange(min=0),
    default=2.0,
    show_default=True,
    help="Days of the tape that are over when the market opens; a third of it at most.",
)
@click.option(
    "--points",
    type=click.IntRange(4, 3_600),
    help="Trades inside each bar of the tape. [default: one a second of real time, 15 to 300]",
)
@click.option("--maker-fee", type=float, default=2.0, show_default=True, help="Basis points.")
@click.option("--taker-fee", type=float, default=5.0, show_default=True, help="Basis points.")
@click.option(
    "--limits/--no-limits",
    default=True,
    help="Refuse what is beyond Binance's request and order limits, or only count it.",
)
def emulator(
    port: int,
    admin_port: int,
    tls_dir: Path,
    tape: Path | None,
    capture: Path | None,
    synthetic: int | None,
    accounts: tuple[str, ...],
    pace: float,
    times: str,
    history_days: float,
    points: int | None,
    maker_fee: float,
    taker_fee: float,
    limits: bool,
) -> None:
    """Serve a Binance USD-M exchange on this machine until Ctrl-C: test any bot against it.

    REST and WebSocket speak Binance's protocol over TLS on one port of the loopback, with a
    certificate for *.binance.com, localhost and 127.0.0.1. The admin port takes faults
    (POST /__fault), moves the clock (POST /__clock) and shows the books (GET /__state).

    One line of JSON on stdout says when it is ready, and where. The page `emulator` of the
    documentation has recipes for ccxt and other clients, and every fault.
    """
    if [tape, capture, synthetic].count(None) != 2:
        refuse("give one of --tape, --capture and --synthetic")
    try:
        opening = Opening(
            logins=logins_of(accounts),
            tape=tape,
            capture=capture,
            seed=synthetic or 0,
            pace=pace,
            as_recorded={"auto": None, "now": False, "recorded": True}[times],
            history_days=history_days,
            points=points,
            maker_fee_bps=maker_fee,
            taker_fee_bps=taker_fee,
            enforce_limits=limits,
        )
        server = open_emulator(opening)
        asyncio.run(_served(server, (port, admin_port), tls_dir, synthetic is not None))
    except (TapeError, ValueError, OSError) as error:
        refuse(str(error))
    except BaseExceptionGroup as group:
        refuse(f"the venue broke: {group.exceptions[0]}", ExitCode.FAILED)


async def _served(
    server: EmulatorServer, ports: tuple[int, int], tls_dir: Path, synthetic: bool
) -> None:
    """Serves until a signal comes, or until the venue breaks."""
    context = await asyncio.to_thread(server_context, tls_dir)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for wanted in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(wanted, stop.set)
    try:
        port = await server.start(context, ports[0])
        admin_port = await Admin(server, Faults(server)).listen(ports[1])
        click.echo(msgspec.json.encode(_ready(server, port, admin_port, tls_dir, synthetic)))
        ended = asyncio.create_task(stop.wait())
        running = asyncio.create_task(server.run())
        await asyncio.wait({ended, running}, return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if running.done():
            running.result()
        running.cancel()
    finally:
        await server.stop()


def _ready(
    server: EmulatorServer, port: int, admin_port: int, tls_dir: Path, synthetic: bool
) -> Ready:
    return Ready(
        rest=f"https://localhost:{port}",
        stream=f"wss://localhost:{port}",
        admin=f"http://127.0.0.1:{admin_port}",
        port=port,
        admin_port=admin_port,
        ca=str((tls_dir / CA_FILE).absolute()),
        pid=os.getpid(),
        market_time=iso(server.clock.now()),
        pace=server.clock.pace,
        synthetic=synthetic,
        symbols=tuple(contract.name for contract in server.exchange.contracts.all),
        said=server.said,
    )
