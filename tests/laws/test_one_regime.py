"""A symbol has one regime at a time, said once, and everybody goes by the same one."""

from quantum_os.events.ai import AiDecisionMade, AiSignalGenerated, MetaRegime, SignalResolved
from quantum_os.events.units import Regime
from tests.laws.scenario import Recorded


def test_f92_a_regime_is_said_once_and_all_go_by_it(recorded: Recorded) -> None:
    said: dict[str, Regime] = {}
    at_vote: dict[tuple[str, int], Regime] = {}
    used = 0
    for _, event in recorded.events:
        if isinstance(event, MetaRegime):
            assert event.previous == said.get(event.symbol, Regime.UNKNOWN)
            assert event.label != event.previous
            said[event.symbol] = event.label
        elif isinstance(event, AiSignalGenerated):
            for symbol, regime in zip(event.symbols, event.regime, strict=True):
                assert regime is said.get(symbol, Regime.UNKNOWN)
                at_vote[symbol, event.bar_close] = regime
                used += 1
        elif isinstance(event, AiDecisionMade | SignalResolved):
            assert event.regime is at_vote[event.symbol, event.bar_close]
    assert used > 100
    assert len(set(at_vote.values())) > 2
