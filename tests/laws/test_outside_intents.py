"""An intent from outside trades in the whole fund as ours do: through the gate, with its stop."""

import msgspec
import pytest

from quantum_os.events.execution import ExecutionResult, Fill, Leg, OrderRequested, ResultStatus
from quantum_os.events.exits import ExitbrainAdaptiveLevels
from quantum_os.events.portfolio import TradeClosed
from quantum_os.events.risk import RiskPermit, RiskRefusal
from quantum_os.events.sizing import IntentReceived, TradeIntent
from quantum_os.events.units import NS_PER_HOUR, Ns, Qty
from quantum_os.execution.conservation import Conservation
from quantum_os.market.feeds.synthetic import START_NS
from quantum_os.sizing.desk import Desk
from tests.laws.auditor import violations
from tests.laws.scenario import Recorded, Scenario, play, with_input


class SilentDesk(Desk):
    """Wishes for nothing, so that whatever is traded came from outside."""

    def on_levels(self, event: ExitbrainAdaptiveLevels) -> TradeIntent | None:
        return None


def permitted(run: Recorded) -> TradeIntent:
    """The first of the fund's own intents that was permitted."""
    return next(event.intent for _, event in run.events if isinstance(event, RiskPermit))


def asked(intent: TradeIntent) -> IntentReceived:
    """The same wish as an outside producer would send it."""
    theirs = msgspec.structs.replace(intent, intent_id="0123456789ab", decision_id="ba9876543210")
    return IntentReceived(
        delivery="quantum:stream:trade.intent/1-0",
        producer="bot",
        intent_id=theirs.intent_id,
        decision_id=theirs.decision_id,
        symbol=theirs.symbol,
        side=theirs.side,
        created=theirs.created,
        intent=theirs,
    )


def played(intent: TradeIntent, event: IntentReceived) -> Recorded:
    """Plays the market again with nobody wishing but the one outside."""
    hour = (intent.created - START_NS) / NS_PER_HOUR
    return play(
        Scenario(), variants=(SilentDesk(),), bent=lambda frames: with_input(frames, hour, event)
    )


def said(run: Recorded, kind: type) -> list[object]:
    return [event for _, event in run.events if isinstance(event, kind)]


def books(run: Recorded) -> Conservation:
    (found,) = [each for each in run.modules if isinstance(each, Conservation)]
    return found


@pytest.fixture(scope="module")
def wish(recorded: Recorded) -> TradeIntent:
    return permitted(recorded)


@pytest.fixture(scope="module")
def traded(wish: TradeIntent) -> Recorded:
    return played(wish, asked(wish))


def test_it_is_permitted_filled_protected_and_closed_like_ours(
    traded: Recorded, wish: TradeIntent
) -> None:
    run = traded
    (permit,) = said(run, RiskPermit)
    (result,) = said(run, ExecutionResult)
    assert isinstance(permit, RiskPermit)
    assert isinstance(result, ExecutionResult)
    assert (result.intent_id, result.status) == ("0123456789ab", ResultStatus.FILLED)
    assert 0 < permit.qty <= wish.qty
    legs = [order.leg for order in said(run, OrderRequested) if isinstance(order, OrderRequested)]
    assert legs[:2] == [Leg.ENTRY, Leg.STOP]
    assert said(run, Fill)
    (closed,) = said(run, TradeClosed)
    assert isinstance(closed, TradeClosed)
    assert closed.intent_id == "0123456789ab"
    state = books(run).state
    assert (state.total, state.filled, books(run).residual, state.in_flight) == (1, 1, 0, 0)
    assert violations(run, "order", "entries", "exits", "money") == []


def test_the_gate_judges_it_as_it_judges_ours(wish: TradeIntent) -> None:
    greedy = msgspec.structs.replace(wish, qty=Qty(wish.qty * 1_000))
    run = played(wish, asked(greedy))
    assert said(run, RiskPermit) == []
    assert len(said(run, RiskRefusal)) == 1
    assert books(run).state.refused == 1


def test_a_stale_one_sends_no_order(wish: TradeIntent) -> None:
    event = msgspec.structs.replace(asked(wish), created=Ns(wish.created - NS_PER_HOUR))
    run = played(wish, event)
    (result,) = said(run, ExecutionResult)
    assert isinstance(result, ExecutionResult)
    assert result.status is ResultStatus.SKIPPED_STALE
    assert said(run, OrderRequested) == []
    assert (books(run).state.expired, books(run).residual) == (1, 0)


def test_a_run_with_one_replays_to_the_same_bits(traded: Recorded, wish: TradeIntent) -> None:
    again = played(wish, asked(wish))
    assert str(traded.digest.events) == str(again.digest.events)


def test_the_silent_desk_trades_nothing_by_itself() -> None:
    run = play(Scenario(), variants=(SilentDesk(),))
    assert said(run, TradeIntent) == []
    assert said(run, OrderRequested) == []
