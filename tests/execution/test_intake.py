"""What comes from outside ends once: stale, superseded, refused, drained, or let in to the gate."""

from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.ai import Gate
from quantum_os.events.base import Event
from quantum_os.events.execution import ExecutionResult, ResultStatus
from quantum_os.events.risk import RiskRefusal
from quantum_os.events.sizing import IntentReceived, TradeIntent
from quantum_os.events.system import TimerFired, TimerSet
from quantum_os.events.units import NS_PER_S, Ns
from quantum_os.execution.conservation import Conservation
from quantum_os.execution.intake import TIMER, Intake, IntakeConfig
from quantum_os.kernel.instant import Instant
from tests.execution.desk import BTC, ETH, T0, intent, policy_updated

TTL_S = 60


class Desk:
    """An intake with the books of intents beside it; the gate refuses whatever is let in."""

    def __init__(self, intake: Intake | None = None) -> None:
        self.instant = Instant(T0)
        self.intake = intake or Intake()
        self.books = Conservation()
        self.said: list[Event] = []
        for module in (self.intake, self.books):
            module.keep_time_by(self.instant)
        self.intake.on_policy(policy_updated())

    def hears(self, *events: IntentReceived | TimerFired) -> list[Event]:
        """Gives what was said to these, and to all that came of it."""
        before = len(self.said)
        for event in events:
            if isinstance(event, IntentReceived):
                self.books.on_received(event)
            handle = self.intake.handlers()[type(event)]
            for answer in list(handle(event) or ()):  # type: ignore[arg-type]
                self.said.append(answer)
                if isinstance(answer, TradeIntent):
                    self.books.on_intent(answer)
                    self.books.on_refusal(refusal(answer))
                elif isinstance(answer, ExecutionResult):
                    self.books.on_result(answer)
        return self.said[before:]

    def ends(self) -> list[tuple[str, ResultStatus, str]]:
        """Each end so far: id, status, reason."""
        return [
            (each.intent_id, each.status, each.reason)
            for each in self.said
            if isinstance(each, ExecutionResult)
        ]

    def let_in(self) -> list[str]:
        return [each.intent_id for each in self.said if isinstance(each, TradeIntent)]


def refusal(of: TradeIntent) -> RiskRefusal:
    return RiskRefusal(of.intent_id, of.decision_id, of.symbol, Gate.HEAT, None, None, "", ())


def received(name: str = "i1", *, age_s: float = 1, **changed: Any) -> IntentReceived:
    """A whole message of that age, the last of those that wait."""
    symbol = changed.pop("symbol", BTC)
    created = Ns(int(T0 - age_s * NS_PER_S))
    whole = intent(name, symbol=symbol, created=created)
    event = IntentReceived(
        delivery=f"s/{name}",
        producer="bot",
        intent_id=name,
        decision_id=f"d-{name}",
        symbol=symbol,
        side=whole.side,
        created=created,
        intent=whole,
    )
    return msgspec.structs.replace(event, **changed)


def test_hears_a_fresh_intent_and_lets_it_in() -> None:
    desk = Desk()
    assert desk.hears(received()) == [intent(created=T0 - NS_PER_S)]


@pytest.mark.parametrize("age_s", [TTL_S, TTL_S + 1, 24 * 3_600])
def test_f06_hears_a_stale_intent_and_skips_it(age_s: float) -> None:
    desk = Desk()
    desk.hears(received(age_s=age_s))
    assert desk.ends() == [("i1", ResultStatus.SKIPPED_STALE, Gate.STALE_INTENT)]
    assert desk.let_in() == []


def test_an_intent_lives_no_longer_than_ours_and_may_live_shorter() -> None:
    forever = msgspec.structs.replace(intent(), expires=Ns(T0 + 10**18))
    (long,) = Desk().hears(received(intent=forever, created=T0))
    assert isinstance(long, TradeIntent)
    assert long.expires == T0 + TTL_S * NS_PER_S
    desk = Desk()
    desk.hears(received(intent=msgspec.structs.replace(intent(), expires=T0)))
    assert [status for _, status, _ in desk.ends()] == [ResultStatus.SKIPPED_STALE]


def test_without_a_policy_nothing_is_fresh() -> None:
    desk = Desk()
    desk.intake = Intake()
    desk.intake.keep_time_by(desk.instant)
    desk.hears(received(age_s=0))
    assert [status for _, status, _ in desk.ends()] == [ResultStatus.SKIPPED_STALE]


def test_on_a_tape_an_intent_lives_two_bars() -> None:
    desk = Desk(Intake(IntakeConfig(tape_step_s=300)))
    patient = msgspec.structs.replace(intent(), expires=Ns(T0 + 10**18))
    for age_s in (599, 600):
        desk.hears(received(f"{age_s}", intent=patient, created=Ns(T0 - age_s * NS_PER_S)))
    assert [status for _, status, _ in desk.ends()] == [ResultStatus.SKIPPED_STALE]
    assert len(desk.let_in()) == 1


@pytest.mark.parametrize(("ahead_s", "enters"), [(0, True), (2, True), (2.001, False), (60, False)])
def test_f06_an_intent_from_the_future_is_refused(ahead_s: float, enters: bool) -> None:
    desk = Desk()
    desk.hears(received(age_s=-ahead_s))
    assert bool(desk.let_in()) == enters
    refused = [("i1", ResultStatus.REJECTED, "CREATED_IN_THE_FUTURE")]
    assert desk.ends() == ([] if enters else refused)


def test_f13_a_fresh_intent_that_lacks_fields_is_refused_with_their_list() -> None:
    desk = Desk()
    desk.hears(received(intent=None, missing=("bar_close", "qty")))
    assert desk.ends() == [("i1", ResultStatus.REJECTED, "MISSING bar_close, qty")]


def test_a_stale_one_that_lacks_fields_is_stale() -> None:
    desk = Desk()
    desk.hears(received(intent=None, missing=("qty",), age_s=99))
    assert [status for _, status, _ in desk.ends()] == [ResultStatus.SKIPPED_STALE]


def test_f06_a_garbled_time_is_refused_and_never_taken_for_now() -> None:
    desk = Desk()
    problem = "BAD_TIMESTAMP created: not a date or time: 'soon'"
    desk.hears(received(intent=None, created=None, missing=("created",), problem=problem))
    assert desk.ends() == [("i1", ResultStatus.REJECTED, problem)]


def test_drained_ones_are_consumed_and_not_traded() -> None:
    desk = Desk()
    desk.hears(*(received(f"i{n}", drain=True, age_s=n) for n in range(100)))
    assert Counter(status for _, status, _ in desk.ends()) == {ResultStatus.SKIPPED_DRAIN: 100}
    assert desk.let_in() == []
    assert desk.books.state.refused == 100


def test_while_more_waits_only_the_newest_of_each_symbol_is_kept() -> None:
    desk = Desk()
    desk.hears(
        received("b1", age_s=9, is_last=False),
        received("e1", age_s=8, symbol=ETH, is_last=False),
        received("b2", age_s=7, is_last=False),
        received("b0", age_s=30, is_last=False),
    )
    assert desk.let_in() == []
    desk.hears(received("e2", age_s=5, symbol=ETH))
    assert desk.let_in() == ["b2", "e2"]
    superseded = (ResultStatus.SUPERSEDED, "NEWER_INTENT")
    assert desk.ends() == [("b1", *superseded), ("b0", *superseded), ("e1", *superseded)]


def test_the_last_of_a_backlog_lets_go_even_if_it_ends_itself() -> None:
    desk = Desk()
    desk.hears(received("b1", is_last=False), received("b2", age_s=999))
    assert desk.let_in() == ["b1"]


def test_what_waits_too_long_for_the_rest_grows_stale() -> None:
    desk = Desk()
    heard = desk.hears(received(age_s=0, is_last=False), received("i2", age_s=9e9, is_last=False))
    (timer,) = [each for each in heard if isinstance(each, TimerSet)]
    assert timer == TimerSet(TIMER, Ns(T0 + TTL_S * NS_PER_S))
    desk.instant.ns = timer.due
    desk.hears(TimerFired(TIMER, timer.due))
    assert desk.ends()[-1] == ("i1", ResultStatus.SKIPPED_STALE, Gate.STALE_INTENT)
    assert desk.hears(received("i3", age_s=9e9)) == desk.said[-1:]
    assert desk.let_in() == []


def test_one_that_grew_stale_while_it_was_held_is_not_let_in() -> None:
    desk = Desk()
    desk.hears(received(age_s=59, is_last=False))
    desk.instant.ns += 2 * NS_PER_S
    desk.hears(received("i2", age_s=999))
    assert ("i1", ResultStatus.SKIPPED_STALE, Gate.STALE_INTENT) in desk.ends()
    assert desk.let_in() == []


def test_f08_a_message_that_comes_again_is_heard_once() -> None:
    desk = Desk()
    desk.hears(received())
    assert desk.hears(received()) == []
    assert (desk.books.state.total, desk.books.residual) == (1, 0)


def test_f59_an_intent_that_was_refused_may_ask_again() -> None:
    desk = Desk()
    desk.hears(received(), received(delivery="s/again"))
    assert desk.let_in() == ["i1", "i1"]
    assert (desk.books.state.total, desk.books.state.refused, desk.books.residual) == (2, 2, 0)


MESSAGES = st.lists(
    st.builds(
        received,
        st.sampled_from([f"i{n}" for n in range(12)]),
        age_s=st.sampled_from([-1, 0, 5, 30, 61, 9_999]),
        symbol=st.sampled_from([BTC, ETH]),
        is_last=st.booleans(),
        drain=st.booleans(),
        missing=st.sampled_from([(), (), ("qty",)]),
    ),
    max_size=40,
)


def accounted(desk: Desk, messages: list[IntentReceived]) -> bool:
    """Whether each message, however often it came, has ended once, by the books and by name."""
    desk.hears(*messages, received("end", age_s=9_999))
    told = [each[0] for each in desk.ends()] + desk.let_in()
    expected = {message.delivery: message.intent_id for message in messages} | {"s/end": "end"}
    return (
        Counter(told) == Counter(expected.values())
        and desk.books.residual == 0
        and desk.books.state.in_flight == 0
        and desk.books.state.total == len(expected)
    )


@given(MESSAGES)
def test_every_message_ends_once_whatever_comes(messages: list[IntentReceived]) -> None:
    assert accounted(Desk(), messages)


class Forgetful(Intake):
    """Keeps the newest of a symbol and says nothing of the one it replaces."""

    def _hold(self, intent: TradeIntent) -> Any:
        for answer in super()._hold(intent):
            if not isinstance(answer, ExecutionResult):
                yield answer


def test_canary_an_intake_that_forgets_what_it_replaced_is_caught() -> None:
    two = [received("i1", is_last=False), received("i2", is_last=False)]
    assert accounted(Desk(), two)
    assert not accounted(Desk(Forgetful()), two)


@pytest.mark.parametrize("cut", range(4))
def test_a_restart_in_the_middle_of_a_backlog_changes_nothing(cut: int) -> None:
    messages = [
        received("i1", is_last=False),
        received("i2", age_s=0, is_last=False),
        received("i2", age_s=0, is_last=False),
        received("i3", age_s=999),
    ]
    whole = Desk()
    whole.hears(*messages)
    desk = Desk()
    desk.hears(*messages[:cut])
    successor = Intake()
    successor.restore(desk.intake.snapshot())
    successor.keep_time_by(desk.instant)
    desk.intake = successor
    desk.hears(*messages[cut:])
    assert desk.said == whole.said
