"""`quantum-os download-data`: an exchange's history as files that a backtest reads."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import rich_click as click

from quantum_os.cli.console import err, out, print_json, progress_bar, refuse
from quantum_os.cli.endpoints import emulator_options, endpoint_of
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.options import Moment, json_option
from quantum_os.events.units import NS_PER_MS
from quantum_os.formulas.symbols import perpetual
from quantum_os.formulas.timeframes import TIMEFRAMES
from quantum_os.kernel import logs
from quantum_os.kernel.iso_time import iso
from quantum_os.market.feeds.tape_files import TapeKind
from quantum_os.settings import SettingsError

if TYPE_CHECKING:
    from quantum_os.market.feeds.live.download import Asked, Got

STEPS = 1_000
"""Of the progress bar."""

KINDS = {
    "klines": TapeKind.KLINES,
    "funding": TapeKind.FUNDING,
    "mark": TapeKind.MARK,
}


class Downloaded(msgspec.Struct, frozen=True):
    """The folder and every file that was asked for."""

    folder: str
    files: "list[Got]"


@click.command("download-data")
@click.option(
    "--venue", type=click.Choice(["binance", "bybit"]), required=True, help="Whose history it is."
)
@click.option(
    "--symbols",
    required=True,
    metavar="NAMES",
    help="The perpetuals, by comma: BTC, BTCUSDT or BTC/USDT:USDT.",
)
@click.option(
    "--timeframe",
    type=click.Choice(list(TIMEFRAMES)),
    default="5m",
    show_default=True,
    help="The length of a bar.",
)
@click.option("--from", "start", type=Moment(), required=True, help="First bar to open.")
@click.option(
    "--to", "end", type=Moment(), help="Last bar to close. [default: the last one that has closed]"
)
@click.option(
    "--what",
    "kinds",
    type=click.Choice(list(KINDS)),
    multiple=True,
    help="Only this kind; may be given again. [default: klines, funding and mark]",
)
@click.option(
    "--out",
    "folder",
    type=click.Path(path_type=Path),
    required=True,
    help="The folder to write; `backtest --data` reads it as it is.",
)
@emulator_options
@json_option
def download_data(
    venue: str,
    symbols: str,
    timeframe: str,
    start: int,
    end: int | None,
    kinds: tuple[str, ...],
    folder: Path,
    emulator: str | None,
    ca: str | None,
    as_json: bool,
) -> None:
    """Fetch klines, funding and mark prices from an exchange, without keys.

    What is there already is not fetched again, and a fetch that broke off goes on where it stood:
    give the same command again. A later --to goes on behind the end. Every row is checked, and
    manifest.json holds each file's span, its holes and its SHA-256.
    """
    from quantum_os.market.feeds.live.download import Asked

    logs.configure("WARNING")
    try:
        asked = Asked(
            venue=venue,
            endpoint=endpoint_of(emulator or "", ca or ""),
            symbols=_symbols(symbols),
            timeframe=timeframe,
            start=start,
            end=2**63 - 1 if end is None else end,
            kinds=tuple(KINDS[kind] for kind in dict.fromkeys(kinds or KINDS)),
            folder=folder,
        )
        if asked.end <= asked.start:
            raise SettingsError("--to is not later than --from")
    except (SettingsError, ValueError) as error:
        refuse(str(error))
    _tell(Downloaded(str(folder), _fetched(asked)), as_json=as_json)


def _symbols(text: str) -> tuple[str, ...]:
    """Reads names by comma; raises ValueError for one that is no perpetual."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise SettingsError("--symbols: name at least one perpetual")
    return tuple(dict.fromkeys(perpetual(name) for name in names))


def _fetched(asked: "Asked") -> "list[Got]":
    from quantum_os.market.feeds.live.download import download
    from quantum_os.market.feeds.live.history import HistoryError
    from quantum_os.market.feeds.live.shelf import ShelfError

    try:
        with progress_bar("download-data", 0, STEPS) as moved:
            return asyncio.run(
                download(asked, lambda done, of: moved(min(STEPS, STEPS * done // of)))
            )
    except HistoryError as error:
        refuse(f"{error}; what was fetched is kept, the same command goes on", ExitCode.FAILED)
    except (ShelfError, OSError) as error:
        refuse(str(error))
    except KeyboardInterrupt:
        refuse("interrupted; the same command goes on where it stood", ExitCode.INTERRUPTED)


def _tell(found: Downloaded, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    for got in found.files:
        if got.entry is None:
            err.print(f"{got.file}: the exchange has nothing in this span", style="yellow")
        elif not as_json:
            entry = got.entry
            span = f"{_day(entry.first)} .. {_day(entry.last)}"
            holes = f", {entry.missing:,} missing" if entry.missing else ""
            out.print(
                f"{got.outcome:<8}{entry.rows:>10,} rows  {span}{holes}  {got.file}",
                highlight=False,
                soft_wrap=True,
            )
    if not as_json and any(got.entry is not None for got in found.files):
        out.print(f"\nNext:\n  quantum-os check-data {found.folder}", highlight=False)
        out.print(f"  quantum-os backtest --data {found.folder}", highlight=False)


def _day(time_ms: int) -> str:
    return iso(time_ms * NS_PER_MS)[:16]
