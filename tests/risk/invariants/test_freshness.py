"""An entry left late only if its bytes did: the word of it waits for an answer, and for a loop."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from quantum_os.events.base import Event
from quantum_os.events.execution import Leg, OrderKind, OrderRequested, OrderSubmitted
from quantum_os.events.risk import InvariantViolated, SafetyAction, SafetyTripped
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import NS_PER_S, Mode, Ns, Qty, Side, Usd
from quantum_os.formulas.client_ids import client_id
from quantum_os.kernel.instant import Instant
from quantum_os.risk.invariants.reactor import Invariants

VENUE, MODE, BTC = "binance", Mode.TESTNET, "BTC/USDT:USDT"
T0 = 1_800_000_000 * NS_PER_S
ENTRY = client_id(1, "0123456789ab", Leg.ENTRY, 0)
DEADLINE_S, ANSWERED_S = 2, 32
"""The entry may leave until then; the loop stood, and its answer is heard only then."""


def told(left_s: float | None, latched_s: float | None = None) -> list[int]:
    """The numbers of what is broken when the word of an entry comes at `ANSWERED_S`."""
    module, instant = Invariants(), Instant(T0)
    module.keep_time_by(instant)
    life = ProcessStarted(1, "b", "c", MODE, VENUE, "ns", 1, Usd(Decimal(1_000)), Ns(T0))
    order = OrderRequested(
        VENUE,
        MODE,
        ENTRY,
        BTC,
        Leg.ENTRY,
        OrderKind.MARKET,
        Side.BUY,
        Qty(Decimal(1)),
        reduce_only=False,
        created=Ns(T0),
        intent_id="0123456789ab",
        expires=Ns(T0 + DEADLINE_S * NS_PER_S),
    )
    left = None if left_s is None else Ns(T0 + round(left_s * NS_PER_S))
    heard: list[tuple[float, Event]] = [(0.0, life), (0.0, order)]
    if latched_s is not None:
        since = Ns(T0 + round(latched_s * NS_PER_S))
        heard.append((latched_s, SafetyTripped("kill", SafetyAction.HALT_ENTRIES, since, "a word")))
    heard.append((ANSWERED_S, OrderSubmitted(VENUE, MODE, ENTRY, BTC, left)))
    found = []
    for at, event in heard:
        instant.ns = T0 + round(at * NS_PER_S)
        said = module.handlers()[type(event)](event)
        events = said if isinstance(said, Iterator) else [said]
        found += [each.number for each in events if isinstance(each, InvariantViolated)]
    return [number for number in found if number in (12, 16)]


@pytest.mark.parametrize("left_s", [0.5, DEADLINE_S - 0.001])
def test_an_entry_that_left_in_time_is_in_time_however_late_the_word_of_it(left_s: float) -> None:
    assert told(left_s) == []


@pytest.mark.parametrize("left_s", [DEADLINE_S + 12.5, ANSWERED_S])
def test_an_entry_that_left_after_its_deadline_is_named(left_s: float) -> None:
    assert told(left_s) == [16]


def test_where_nobody_says_when_it_left_the_word_itself_is_late() -> None:
    assert told(None) == [16]


def test_an_entry_that_left_before_a_latch_closed_did_not_pass_it() -> None:
    assert told(0.5, latched_s=1.0) == []
    assert told(ANSWERED_S, latched_s=1.0) == [12, 16]
