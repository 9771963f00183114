"""What the fault script does to orders, and that it does it once."""

from quantum_os.events.execution import Leg, OrderState
from quantum_os.events.units import NS_PER_MINUTE, Ns, Side
from quantum_os.execution.venues.sim.config import SimVenueConfig
from quantum_os.execution.venues.sim.fault_script import Fault, FaultKind
from tests.execution.venues.sim.floor import BAR, BTC, ETH, D, Floor

BUY, SELL = Side.BUY, Side.SELL
S = OrderState


def scripted(*faults: Fault) -> Floor:
    floor = Floor(SimVenueConfig(faults=faults))
    floor.leverage(10)
    floor.bar((100, 100, 100, 100))
    return floor


def test_the_nth_entry_of_a_symbol_is_rejected_and_no_other() -> None:
    floor = scripted(Fault(FaultKind.REJECT_ENTRY, symbol=BTC, nth=2))
    for name in ("a", "b", "c"):
        floor.order(name, BUY, "2")
    assert [floor.states(name)[-1] for name in "abc"] == [S.ACKED, S.REJECTED, S.ACKED]
    assert floor.updates("b")[-1].code == "-2010"


def test_a_fault_waits_for_its_time_and_its_symbol() -> None:
    later = scripted(Fault(FaultKind.REJECT_ENTRY, after=Ns(10**19)))
    later.order("a", BUY, "2")
    assert later.states("a") == [S.ACKED]
    elsewhere = scripted(Fault(FaultKind.REJECT_ENTRY, symbol=ETH))
    elsewhere.order("a", BUY, "2")
    assert elsewhere.states("a") == [S.ACKED]


def test_a_stop_is_rejected_once() -> None:
    floor = scripted(Fault(FaultKind.REJECT_STOP))
    floor.enter(BUY, "1", 100.0)
    floor.stop("s1", SELL, "1", "95")
    floor.stop("s2", SELL, "1", "95")
    assert (floor.states("s1"), floor.states("s2")) == ([S.REJECTED], [S.ACKED])


def test_an_entry_fills_in_part_and_rests() -> None:
    floor = scripted(Fault(FaultKind.PARTIAL, share=0.25))
    floor.order("a", BUY, "2")
    floor.opens(100.0)
    assert [f.qty for f in floor.fills()] == [D("0.5")]
    floor.bar((100, 101, 99, 100))
    assert floor.states("a") == [S.ACKED, S.PARTIAL, S.FILLED]


def test_an_acknowledgement_is_dropped_until_later() -> None:
    floor = scripted(Fault(FaultKind.DROP_ACK, leg=Leg.STOP, delay_ns=NS_PER_MINUTE))
    floor.enter(BUY, "1", 100.0)
    floor.stop("s", SELL, "1", "95")
    assert floor.states("s") == []
    floor.bar((100, 101, 99, 100))
    assert floor.states("s") == [S.ACKED]


def test_a_fill_may_come_before_the_acknowledgement_that_then_never_comes() -> None:
    floor = scripted(Fault(FaultKind.DROP_ACK, delay_ns=100 * BAR))
    floor.order("a", BUY, "2")
    floor.opens(100.0)
    floor.bar((100, 101, 99, 100))
    floor.snapshot()
    assert floor.states("a") == [S.FILLED]


def test_an_unknown_order_that_arrived_is_found_by_the_next_query() -> None:
    floor = scripted(Fault(FaultKind.UNKNOWN_ACCEPTED, delay_ns=100 * BAR))
    floor.order("a", BUY, "2")
    floor.snapshot()
    floor.opens(100.0)
    assert floor.states("a") == [S.UNKNOWN, S.ACKED, S.FILLED]


def test_an_unknown_order_that_never_arrived_expires_at_the_next_query_or_cancel() -> None:
    asked = scripted(Fault(FaultKind.UNKNOWN_ABSENT))
    asked.order("a", BUY, "2")
    asked.opens(100.0)
    asked.snapshot()
    assert asked.states("a") == [S.UNKNOWN, S.EXPIRED]
    assert not asked.fills()
    cancelled = scripted(Fault(FaultKind.UNKNOWN_ABSENT))
    cancelled.order("a", BUY, "2")
    cancelled.cancel("a")
    cancelled.snapshot()
    assert cancelled.states("a") == [S.UNKNOWN, S.EXPIRED]


def test_a_fill_is_delayed() -> None:
    floor = scripted(Fault(FaultKind.DELAYED_FILL, delay_ns=BAR))
    floor.order("a", BUY, "2")
    floor.opens(100.0)
    floor.bar((100, 101, 99, 100))
    assert not floor.fills()
    floor.opens(102.0)
    assert len(floor.fills()) == 1
