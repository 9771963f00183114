"""Each fault of REST by its number: nothing doubled, nothing lost, no request in a ban."""

from decimal import Decimal
from pathlib import Path

import pytest

from quantum_os.events.execution import (
    Fill,
    OrderState,
    OrderSubmitted,
    OrderUpdated,
    VenueSnapshot,
)
from quantum_os.events.market import InstrumentUpdated
from quantum_os.events.system import AlertRaised
from quantum_os.events.units import NS_PER_S
from quantum_os.kernel.clock import WallClock
from tests.execution.venues.binance import faults
from tests.execution.venues.binance.scene import (
    BTC,
    Scene,
    cancel,
    close,
    entry,
    leverage,
    stop,
    trading,
)
from tests.execution.venues.binance.small_binance import Fault, SmallBinance

ORDER = ("POST", "/fapi/v1/order")
ALGO = ("POST", "/fapi/v1/algoOrder")

AFTER_ACCEPT: dict[str, Fault] = {
    "r1": faults.hang_after_accept,
    "r4": faults.reset_after_accept,
    "r5": faults.half_body,
    "r6 object": faults.garbage("{}"),
    "r6 list": faults.garbage("[]"),
    "r6 html": faults.garbage("<html>hello</html>"),
    "r6 half": faults.garbage('{"orderId": 12'),
    "r7": faults.garbage('{"code":0,"msg":"Unknown error, please check your request"}', 503),
    "r9 500": faults.garbage("<html>500</html>", 500),
    "r9 502": faults.garbage("<html>502</html>", 502),
    "r9 504": faults.garbage("<html>504</html>", 504),
    "r10 -1006": faults.accepts_and_says(-1006),
    "r10 -1007": faults.accepts_and_says(-1007, 408),
    "r35": faults.accepts_and_says(-8765),
}
"""It was done, and the answer does not say so."""


def said_codes(scene: Scene, name: str) -> list[str | None]:
    return [each.code for each in scene.says(OrderUpdated) if each.client_id == name]


def alerts(scene: Scene, rule: str) -> list[AlertRaised]:
    return [each for each in scene.says(AlertRaised) if each.rule == rule]


@pytest.mark.parametrize("fault", AFTER_ACCEPT.values(), ids=AFTER_ACCEPT)
async def test_f60_an_entry_that_was_done_unheard_is_found_and_never_sent_again(
    tmp_path: Path, fault: Fault
) -> None:
    async with trading(tmp_path) as scene:
        scene.exchange.muted = True
        scene.exchange.faults[ORDER].append(fault)
        scene.asks(entry())
        await scene.until(lambda: scene.filled(entry().client_id) == 1)
        await scene.until(lambda: OrderState.FILLED in scene.states(entry().client_id))
        assert scene.exchange.held == 1
        assert len(scene.exchange.asked(*ORDER)) == 1
        assert OrderState.UNKNOWN in scene.states(entry().client_id)
        assert scene.states(entry().client_id)[-1] is OrderState.FILLED


async def test_the_word_that_an_order_left_tells_when_not_when_its_answer_came(
    tmp_path: Path,
) -> None:
    async with trading(tmp_path) as scene:
        scene.exchange.faults[ORDER].append(faults.slow_after_accept)
        scene.asks(entry())
        asked_at = WallClock().now()
        await scene.until(lambda: bool(scene.says(OrderSubmitted)))
        assert WallClock().now() - asked_at >= faults.SLOW_S * NS_PER_S
        left = scene.says(OrderSubmitted)[0].left
        assert left is not None
        assert 0 <= left - asked_at < faults.SLOW_S * NS_PER_S


@pytest.mark.parametrize("fault", AFTER_ACCEPT.values(), ids=AFTER_ACCEPT)
async def test_f60_a_stop_that_was_done_unheard_is_found_in_its_own_book(
    tmp_path: Path, fault: Fault
) -> None:
    async with trading(tmp_path) as scene:
        scene.asks(entry())
        await scene.until(lambda: scene.filled(entry().client_id))
        scene.exchange.muted = True
        scene.exchange.faults[ALGO].append(fault)
        scene.asks(stop())
        await scene.until(lambda: OrderState.ACKED in scene.states(stop().client_id))
        assert len(scene.exchange.asked(*ALGO)) == 1


@pytest.mark.parametrize(
    "fault", [faults.hang_before_accept, faults.refuses(-1007, 408), faults.refuses(-1000)]
)
async def test_f60_r2_an_entry_that_was_not_done_expires_after_many_questions(
    tmp_path: Path, fault: Fault
) -> None:
    async with trading(tmp_path) as scene:
        scene.exchange.faults[ORDER].append(fault)
        scene.asks(entry())
        await scene.until(lambda: OrderState.EXPIRED in scene.states(entry().client_id))
        assert said_codes(scene, entry().client_id)[-1] == "-2013"
        assert len(scene.exchange.asked("GET", "/fapi/v1/order")) >= 3
        assert len(scene.exchange.asked(*ORDER)) == 1
        assert scene.exchange.held == 0


async def test_r3_an_order_that_is_not_found_at_first_is_not_given_up(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        scene.exchange.muted = True
        scene.exchange.faults[ORDER].append(faults.hang_after_accept)
        hidden = scene.exchange.faults["GET", "/fapi/v1/order"]
        hidden += [faults.refuses(-2013)] * 2
        scene.asks(entry())
        await scene.until(lambda: scene.filled(entry().client_id) == 1)
        assert OrderState.EXPIRED not in scene.states(entry().client_id)


async def test_r8_what_the_venue_throttled_is_sent_again_under_the_same_name(
    tmp_path: Path,
) -> None:
    async with trading(tmp_path) as scene:
        scene.exchange.faults[ORDER] += [
            faults.refuses(-1008, 503),
            faults.says('{"code":0,"msg":"Service Unavailable."}', 503),
        ]
        scene.asks(entry())
        await scene.until(lambda: scene.filled(entry().client_id) == 1)
        bodies = scene.exchange.asked(*ORDER)
        assert [body["newClientOrderId"] for body in bodies] == [entry().client_id] * 3
        assert scene.exchange.held == 1


async def test_an_entry_is_not_tried_again_after_its_deadline(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        scene.exchange.faults[ORDER] += [faults.refuses(-1008, 503)] * 50
        order = entry(seconds=0.5)
        scene.asks(order)
        await scene.until(lambda: OrderState.EXPIRED in scene.states(order.client_id))
        assert scene.exchange.held == 0


@pytest.mark.parametrize("status", [429, 418])
async def test_r11_r12_in_a_ban_not_one_request_leaves_and_the_exit_goes_after_it(
    tmp_path: Path, status: int
) -> None:
    async with trading(tmp_path) as scene:
        scene.asks(entry())
        await scene.until(lambda: scene.filled(entry().client_id))
        banned = faults.says('{"code":-1003,"msg":"x"}', status, {"Retry-After": "1"})
        scene.exchange.faults[ORDER].append(banned)
        scene.asks(close())
        await scene.until(lambda: scene.venue.line.ban.heard)
        before = len(scene.exchange.heard)
        scene.asks(stop(), entry("i2", seconds=0.5), leverage(3))
        await scene.until(lambda: scene.states(entry("i2").client_id))
        assert len(scene.exchange.heard) == before
        assert scene.venue.line.ban.seconds_left > 0
        await scene.until(lambda: scene.filled(close().client_id) == 1)
        assert scene.exchange.held == 0
        assert alerts(scene, "exit_delayed")


async def test_r14_a_stamp_that_is_refused_measures_the_clock_and_goes_again(
    tmp_path: Path,
) -> None:
    async with trading(tmp_path) as scene:
        scene.exchange.faults[ORDER].append(faults.refuses(-1021))
        asked = len(scene.exchange.asked("GET", "/fapi/v1/time"))
        scene.asks(entry())
        await scene.until(lambda: scene.filled(entry().client_id) == 1)
        assert len(scene.exchange.asked("GET", "/fapi/v1/time")) > asked


async def test_r14_a_clock_that_is_far_off_takes_entries_off_until_it_is_right(
    tmp_path: Path,
) -> None:
    exchange = SmallBinance()
    async with trading(tmp_path, exchange) as scene:
        exchange.ahead_ms = 60_000
        scene.venue.line.clock.forget()
        scene.venue.follow.clock.set()
        await scene.until(lambda: scene.venue.halts.why(BTC))
        scene.asks(entry())
        await scene.until(lambda: scene.states(entry().client_id))
        assert scene.states(entry().client_id) == [OrderState.REJECTED]
        exchange.ahead_ms = 0
        scene.venue.line.clock.forget()
        scene.venue.follow.clock.set()
        await scene.until(lambda: scene.venue.halts.why(BTC) is None)


@pytest.mark.parametrize("code", [-2015, -2014, -1022])
async def test_f65_r15_a_revoked_key_stops_entries_and_is_never_read_as_flat(
    tmp_path: Path, code: int
) -> None:
    async with trading(tmp_path) as scene:
        scene.asks(entry())
        await scene.until(lambda: scene.filled(entry().client_id))
        await scene.until(lambda: scene.says(VenueSnapshot))
        listed = len(scene.says(VenueSnapshot))
        for path in ("/fapi/v3/account", "/fapi/v3/positionRisk", "/fapi/v1/openOrders"):
            scene.exchange.faults["GET", path] += [faults.refuses(code, 401)] * 99
        scene.exchange.faults[ORDER].append(faults.refuses(code, 401))
        scene.asks(close())
        await scene.until(lambda: scene.states(close().client_id))
        assert scene.states(close().client_id) == [OrderState.REJECTED]
        assert alerts(scene, "locked_out")
        scene.asks(entry("i2"))
        await scene.until(lambda: scene.states(entry("i2").client_id))
        assert scene.states(entry("i2").client_id) == [OrderState.REJECTED]
        assert len(scene.exchange.asked(*ORDER)) == 2
        scene.venue.sweeper.wanted.set()
        await scene.until(lambda: scene.venue.sweeper.failures)
        after = scene.says(VenueSnapshot)[listed:]
        assert all(each.positions for each in after)


@pytest.mark.parametrize("code", [-2019, -2027, -4164, -4131, -5021, -4061, -2025, -4028])
async def test_r16_r28_a_definite_refusal_is_told_once_and_not_tried_again(
    tmp_path: Path, code: int
) -> None:
    async with trading(tmp_path) as scene:
        scene.exchange.faults[ORDER].append(faults.refuses(code))
        scene.asks(entry())
        await scene.until(lambda: scene.states(entry().client_id))
        assert scene.states(entry().client_id) == [OrderState.REJECTED]
        assert said_codes(scene, entry().client_id) == [str(code)]
        assert len(scene.exchange.asked(*ORDER)) == 1


async def test_r17_a_close_with_nothing_to_reduce_lists_the_account_at_once(
    tmp_path: Path,
) -> None:
    async with trading(tmp_path) as scene:
        await scene.until(lambda: scene.says(VenueSnapshot))
        seen = len(scene.says(VenueSnapshot))
        scene.asks(close())
        await scene.until(lambda: scene.states(close().client_id))
        assert said_codes(scene, close().client_id) == ["-2022"]
        await scene.until(lambda: len(scene.says(VenueSnapshot)) > seen)


async def test_f51_r18_a_figure_off_its_grid_learns_the_filters_and_is_put_on_it(
    tmp_path: Path,
) -> None:
    async with trading(tmp_path) as scene:
        scene.asks(entry())
        await scene.until(lambda: scene.filled(entry().client_id))
        scene.exchange.tick = "0.5"
        scene.exchange.faults[ALGO].append(faults.refuses(-4014))
        scene.asks(stop("90.3"))
        await scene.until(lambda: OrderState.ACKED in scene.states(stop().client_id))
        assert [b["triggerPrice"] for b in scene.exchange.asked(*ALGO)] == ["90.3", "90.5"]
        await scene.until(lambda: len(scene.says(InstrumentUpdated)) == 2)
        assert scene.says(InstrumentUpdated)[1].instruments[0].tick == Decimal("0.5")


async def test_f99_r20_a_stop_that_the_market_has_passed_is_said_by_its_code(
    tmp_path: Path,
) -> None:
    async with trading(tmp_path) as scene:
        scene.asks(entry())
        await scene.until(lambda: scene.filled(entry().client_id))
        scene.asks(stop("101"))
        await scene.until(lambda: scene.states(stop().client_id))
        assert scene.states(stop().client_id) == [OrderState.REJECTED]
        assert said_codes(scene, stop().client_id) == ["-2021"]


async def test_r25_a_name_that_the_venue_knows_is_adopted(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        scene.asks(entry())
        await scene.until(lambda: scene.filled(entry().client_id))
        scene.asks(stop())
        await scene.until(lambda: scene.exchange.algos)
        scene.venue.register.orders.clear()
        scene.said.clear()
        scene.asks(stop())
        await scene.until(lambda: OrderState.ACKED in scene.states(stop().client_id))
        assert len(scene.exchange.algos) == 1


async def test_r26_a_cancel_that_comes_too_late_tells_the_fill_instead(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        scene.asks(entry())
        await scene.until(lambda: scene.filled(entry().client_id))
        scene.asks(stop())
        await scene.until(lambda: scene.states(stop().client_id))
        scene.exchange.muted = True
        scene.exchange.trigger(stop().client_id)
        scene.asks(cancel(stop()))
        await scene.until(lambda: scene.states(stop().client_id)[-1] is OrderState.FILLED)
        scene.venue.sweeper.wanted.set()
        await scene.until(lambda: scene.filled(stop().client_id) == 1)


async def test_a_cancel_whose_answer_was_lost_is_made_again(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        scene.asks(entry())
        await scene.until(lambda: scene.filled(entry().client_id))
        scene.asks(stop())
        await scene.until(lambda: scene.states(stop().client_id))
        scene.exchange.muted = True
        path = ("DELETE", "/fapi/v1/algoOrder")
        scene.exchange.faults[path] += [faults.hang_before_accept, faults.reset_after_accept]
        scene.asks(cancel(stop()))
        await scene.until(lambda: scene.states(stop().client_id)[-1] is OrderState.CANCELED)


@pytest.mark.parametrize("code", [-4400, -4192, -4087])
async def test_r30_an_account_that_may_only_reduce_keeps_its_exits(
    tmp_path: Path, code: int
) -> None:
    async with trading(tmp_path) as scene:
        scene.asks(entry())
        await scene.until(lambda: scene.filled(entry().client_id))
        scene.exchange.faults[ORDER].append(faults.refuses(code))
        scene.asks(entry("i2"))
        await scene.until(lambda: scene.states(entry("i2").client_id))
        scene.asks(entry("i3"))
        await scene.until(lambda: scene.states(entry("i3").client_id))
        assert said_codes(scene, entry("i3").client_id) == ["-1"]
        scene.asks(close())
        await scene.until(lambda: scene.filled(close().client_id) == 1)


async def test_r31_a_closed_symbol_takes_no_entry(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        scene.exchange.faults[ORDER].append(faults.refuses(-4140))
        scene.asks(entry())
        await scene.until(lambda: scene.states(entry().client_id))
        assert scene.venue.halts.why(BTC)
        assert scene.venue.halts.why("ETH/USDT:USDT") is None


async def test_r35_an_unmapped_code_takes_entries_of_its_symbol_off(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        scene.exchange.faults[ORDER].append(faults.accepts_and_says(-8765))
        scene.asks(entry())
        await scene.until(lambda: scene.filled(entry().client_id))
        assert alerts(scene, "unmapped_code")
        scene.asks(entry("i2"))
        await scene.until(lambda: scene.states(entry("i2").client_id))
        assert scene.states(entry("i2").client_id) == [OrderState.REJECTED]


async def test_f57_the_same_instruction_a_hundred_times_is_one_order(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        scene.asks(*[entry()] * 100)
        await scene.until(lambda: scene.filled(entry().client_id))
        scene.asks(entry("i2"))
        await scene.until(lambda: scene.filled(entry("i2").client_id))
        assert scene.exchange.held == 2
        assert len(scene.exchange.asked(*ORDER)) == 2
        assert len(scene.says(Fill)) == 2


async def test_e11_a_symbol_that_is_no_longer_traded_takes_no_entry(tmp_path: Path) -> None:
    exchange = SmallBinance()
    exchange.status = "SETTLING"
    async with trading(tmp_path, exchange) as scene:
        scene.asks(entry())
        await scene.until(lambda: scene.states(entry().client_id))
        assert scene.states(entry().client_id) == [OrderState.REJECTED]
        assert exchange.asked(*ORDER) == []
