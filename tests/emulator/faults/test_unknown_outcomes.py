"""R1 to R10 and R35: what may have happened is found out, and nothing is done a second time."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from quantum_os.events.execution import Leg, OrderState
from quantum_os.execution.venues.ccxt.inquiry import NOT_FOUND_MIN
from tests.emulator.faults.drives import Rule, strike_entry, taken_unheard
from tests.emulator.faults.ground import (
    ALGO,
    HASTY,
    ORDER,
    PATIENCE,
    QTY,
    Making,
    fund_at,
    legs_asked,
    venue_at,
)

AFTER: dict[str, Rule] = {
    "r1": {"kind": "hang_after"},
    "r4": {"kind": "reset_after"},
    "r5_length": {"kind": "half_body"},
    "r5_chunked": {"kind": "half_chunked"},
    "r6_object": {"kind": "garbage", "text": "{}"},
    "r6_list": {"kind": "garbage", "text": "[]"},
    "r6_html": {"kind": "garbage", "text": "<html>hello</html>"},
    "r6_half": {"kind": "garbage", "text": '{"orderId": 12'},
    "r7": {"kind": "unknown_503", "accepted": True},
    "r9_500": {"kind": "html", "status": 500},
    "r9_502": {"kind": "html", "status": 502},
    "r9_504": {"kind": "html", "status": 504},
    "r9_520": {"kind": "html", "status": 520},
    "r10_1006": {"kind": "error", "code": -1006, "accepted": True},
    "r10_1007": {"kind": "error", "code": -1007, "accepted": True, "status": 408},
    "r35": {"kind": "error", "code": -8765, "accepted": True},
}
"""It was done, and the answer does not say so."""

BEFORE: dict[str, Rule] = {
    "r2": {"kind": "hang_before"},
    "r4": {"kind": "reset_before"},
    "r7": {"kind": "unknown_503", "accepted": False},
    "r9": {"kind": "html", "status": 502, "accepted": False},
    "r10": {"kind": "error", "code": -1007, "accepted": False},
}
"""It was not done, and the answer does not say so either."""


@pytest.mark.parametrize("rule", AFTER.values(), ids=AFTER)
async def test_r1_r4_r5_r6_r7_r9_r10_r35_an_entry_that_was_taken_unheard_is_adopted(
    tmp_path: Path, rule: Rule
) -> None:
    await taken_unheard(tmp_path, rule, Making())


@pytest.mark.parametrize("rule", AFTER.values(), ids=AFTER)
async def test_r1_r4_r5_r6_r7_r9_r10_r35_a_stop_that_was_taken_unheard_is_adopted(
    tmp_path: Path, rule: Rule
) -> None:
    async with venue_at(tmp_path) as ground:
        await ground.holds()
        await ground.silent_stream()
        await ground.emu.fault({"method": "POST", "path": ALGO, **rule})
        order = ground.stop()
        ground.asks(order)
        await ground.until(lambda: OrderState.ACKED in ground.states(order.client_id))
        assert (ground.asked_for(order), ground.taken(order)) == (1, 1)


@pytest.mark.parametrize("rule", BEFORE.values(), ids=BEFORE)
async def test_r2_r4_r7_r9_r10_an_entry_that_was_not_taken_expires_and_is_not_sent_again(
    tmp_path: Path, rule: Rule
) -> None:
    async with venue_at(tmp_path) as ground:
        await strike_entry(ground, rule)
        order = ground.entry()
        ground.asks(order)
        await ground.until(lambda: OrderState.EXPIRED in ground.states(order.client_id))
        assert ground.codes(order)[-1] == "-2013"
        assert ground.count(f"GET {ORDER}") >= NOT_FOUND_MIN
        assert (ground.asked_for(order), ground.taken(order)) == (1, 0)


async def test_r1_the_fund_is_protected_whatever_answer_it_does_not_get(tmp_path: Path) -> None:
    async with fund_at(tmp_path, Making(HASTY)) as ground:
        await ground.silent_stream()
        for leg in ("entry", "stop"):
            await ground.fault("hang_after", method="POST", leg=leg)
        await ground.protected()
        await ground.agreed()
        assert len(legs_asked(ground, Leg.STOP)) == 1


async def test_r2_a_stop_that_never_arrived_is_placed_again(tmp_path: Path) -> None:
    async with fund_at(tmp_path) as ground:
        await ground.fault("hang_before", method="POST", leg="stop")
        await ground.protected()
        first, second = legs_asked(ground, Leg.STOP)
        assert (ground.taken(first), ground.taken(second)) == (0, 1)


async def test_r2_a_stop_whose_fate_stays_unknown_leaves_nothing_naked_for_ten_seconds(
    tmp_path: Path,
) -> None:
    patient = msgspec.structs.replace(PATIENCE, write_s=5.0, absent_after_s=10.0)
    async with fund_at(tmp_path, Making(patient)) as ground:
        await ground.fault("hang_before", method="POST", leg="stop", count=None)
        ground.enters()
        await ground.until(lambda: ground.held)
        await ground.until(lambda: not ground.held)
        await ground.agreed()


async def test_r3_an_order_that_is_not_found_at_first_is_not_given_up(tmp_path: Path) -> None:
    async with venue_at(tmp_path) as ground:
        await strike_entry(ground, {"kind": "hang_after"})
        await ground.fault("hide", method="POST", path=ORDER, seconds=0.8)
        order = ground.entry()
        ground.asks(order)
        await ground.until(lambda: ground.filled(order.client_id) == Decimal(QTY))
        assert ground.count(f"GET {ORDER}") > 1
        assert OrderState.EXPIRED not in ground.states(order.client_id)
        assert ground.asked_for(order) == 1


async def test_r6_an_answer_that_makes_no_sense_is_counted(tmp_path: Path) -> None:
    async with venue_at(tmp_path) as ground:
        await strike_entry(ground, AFTER["r6_object"])
        await ground.holds()
        assert ground.venue.attempts.bad_responses == 1


@pytest.mark.parametrize(
    "rule", [{"kind": "unavailable_503"}, {"kind": "error", "code": -1008}], ids=["503", "1008"]
)
async def test_r8_what_the_venue_throttled_goes_again_under_its_name(
    tmp_path: Path, rule: Rule
) -> None:
    async with venue_at(tmp_path) as ground:
        await ground.emu.fault({"method": "POST", "path": ORDER, "count": 2, **rule})
        bought = await ground.holds()
        await ground.emu.fault({"method": "POST", "path": ORDER, "count": 3, **rule})
        sold = ground.close()
        ground.asks(sold)
        await ground.until(lambda: ground.filled(sold.client_id) == Decimal(QTY))
        assert (ground.asked_for(bought), ground.taken(bought)) == (3, 1)
        assert (ground.asked_for(sold), ground.taken(sold)) == (4, 1)
        assert ground.alerts("exit_delayed")
        assert ground.resolved("exit_delayed")


async def test_r8_an_entry_is_tried_until_its_deadline_and_not_beyond(tmp_path: Path) -> None:
    async with venue_at(tmp_path) as ground:
        await ground.fault("unavailable_503", method="POST", path=ORDER, count=None)
        order = ground.entry(seconds=0.6)
        ground.asks(order)
        await ground.until(lambda: OrderState.EXPIRED in ground.states(order.client_id))
        assert ground.asked_for(order) > 1
        assert ground.taken(order) == 0


@pytest.mark.parametrize("status", [500, 502, 504, 520])
async def test_r9_a_listing_that_fails_is_made_again_and_never_read_as_flat(
    tmp_path: Path, status: int
) -> None:
    async with venue_at(tmp_path, Making(HASTY)) as ground:
        await ground.holds()
        assert (await ground.listed()).positions
        seen = len(ground.said)
        for path in ("/fapi/v3/account", "/fapi/v3/positionRisk"):
            await ground.fault("html", method="GET", path=path, status=status, count=3)
        await ground.until(lambda: ground.alerts("listing_failed"))
        await ground.until(lambda: ground.resolved("listing_failed"))
        later = [each for each in ground.said[seen:] if hasattr(each, "positions")]
        assert all(each.positions for each in later)


async def test_r35_an_unmapped_code_takes_the_entries_of_its_symbol_off(tmp_path: Path) -> None:
    async with venue_at(tmp_path) as ground:
        await ground.fault("error", code=-9876, method="POST", path=ORDER, leg="entry")
        lost, next_one = ground.entry(), ground.entry("i2")
        ground.asks(lost)
        await ground.until(lambda: ground.alerts("unmapped_code"))
        ground.asks(next_one)
        await ground.until(lambda: ground.states(next_one.client_id))
        assert ground.states(next_one.client_id) == [OrderState.REJECTED]
        assert ground.asked_for(next_one) == 0
        await ground.until(lambda: OrderState.EXPIRED in ground.states(lost.client_id))
