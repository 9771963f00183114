"""Each fault of a request by its number: nothing doubled, nothing lost, nothing guessed."""

from pathlib import Path

import pytest

from quantum_os.events.execution import Fill, LeverageConfirmed, OrderState, OrderUpdated
from quantum_os.events.market import InstrumentUpdated
from tests.execution.venues.binance.faults import (
    garbage,
    half_body,
    hang_after_accept,
    hang_before_accept,
)
from tests.execution.venues.binance.small_binance import Fault
from tests.execution.venues.bybit import faults
from tests.execution.venues.bybit.scene import (
    BTC,
    BybitScene,
    cancel,
    close,
    entry,
    leverage,
    stop,
    trading,
)

CREATE = ("POST", "/v5/order/create")
CANCEL = ("POST", "/v5/order/cancel")
REALTIME = ("GET", "/v5/order/realtime")
HISTORY = ("GET", "/v5/order/history")
TIME = ("GET", "/v5/market/time")

AFTER_ACCEPT: dict[str, Fault] = {
    "r1": hang_after_accept,
    "r5": half_body,
    "r6 object": garbage("{}"),
    "r6 nameless": garbage('{"retCode": 0, "retMsg": "OK", "result": {}}'),
    "r10 10000": faults.accepts_and_says(10000),
    "r35": faults.accepts_and_says(123456),
}
"""It was done, and the answer does not say so."""


def codes(scene: BybitScene, name: str) -> list[str | None]:
    return [each.code for each in scene.says(OrderUpdated) if each.client_id == name]


async def held(scene: BybitScene) -> None:
    scene.asks(entry())
    await scene.until(lambda: scene.filled(entry().client_id) == 1)


@pytest.mark.parametrize("fault", AFTER_ACCEPT.values(), ids=AFTER_ACCEPT)
async def test_f60_an_order_that_was_done_unheard_is_found_and_never_sent_again(
    tmp_path: Path, fault: Fault
) -> None:
    async with trading(tmp_path) as scene:
        scene.exchange.muted = True
        scene.exchange.faults[CREATE].append(fault)
        await held(scene)
        await scene.until(lambda: OrderState.FILLED in scene.states(entry().client_id))
        assert scene.exchange.held == 1
        assert len(scene.exchange.asked(*CREATE)) == 1
        assert OrderState.UNKNOWN in scene.states(entry().client_id)


@pytest.mark.parametrize("fault", [hang_before_accept, faults.accepts_only])
async def test_f60_r2_an_entry_that_was_not_done_expires_after_many_questions(
    tmp_path: Path, fault: Fault
) -> None:
    async with trading(tmp_path) as scene:
        scene.exchange.faults[CREATE].append(fault)
        scene.asks(entry())
        await scene.until(lambda: OrderState.EXPIRED in scene.states(entry().client_id))
        assert codes(scene, entry().client_id)[-1] == "-2013"
        assert len(scene.exchange.asked(*HISTORY)) >= 3
        assert len(scene.exchange.asked(*CREATE)) == 1
        assert scene.exchange.held == 0


async def test_r3_an_accepted_order_that_is_listed_late_is_not_given_up(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        scene.exchange.muted = True
        scene.exchange.hidden = 6
        await held(scene)
        assert OrderState.EXPIRED not in scene.states(entry().client_id)
        assert len(scene.exchange.asked(*CREATE)) == 1


async def test_what_goes_wrong_in_looking_for_an_accepted_order_sends_nothing_again(
    tmp_path: Path,
) -> None:
    async with trading(tmp_path) as scene:
        scene.exchange.muted = True
        scene.exchange.faults[REALTIME] += [faults.refuses(10006)] * 4
        await held(scene)
        assert len(scene.exchange.asked(*CREATE)) == 1
        assert scene.exchange.held == 1


async def test_r8_what_the_venue_throttled_is_sent_again_under_the_same_name(
    tmp_path: Path,
) -> None:
    async with trading(tmp_path) as scene:
        scene.exchange.faults[CREATE] += [faults.refuses(10006), faults.refuses(10429)]
        await held(scene)
        bodies = scene.exchange.asked(*CREATE)
        assert [body["orderLinkId"] for body in bodies] == [entry().client_id] * 3
        assert scene.exchange.held == 1
        assert scene.venue.line.ban.heard == 2


async def test_r14_a_stamp_that_is_refused_measures_the_clock_and_goes_again(
    tmp_path: Path,
) -> None:
    async with trading(tmp_path) as scene:
        scene.exchange.faults[CREATE].append(faults.refuses(10002))
        asked = len(scene.exchange.asked(*TIME))
        await held(scene)
        assert len(scene.exchange.asked(*TIME)) > asked


async def test_f65_r15_a_revoked_key_stops_entries_and_is_never_read_as_flat(
    tmp_path: Path,
) -> None:
    async with trading(tmp_path) as scene:
        await held(scene)
        scene.exchange.faults[CREATE].append(faults.refuses(33004))
        scene.asks(stop())
        await scene.until(lambda: OrderState.REJECTED in scene.states(stop().client_id))
        assert scene.venue.halts.why(BTC)


async def test_f99_a_refusal_is_said_by_the_code_that_the_fund_draws_conclusions_from(
    tmp_path: Path,
) -> None:
    refused = {
        "110007": (entry(), "110007"),
        "110094": (entry("i2"), "110094"),
        "110093": (stop("101"), "-2021"),
        "110017": (close(), "-2022"),
    }
    async with trading(tmp_path) as scene:
        for code, (order, said) in refused.items():
            scene.exchange.faults[CREATE].append(faults.refuses(int(code)))
            scene.asks(order)
            await scene.until(
                lambda name=order.client_id: OrderState.REJECTED in scene.states(name)  # type: ignore[misc]
            )
            assert codes(scene, order.client_id) == [said]


async def test_r20_a_stop_that_the_market_has_passed_is_refused_by_the_venue_itself(
    tmp_path: Path,
) -> None:
    async with trading(tmp_path) as scene:
        await held(scene)
        scene.asks(stop("100"))
        await scene.until(lambda: OrderState.REJECTED in scene.states(stop().client_id))
        assert codes(scene, stop().client_id) == ["-2021"]


async def test_f51_r18_a_figure_off_its_grid_learns_the_filters_and_is_put_on_it(
    tmp_path: Path,
) -> None:
    async with trading(tmp_path) as scene:
        await held(scene)
        scene.exchange.tick = "0.5"
        scene.exchange.faults[CREATE].append(faults.refuses(10001))
        scene.asks(stop("90.3"))
        await scene.until(lambda: OrderState.ACKED in scene.states(stop().client_id))
        assert [body.get("triggerPrice") for body in scene.exchange.asked(*CREATE)][-2:] == [
            "90.3",
            "90.5",
        ]
        await scene.until(lambda: scene.says(InstrumentUpdated)[-1].instruments[0].tick == 0.5)


async def test_r25_a_duplicate_is_found_and_adopted(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        scene.exchange.muted = True
        scene.exchange.faults[CREATE].append(faults.accepts_and_says(110072))
        await held(scene)
        assert len(scene.exchange.asked(*CREATE)) == 1
        assert OrderState.UNKNOWN not in scene.states(entry().client_id)


async def test_f57_the_same_instruction_a_hundred_times_is_one_order(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        order = entry()
        scene.asks(*[order] * 100)
        await scene.until(lambda: scene.filled(order.client_id) == 1)
        assert len(scene.exchange.asked(*CREATE)) == 1
        assert len(scene.says(Fill)) == 1


async def test_r26_a_cancel_that_comes_too_late_tells_the_fill(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        await held(scene)
        scene.asks(stop())
        await scene.until(lambda: scene.states(stop().client_id))
        scene.exchange.muted = True
        scene.exchange.trigger(stop().client_id)
        scene.asks(cancel(stop()))
        await scene.until(lambda: scene.filled(stop().client_id) == 1)
        await scene.until(lambda: scene.states(stop().client_id)[-1] is OrderState.FILLED)


async def test_a_cancel_that_was_done_unheard_is_not_lost(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        await held(scene)
        scene.asks(stop())
        await scene.until(lambda: scene.states(stop().client_id))
        scene.exchange.muted = True
        scene.exchange.faults[CANCEL].append(hang_after_accept)
        scene.asks(cancel(stop()))
        await scene.until(lambda: scene.states(stop().client_id)[-1] is OrderState.CANCELED)


@pytest.mark.parametrize("code", [110043, 10000])
async def test_f25_r27_the_leverage_said_is_the_one_read_back(tmp_path: Path, code: int) -> None:
    async with trading(tmp_path) as scene:
        path = ("POST", "/v5/position/set-leverage")
        scene.exchange.faults[path].append(faults.refuses(code))
        scene.asks(leverage(5))
        await scene.until(lambda: scene.says(LeverageConfirmed))
        assert scene.says(LeverageConfirmed)[0].leverage == 20


async def test_r35_an_unmapped_code_takes_entries_of_the_symbol_off(tmp_path: Path) -> None:
    async with trading(tmp_path) as scene:
        scene.exchange.faults[CREATE].append(faults.refuses(123456))
        scene.asks(entry())
        await scene.until(lambda: scene.venue.halts.why(BTC))
        assert scene.states(entry().client_id)[0] is OrderState.UNKNOWN
