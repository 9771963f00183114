"""What a venue holds back is told to the fund, and a person opens what no machine can judge."""

from quantum_os.events.base import Event
from quantum_os.events.execution import HaltState
from quantum_os.events.system import AlertRaised, AlertResolved
from quantum_os.execution.venues.ccxt.halts import HALTS, Halts
from quantum_os.execution.venues.ccxt.teller import Teller

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


def held() -> tuple[Halts, Teller]:
    teller = Teller("execution.venues.ccxt.venue", lambda: 7)
    return Halts(teller, "bybit"), teller


def halts_said(teller: Teller) -> list[tuple[str, bool]]:
    said: tuple[Event, ...] = teller.waiting
    return [(each.name, each.is_closed) for each in said if isinstance(each, HaltState)]


def test_it_is_said_once_when_it_closes_and_once_when_it_opens() -> None:
    halts, teller = held()
    halts.close("symbol_closed", "110023", BTC)
    halts.close("symbol_closed", "110023 again", BTC)
    assert (halts.why(BTC), halts.why(ETH)) == ("symbol_closed: 110023 again", None)
    halts.open("symbol_closed", BTC)
    halts.open("symbol_closed", BTC)
    name = f"venue.symbol_closed:{BTC}"
    assert halts_said(teller) == [(name, True), (name, False)]
    assert [type(each) for each in teller.waiting if not isinstance(each, HaltState)] == [
        AlertRaised,
        AlertResolved,
    ]


def test_a_person_opens_the_one_that_is_named_and_no_other() -> None:
    halts, teller = held()
    halts.close("unmapped_code", "123456", BTC)
    halts.close("unmapped_code", "123456", ETH)
    halts.clears(f"venue.unmapped_code:{BTC}")
    halts.clears("daily_loss")
    assert (halts.why(BTC), bool(halts.why(ETH))) == (None, True)
    assert halts_said(teller)[-1] == (f"venue.unmapped_code:{BTC}", False)


def test_what_ends_with_its_cause_is_opened_by_nobody() -> None:
    for cause in (name for name, halt in HALTS.items() if not halt.by_person):
        halts, _ = held()
        halts.close(cause, "why")
        halts.clears(f"venue.{cause}")
        assert halts.why(BTC), cause


def test_what_a_restart_alone_opened_a_person_opens() -> None:
    only_by_restart = {"closed_by_venue", "fee_asset", "position_mode", "reduce_only"}
    only_by_restart |= {"unmapped_code", "symbol_closed", "locked_out"}
    assert {name for name, halt in HALTS.items() if halt.by_person} == only_by_restart
    assert {name for name, halt in HALTS.items() if halt.outlives} == {"closed_by_venue"}
