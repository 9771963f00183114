"""The policy is in force from the first input on, and is renewed before it runs out."""

import msgspec

from quantum_os.events.catalog import EVENTS
from quantum_os.events.governance import PolicyUpdated
from quantum_os.events.market import MarketData
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import NS_PER_HOUR
from quantum_os.governance.effective_limits import effective_limits
from quantum_os.governance.policy import PolicyConfig, PolicyDesk
from quantum_os.governance.policy_document import hash_of, load
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.journal import MemoryJournal
from tests.events.examples import example_of

DOCUMENT = load("default", {"ttl_h": 24.0})
START = 1_000 * NS_PER_HOUR
STARTED = example_of(ProcessStarted)
DATA = example_of(MarketData)


class Desk:
    """A policy desk on a bus of its own."""

    def __init__(self, desk: PolicyDesk | None = None) -> None:
        self.journal = MemoryJournal()
        self.bus = Bus([desk or PolicyDesk(PolicyConfig(DOCUMENT))], self.journal)

    def start(self) -> None:
        self.bus.process(START, STARTED, "kernel")

    def hour(self, hour: int) -> None:
        self.bus.process(START + hour * NS_PER_HOUR, DATA, "tape")

    @property
    def said(self) -> list[PolicyUpdated]:
        events = [envelope.event() for envelope in self.journal.read()]
        return [event for event in events if isinstance(event, PolicyUpdated)]


def _hours_without_policy(desk: Desk, hours: int) -> int:
    """Counts the hours at whose bar close the last published policy had run out."""
    desk.start()
    stale = 0
    for hour in range(hours):
        desk.hour(hour)
        stale += desk.said[-1].valid_until <= START + hour * NS_PER_HOUR
    return stale


def test_the_start_publishes_the_document_with_its_limits() -> None:
    desk = Desk()
    desk.start()
    (said,) = desk.said
    assert (said.policy, said.limits) == (DOCUMENT, effective_limits(DOCUMENT))
    assert (said.hash, said.version) == (hash_of(DOCUMENT), f"default-{hash_of(DOCUMENT)}")
    assert (said.previous, said.author) == ("", "config")
    assert said.valid_until == START + 24 * NS_PER_HOUR


def test_nothing_is_renewed_before_the_start() -> None:
    desk = Desk()
    desk.hour(0)
    assert desk.said == []


def test_f23_the_policy_never_runs_out_while_the_market_speaks() -> None:
    desk = Desk()
    assert _hours_without_policy(desk, hours=24 * 7) == 0
    assert len(desk.said) == 14


def test_f23_canary_a_desk_that_forgets_to_renew_is_caught() -> None:
    class Forgetful(PolicyDesk):
        def _renewed(self, reason: str) -> PolicyUpdated:
            said = super()._renewed(reason)
            self.state.valid_until += 19 * NS_PER_HOUR
            return said

    assert _hours_without_policy(Desk(Forgetful(PolicyConfig(DOCUMENT))), hours=48) > 0


def test_f23_after_a_silence_longer_than_its_life_it_is_renewed_at_once() -> None:
    desk = Desk()
    desk.start()
    desk.hour(100)
    assert desk.said[-1].valid_until == START + 124 * NS_PER_HOUR


def test_a_renewal_changes_nothing_but_its_end() -> None:
    desk = Desk()
    desk.start()
    desk.hour(12)
    first, second = desk.said
    assert second.previous == first.version
    same = msgspec.structs.replace(
        second, previous=first.previous, reason=first.reason, valid_until=first.valid_until
    )
    assert same == first
    assert EVENTS["policy.updated"] is PolicyUpdated
