"""What a person reads at the end of a run: trades, costs, drawdown, and which gates refused."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from quantum_os.ai.voter_card import Origin
from quantum_os.cli.baseline_view import told
from quantum_os.cli.results import RunResult
from quantum_os.events.ai import ID_DIGITS
from quantum_os.execution.venues.fee_tiers import Fees

SILENCES_SHOWN = 4
"""Reasons of silence; the rest is in `run.json`."""

GATES_SHOWN = 12
"""Rows of the refusals; the rest is in `run.json`."""


def usd(value: float) -> str:
    return f"{value:+,.2f} USD"


def percent(value: float) -> str:
    return f"{value:.2%}"


def report(result: RunResult, console: Console, folder: Path | None) -> None:
    """Prints a run as three tables and the list of what it assumed."""
    if result.verdict:
        console.print(result.verdict, highlight=False)
    console.print(_summary(result))
    if result.verdict:
        console.print(_scores(result))
    console.print(_costs(result))
    if result.refusals or result.holds or result.report_only:
        console.print(_refusals(result))
    for fault in result.faults:
        console.print(f"broke down: {fault}", style="red", highlight=False, markup=False)
    for assumption in result.assumptions:
        console.print(f"assumed: {assumption}", style="dim", highlight=False)
    for line in () if result.baselines is None else told(result.baselines):
        console.print(line, highlight=False, soft_wrap=True)
    if result.trades == 0:
        console.print("No trade: the gates above refused every signal. That is a result.")
    if folder is not None:
        console.print(f"written to {folder}")
        console.print(f"  see it:    quantum-os report {folder} --open", highlight=False)
        console.print(f"  verify it: quantum-os replay {folder} --verify", highlight=False)


def _summary(result: RunResult) -> Table:
    made_up = ", SYNTHETIC market" if result.synthetic else ""
    title = f"run {result.run_id}, profile {result.profile}{made_up}"
    table = Table(title=title, show_header=False)
    table.add_row("span", f"{result.start} .. {result.end}")
    table.add_row(
        "market", f"{result.bars:,} bars of {result.timeframe}, {len(result.symbols)} symbols"
    )
    table.add_row("decided", f"each {result.decision_timeframe}, by {_deciders(result)}")
    if result.fees_charged is not None:
        table.add_row("venue's fees", _fees(result.fees_charged))
    table.add_row("trades", f"{result.trades} ({result.wins} won)")
    table.add_row("net profit", usd(result.net_pnl))
    table.add_row("equity", f"{result.equity:,.2f} of {result.deposit:,.2f} USD")
    table.add_row("max drawdown", percent(result.max_drawdown))
    table.add_row("Sharpe, daily", "n/a" if result.sharpe is None else f"{result.sharpe:.2f}")
    table.add_row("intents", _intents(result))
    table.add_row("leverage", ", ".join(f"{k}x: {n}" for k, n in result.leverage.items()) or "n/a")
    table.add_row("left by", ", ".join(f"{k} {n}" for k, n in result.exit_reasons.items()) or "n/a")
    liquidations = "n/a" if result.liquidations is None else str(result.liquidations)
    table.add_row("liquidations", liquidations)
    table.add_row("longest without a stop", f"{result.seconds_naked_max:.3f} s")
    table.add_row("ledger vs venue", f"at most {result.equity_identity_error:.8f} USD apart")
    table.add_row("speed", f"{result.bars_per_s:,.0f} bars/s, {result.events:,} events")
    return table


def _deciders(result: RunResult) -> str:
    """Names who decided; beside learned models the voters only speak."""
    if result.models is None:
        return _voters(result)
    models = result.models
    return f"the models {models.hash[:ID_DIGITS]} of {models.source}; beside them {_voters(result)}"


def _voters(result: RunResult) -> str:
    """Names who voted; one that is not built in with its version and the hash of its code."""
    return ", ".join(
        card.name
        if card.origin is Origin.BUILT_IN
        else f"{card.name} {card.version} ({card.origin}, {card.hash[:8]})"
        for card in result.voters
    )


def _fees(fees: Fees) -> str:
    named = f" ({fees.tier})" if fees.tier else ""
    return f"maker {fees.maker_bps:g} bps, taker {fees.taker_bps:g} bps{named}"


def _intents(result: RunResult) -> str:
    intents = result.intents
    return (
        f"{intents.total} = {intents.filled} filled + {intents.refused} refused + "
        f"{intents.expired} expired + {intents.superseded} superseded + "
        f"{intents.in_flight} in flight (residual {intents.residual})"
    )


def _scores(result: RunResult) -> Table:
    """What the learned models were worth, as probabilities and as trades."""
    table = Table(title="What the models were worth", show_header=False)
    table.add_row(
        "log-loss", f"{_number(result.log_loss)}, base rate's {_number(result.base_log_loss)}"
    )
    table.add_row("gain, 95 % interval", _span(result.gain_ci, "nats"))
    table.add_row("ECE, Brier", f"{_number(result.ece)}, {_number(result.brier)}")
    table.add_row("resolved outcomes", f"{result.outcomes or 0:,}")
    table.add_row("answered", "n/a" if result.coverage is None else percent(result.coverage))
    silences = [f"{reason} {count:,}" for reason, count in result.silences.items()]
    table.add_row("silent", ", ".join(silences[:SILENCES_SHOWN]) or "never")
    table.add_row(
        "R each, net", f"{_number(result.expectancy_r)} ({_span(result.expectancy_ci, 'R')})"
    )
    chance = f"DSR {_number(result.dsr)}, PBO {_number(result.pbo)}, {result.trials} trials"
    table.add_row("luck", chance)
    return table


def _number(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.4f}"


def _span(interval: tuple[float, float] | None, unit: str) -> str:
    return "n/a" if interval is None else f"{interval[0]:+.4f} .. {interval[1]:+.4f} {unit}"


def _costs(result: RunResult) -> Table:
    table = Table("gross", "fees", "funding", "net", title="What it cost")
    table.add_row(
        usd(result.gross_pnl), usd(-result.fees), usd(result.funding), usd(result.net_pnl)
    )
    return table


def _refusals(result: RunResult) -> Table:
    table = Table("gate", "held", "refused", "only reported", title="Who said no")
    gates = dict.fromkeys([*result.holds, *result.refusals, *result.report_only])
    for gate in list(gates)[:GATES_SHOWN]:
        counts = (result.holds, result.refusals, result.report_only)
        table.add_row(gate, *(str(count.get(gate, 0) or "") for count in counts))
    return table
