"""What somebody sees who watches a demo: equity, positions with their stops, decisions."""

import asyncio
from collections import deque

from rich.console import Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table

from quantum_os.ai.decision import Decision
from quantum_os.cli.console import out
from quantum_os.cli.results import intents_of, module_of
from quantum_os.events.base import Event
from quantum_os.events.portfolio import TradeClosed
from quantum_os.events.risk import RiskRefusal, SafetyTripped
from quantum_os.events.sizing import TradeIntent
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.iso_time import iso
from quantum_os.kernel.runtime import Runtime
from quantum_os.lineup import Plan
from quantum_os.portfolio.ledger import Ledger
from quantum_os.portfolio.track_record import TrackRecord

FRAMES_PER_S = 4
DEEDS_SHOWN = 8
_SHOWN = frozenset({"trade.intent", "risk.refusal", "trade.closed", "safety.tripped"})


class RecentDeeds:
    """Keeps the last intents, refusals and closed trades as they are journaled."""

    def __init__(self) -> None:
        self.deeds: deque[tuple[int, str, str]] = deque(maxlen=DEEDS_SHOWN)

    def __call__(self, envelope: Envelope) -> None:
        if envelope.stream in _SHOWN:
            self.deeds.appendleft((envelope.ts, envelope.stream, _in_words(envelope.event())))


class LiveView:
    """Reads the modules' states a few times a second; it asks nothing and changes nothing."""

    def __init__(self, runtime: Runtime, plan: Plan, recent: RecentDeeds, market: str) -> None:
        self._runtime = runtime
        self._plan = plan
        self._recent = recent
        self._market = market

    async def run(self) -> None:
        with Live(console=out, refresh_per_second=FRAMES_PER_S, transient=True) as live:
            while True:
                live.update(self.screen())
                await asyncio.sleep(1 / FRAMES_PER_S)

    def screen(self) -> Group:
        return Group(self._headline(), self._positions(), self._deeds(), self._gates())

    def _headline(self) -> Panel:
        modules = self._runtime.modules
        wallet = module_of(modules, Ledger).state.wallet
        record = module_of(modules, TrackRecord).state
        intents = intents_of(modules)
        bus = self._runtime.bus
        health = self._runtime.health()
        text = (
            f"{iso(bus.instant.ns)}  mode {self._plan.mode}  profile {self._plan.policy.profile}  "
            f"market {self._market}\n"
            f"equity {wallet.equity:,.2f} USD  wallet {wallet.cash:,.2f}  "
            f"drawdown {wallet.drawdown:.2%}  trades {record.trades} ({record.wins} won)\n"
            f"intents {intents.total}  filled {intents.filled}  refused {intents.refused}  "
            f"residual {intents.residual}  events {bus.seq:,}  {health.summary}"
        )
        return Panel(text, title="Quantum OS demo: simulated money")

    def _positions(self) -> Table:
        columns = ("symbol", "side", "qty", "entry", "mark", "stop", "uPnL USD", "leverage")
        table = Table(*columns, title="Open positions", expand=True)
        for position in module_of(self._runtime.modules, Ledger).state.positions.values():
            stop = position.stop
            table.add_row(
                position.symbol,
                position.side,
                f"{position.qty.normalize():f}",
                f"{position.entry:.6g}",
                f"{position.mark:.6g}",
                f"{stop[0]:.6g}" if stop else "[red]none[/]",
                f"{position.upnl:+.2f}",
                f"{position.leverage}x",
            )
        return table

    def _deeds(self) -> Table:
        table = Table("time", "what", "", title="Latest decisions", expand=True)
        for ts, stream, words in self._recent.deeds:
            table.add_row(iso(ts), stream, words)
        return table

    def _gates(self) -> Table:
        title = "Why there was no trade, since the start"
        table = Table("gate", "held", "refused", title=title, expand=True)
        record = module_of(self._runtime.modules, TrackRecord).state
        policy = module_of(self._runtime.modules, Decision).state.policy
        for gate in list(dict.fromkeys([*record.holds, *record.refusals]))[:8]:
            held, refused = record.holds.get(gate, 0), record.refusals.get(gate, 0)
            table.add_row(gate, str(held or ""), str(refused or ""))
        table.caption = f"policy {policy.version}" if policy else "no policy yet"
        return table


def _in_words(event: Event) -> str:
    if isinstance(event, TradeIntent):
        return (
            f"{event.side} {event.symbol} {event.qty} at {event.ref_price}, stop {event.sl_price}, "
            f"{event.leverage}x, by {event.strategy}"
        )
    if isinstance(event, RiskRefusal):
        return f"{event.symbol}: {event.code} (value {event.value}, limit {event.limit})"
    if isinstance(event, TradeClosed):
        return f"{event.side} {event.symbol} {event.net:+.2f} USD, left by {event.exit_reason}"
    if isinstance(event, SafetyTripped):
        return f"{event.cause}: {event.action}; {event.way_out}"
    return ""
