"""Three commands follow a demo, filled with what the run really had."""

from pathlib import Path

from msgspec.structs import replace

from quantum_os.cli.deeds import Deeds
from quantum_os.cli.next_steps import next_steps
from quantum_os.events.ai import CandidateRefused, DecisionSummary, Disposition, Gate
from quantum_os.events.base import Event
from quantum_os.events.portfolio import TradeClosed
from quantum_os.events.risk import RiskPermit
from quantum_os.events.units import Ns
from tests.cli.test_deeds import envelope, permit
from tests.events.examples import example_of

FOLDER = Path("runs/demo-0123")
ALL = ("why", "trace", "report", "replay", "runs", "lineup")
HOUR = Ns(1_735_729_200_000_000_000)


def summary(*dispositions: Disposition) -> DecisionSummary:
    found = example_of(DecisionSummary)
    assert isinstance(found, DecisionSummary)
    symbols = ("BTC/USDT:USDT", "ETH/USDT:USDT")[: len(dispositions)]
    return replace(found, bar_close=HOUR, symbols=symbols, disposition=dispositions)


def closed() -> TradeClosed:
    found = example_of(TradeClosed)
    assert isinstance(found, TradeClosed)
    return replace(found, decision_id="d-closed")


def after(*events: Event) -> Deeds:
    deeds = Deeds("binance")
    for event in events:
        deeds(envelope(event))
    return deeds


def test_all_three_are_filled_with_the_runs_own_values() -> None:
    decided = summary(Disposition.CANDIDATE, Disposition.HOLD)
    assert next_steps(after(decided, closed()), FOLDER, ALL) == [
        "quantum-os why ETH/USDT:USDT 2025-01-01T11:00:00Z --run runs/demo-0123",
        "quantum-os trace d-closed --run runs/demo-0123",
        "quantum-os report runs/demo-0123",
    ]


def test_without_a_trade_the_last_entry_or_refusal_is_traced() -> None:
    refused = CandidateRefused("d-refused", "BTC/USDT:USDT", HOUR, "sizing", Gate.MIN_NOTIONAL)
    decided = summary(Disposition.CANDIDATE)
    step = next_steps(after(decided, refused), FOLDER, ALL)[1]
    assert step == "quantum-os trace d-refused --run runs/demo-0123"
    entered: RiskPermit = permit()
    step = next_steps(after(decided, refused, entered), FOLDER, ALL)[1]
    assert step == f"quantum-os trace {entered.intent.decision_id} --run runs/demo-0123"


def test_what_a_run_has_no_value_for_is_left_out() -> None:
    assert next_steps(after(), FOLDER, ALL) == [
        "quantum-os report runs/demo-0123",
        "quantum-os replay runs/demo-0123 --verify",
        "quantum-os runs runs",
    ]


def test_a_command_that_does_not_exist_is_never_named() -> None:
    decided = summary(Disposition.HOLD)
    steps = next_steps(after(decided, closed()), FOLDER, ("replay", "runs", "lineup"))
    assert steps == [
        "quantum-os replay runs/demo-0123 --verify",
        "quantum-os runs runs",
        "quantum-os lineup --json",
    ]
    assert len(next_steps(after(), None, ALL)) == 3


def test_a_folder_with_a_blank_is_quoted() -> None:
    steps = next_steps(after(), Path("my runs/one"), ("replay", "runs", "lineup"))
    assert steps[0] == "quantum-os replay 'my runs/one' --verify"
