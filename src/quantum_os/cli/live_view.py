"""What somebody sees who watches a demo: equity, positions with their stops, decisions, why not."""

import asyncio
from collections import Counter

import msgspec
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from quantum_os.cli.console import out
from quantum_os.cli.deeds import Deeds, base, gate_words, signed_r
from quantum_os.cli.equity_curve import BLOCKS, PLAIN, EquityCurve
from quantum_os.cli.results import module_of
from quantum_os.cli.standing import Standing, held_back, standing_of
from quantum_os.events.units import NS_PER_S
from quantum_os.kernel.iso_time import iso
from quantum_os.kernel.runtime import Runtime
from quantum_os.lineup import Plan
from quantum_os.portfolio.positions import OpenPosition
from quantum_os.portfolio.track_record import TrackRecord

FRAMES_PER_S = 4
CURVE_WIDTH = 60
WIDE = 150
"""Columns from which decisions and reasons stand side by side."""

ROWS_AROUND = 15
"""Lines of the screen that are always there: headline, frames and titles of two tables."""

NARROW = 120
"""Columns under which the headline wraps and positions leave out what matters least."""

WRAPPED_LINES = 2

ROWS_OF_A_FRAME = 7
"""Lines of one more table around its rows, with its caption."""

ROWS_FOR_BOTH = 15
"""Lines that decisions and reasons need one above the other."""

COLUMNS = (
    *("symbol", "side", "qty", "entry", "mark", "stop"),
    *("away", "now", "uPnL USD", "x", "by"),
)
LEFT_OUT = frozenset({"qty", "entry", "by"})

SUMMARY_SHOWN = 40
"""Characters of the modules' health."""

GATES_SHOWN = 5
"""Gates named with their counts since the start."""


class Watched(msgspec.Struct, frozen=True):
    """What is watched: the market's name, its start, from when it is paced (ns), and how fast."""

    name: str
    is_synthetic: bool
    start: int
    watched_from: int
    speed: float


class LiveView:
    """Reads the modules' states a few times a second; it asks nothing and changes nothing."""

    def __init__(
        self,
        runtime: Runtime,
        plan: Plan,
        deeds: Deeds,
        watched: Watched,
        *,
        console: Console = out,
    ) -> None:
        self._console = console
        self._runtime = runtime
        self._plan = plan
        self._deeds = deeds
        self._watched = watched
        self._curve = EquityCurve()
        self._blocks = BLOCKS if console.encoding.lower().startswith("utf") else PLAIN

    async def run(self) -> None:
        with Live(console=self._console, auto_refresh=False, transient=True) as live:
            while True:
                live.update(self.screen(), refresh=True)
                await asyncio.sleep(1 / FRAMES_PER_S)

    def screen(self) -> Group:
        """Draws one frame."""
        standing = standing_of(self._runtime.modules)
        self._curve.note(float(standing.equity))
        around = ROWS_AROUND + (WRAPPED_LINES if self._console.width < NARROW else 0)
        rows = self._console.height - around - max(1, len(standing.positions))
        return Group(self._headline(standing), self._positions(standing), *self._below(rows))

    def _below(self, rows: int) -> tuple[RenderableType, ...]:
        """Decisions and reasons in `rows` lines: side by side, stacked, or decisions alone."""
        if self._console.width >= WIDE:
            beside = Table.grid(expand=True, padding=(0, 1))
            beside.add_column(ratio=3)
            beside.add_column(ratio=2)
            beside.add_row(self._decided(max(2, rows)), self._reasons(max(2, rows)))
            return (beside,)
        if rows < ROWS_FOR_BOTH:
            return (self._decided(max(2, rows)),)
        half = (rows - ROWS_OF_A_FRAME) // 2
        return self._decided(half), self._reasons(half)

    def _headline(self, standing: Standing) -> Panel:
        bus, intents = self._runtime.bus, standing.intents
        style = "green" if standing.gain >= 0 else "red"
        text = Text()
        text.append_text(self._where())
        text.append(f"\nequity {standing.equity:,.2f} USD ", "bold")
        text.append(f"{standing.gain:+.2%} ", style)
        text.append(self._curve.line(CURVE_WIDTH, self._blocks), style)
        text.append(
            f"\ncash {standing.cash:,.2f}  drawdown {standing.drawdown:.2%}  "
            f"trades {standing.trades} ({standing.wins} won)  intents {intents.total}: "
            f"{intents.filled} filled, {intents.refused} refused, residual {intents.residual}  "
            f"events {bus.seq:,}  {self._runtime.health().summary[:SUMMARY_SHOWN]}"
        )
        return Panel(text, title="Quantum OS demo: simulated money", expand=True)

    def _where(self) -> Text:
        """The market and its time, how real it is, how fast it goes, how old its last price is."""
        watched, now = self._watched, self._runtime.bus.instant.ns
        text = Text()
        mark = " SYNTHETIC " if watched.is_synthetic else f" {watched.name} "
        text.append(mark, "black on yellow" if watched.is_synthetic else "black on cyan")
        text.append(f" {iso(now // NS_PER_S * NS_PER_S)}  ", "bold")
        text.append(f"mode {self._plan.mode}  profile {self._plan.policy.profile}  ")
        if now < watched.watched_from:
            done = (now - watched.start) / max(1, watched.watched_from - watched.start)
            text.append(f"catching up with history: {max(0.0, done):.0%}", "yellow")
        else:
            text.append(f"{watched.speed:g}x real time  ")
            age = self._deeds.data_age_s
            text.append("no data yet" if age is None else f"last price {age:.1f} s ago")
        return text

    def _positions(self, standing: Standing) -> Table:
        is_narrow = self._console.width < NARROW
        table = Table(title="Open positions", expand=True)
        for column in _shown(COLUMNS, is_narrow):
            table.add_column(column, no_wrap=True)
        for position in standing.positions:
            table.add_row(*_shown(_row(position), is_narrow))
        if not standing.positions:
            table.add_row("[dim]none[/]")
        return table

    def _decided(self, rows: int) -> Table:
        table = Table(title="Latest decisions", expand=True)
        table.add_column("time", no_wrap=True)
        table.add_column("the fund", no_wrap=True, ratio=1)
        for deed in list(self._deeds.latest)[:rows]:
            table.add_row(iso(deed.ts // NS_PER_S * NS_PER_S)[5:19], Text(deed.words, deed.style))
        return table

    def _reasons(self, rows: int) -> Table:
        summary = self._deeds.summary
        table = Table("gate", "symbols", "value / limit", expand=True)
        table.caption = self._so_far()
        if summary is None:
            table.title = "Why there was no trade: no decision yet"
            return table
        table.title = f"Why there was no trade at {iso(summary.bar_close)}"
        for held in held_back(summary)[:rows]:
            table.add_row(
                gate_words(held.gate),
                ", ".join(base(symbol) for symbol in held.symbols),
                "" if held.value is None or held.limit is None else _of(held.value, held.limit),
            )
        return table

    def _so_far(self) -> str:
        """The gates that said no most often since the start."""
        record = module_of(self._runtime.modules, TrackRecord).state
        counts = Counter(record.holds) + Counter(record.refusals)
        most = (f"{gate_words(gate)} {count}" for gate, count in counts.most_common(GATES_SHOWN))
        return f"since the start: {', '.join(most)}" if counts else "nothing was held back yet"


def _of(value: float, limit: float) -> str:
    return f"{value:.4g} / {limit:.4g}"


def _shown(cells: tuple[str, ...], is_narrow: bool) -> list[str]:
    pairs = zip(COLUMNS, cells, strict=True)
    return [cell for column, cell in pairs if not (is_narrow and column in LEFT_OUT)]


def _row(position: OpenPosition) -> tuple[str, ...]:
    stop, result = position.stop, position.in_r(position.upnl)
    style = "green" if position.upnl >= 0 else "red"
    return (
        base(position.symbol),
        position.side,
        f"{position.qty.normalize():f}",
        f"{position.entry:.6g}",
        f"{position.mark:.6g}",
        f"{stop[0]:.6g}" if stop else "[bold red]none[/]",
        f"{abs(position.mark / stop[0] - 1):.2%}" if stop else "",
        f"[{style}]{signed_r(result)}[/]",
        f"[{style}]{position.upnl:+.2f}[/]",
        f"{position.leverage}",
        position.origin.strategy or "n/a",
    )
