"""A reactor says by its annotations what it hears and says, and keeps all it knows in its state."""

from collections.abc import Iterator
from typing import Optional, TypeVar, Union

import msgspec
import pytest

from quantum_os.events.market import FeedWatermark, MarketTick
from quantum_os.events.system import AlertRaised, AlertResolved
from quantum_os.kernel.instant import Instant
from quantum_os.kernel.reactor import Reactor, Snapshot, UnknownSnapshotVersion
from tests.kernel.fakes import Counter, CountState, alert, mark, resolved

AlertKind = TypeVar("AlertKind", AlertRaised, AlertResolved)


class Empty(msgspec.Struct):
    """Nothing to remember."""


class Plain(Reactor[Empty]):
    name = "kernel.plain"

    def on_mark(self, event: FeedWatermark) -> None:
        return

    def on_alert(self, event: AlertRaised) -> AlertResolved:
        return resolved(event.key)


class Generous(Reactor[Empty]):
    name = "kernel.generous"

    def on_mark(self, event: FeedWatermark) -> Iterator[AlertRaised | AlertResolved]:
        yield alert()

    def on_tick(self, event: MarketTick) -> Optional[AlertRaised]:  # noqa: UP045
        return None

    def on_either(
        self,
        event: Union[AlertRaised, AlertResolved],  # noqa: UP007
    ) -> AlertRaised | None:
        return None


class Child(Plain):
    name = "kernel.child"

    def on_tick(self, event: MarketTick) -> None:
        return


def test_parameters_are_subscriptions_and_returns_are_publications() -> None:
    assert set(Plain.consumes) == {FeedWatermark, AlertRaised}
    assert Plain.produces == {AlertResolved}


def test_iterators_unions_and_none_are_seen_through() -> None:
    assert set(Generous.consumes) == {FeedWatermark, MarketTick, AlertRaised, AlertResolved}
    assert Generous.produces == {AlertRaised, AlertResolved}


def test_one_handler_may_hear_several_kinds() -> None:
    handlers = Generous(Empty()).handlers()
    assert handlers[AlertRaised] == handlers[AlertResolved]


def test_a_subclass_inherits_what_is_heard() -> None:
    assert set(Child.consumes) == {FeedWatermark, AlertRaised, MarketTick}
    assert Child.produces == {AlertResolved}


def test_a_type_variable_is_refused_as_too_vague() -> None:
    with pytest.raises(TypeError, match=r"Vague.on_alert hears no event"):

        class Vague(Reactor[Empty]):
            name = "kernel.vague"

            def on_alert(self, event: AlertKind) -> None:
                return


def test_two_handlers_of_one_kind_are_refused() -> None:
    with pytest.raises(TypeError, match=r"Double hears FeedWatermark twice"):

        class Double(Reactor[Empty]):
            name = "kernel.double"

            def on_one(self, event: FeedWatermark) -> None:
                return

            def on_two(self, event: FeedWatermark) -> None:
                return


@pytest.mark.parametrize("parameters", ["self", "self, event", "self, a: int, b: int"])
def test_a_handler_takes_exactly_one_annotated_event(parameters: str) -> None:
    space: dict[str, object] = {}
    exec(f"def on_it({parameters}) -> None: ...", space)
    with pytest.raises(TypeError, match=r"Odd.on_it takes exactly one annotated event"):
        type("Odd", (Reactor,), {"name": "kernel.odd", "on_it": space["on_it"]})


def test_a_handler_of_what_is_no_event_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Odd.on_number hears no event"):

        class Odd(Reactor[Empty]):
            name = "kernel.odd"

            def on_number(self, event: int) -> None:
                return


def test_a_handler_that_does_not_say_what_it_returns_is_refused() -> None:
    space: dict[str, object] = {"FeedWatermark": FeedWatermark}
    exec("def on_it(self, event: FeedWatermark): ...", space)
    with pytest.raises(TypeError, match=r"Odd.on_it does not declare what it says"):
        type("Odd", (Reactor,), {"name": "kernel.odd", "on_it": space["on_it"]})


def test_now_is_the_time_of_the_shared_instant() -> None:
    counter, instant = Counter(), Instant(5)
    assert counter.now == 0
    counter.keep_time_by(instant)
    instant.ns = 9
    assert counter.now == 9


def test_a_snapshot_gives_the_same_state_back() -> None:
    first, second = Counter(), Counter()
    for time in (3, 4, 5):
        list(first.on_mark(mark(time)))
    second.restore(first.snapshot())
    assert second.state == CountState(marks=3, total=12)
    assert list(second.on_mark(mark(6))) == list(first.on_mark(mark(6)))


def test_a_snapshot_of_another_version_is_refused() -> None:
    with pytest.raises(UnknownSnapshotVersion, match=r"kernel.counter: snapshot version 99"):
        Counter().restore(Snapshot(version=99, state=b""))


def test_the_restored_state_is_a_copy() -> None:
    first, second = Counter(), Counter()
    second.restore(first.snapshot())
    list(first.on_mark(mark()))
    assert second.state.marks == 0
