"""R11 to R15: an exchange that wants silence, does not know our key, or has another clock."""

from decimal import Decimal
from pathlib import Path

import pytest

from quantum_os.events.execution import LeverageConfirmed, OrderState, VenueSnapshot
from quantum_os.events.system import Severity
from tests.emulator.emulated import KEY
from tests.emulator.faults.drives import SILENCE_S, shut_out, strike_exit
from tests.emulator.faults.ground import (
    HASTY,
    QTY,
    Making,
    fund_at,
    venue_at,
)
from tests.execution.venues.binance.scene import BTC, leverage


@pytest.mark.parametrize("kind", ["limit", "ban"])
async def test_r11_r12_in_a_ban_nothing_leaves_and_the_exit_goes_when_it_is_over(
    tmp_path: Path, kind: str
) -> None:
    await shut_out(tmp_path, kind, Making(HASTY))


async def test_r11_a_limit_is_told_and_its_end_too(tmp_path: Path) -> None:
    async with venue_at(tmp_path, Making(HASTY)) as ground:
        await ground.holds()
        await strike_exit(ground, kind="limit")
        await ground.until(lambda: ground.alerts("backing_off"))
        assert ground.alerts("backing_off")[0].severity is Severity.WARNING
        assert ground.alerts("exit_delayed")
        await ground.until(lambda: ground.resolved("backing_off"))


async def test_r12_a_ban_takes_entries_off_calls_a_person_and_the_stream_is_heard_on(
    tmp_path: Path,
) -> None:
    async with venue_at(tmp_path, Making(HASTY)) as ground:
        await ground.holds()
        ground.asks(ground.stop())
        await ground.until(lambda: ground.states(ground.stop().client_id))
        await strike_exit(ground, kind="ban")
        await ground.until(lambda: ground.alerts("shut_out"))
        assert ground.alerts("shut_out")[0].severity is Severity.CRITICAL
        refused = ground.entry("refused")
        ground.asks(refused)
        await ground.until(lambda: ground.states(refused.client_id))
        assert ground.states(refused.client_id) == [OrderState.REJECTED]
        await ground.fault("move", symbol="BTCUSDT", rate=-0.04)
        await ground.until(lambda: ground.filled(ground.stop().client_id) == Decimal(QTY))
        assert ground.venue.line.ban.seconds_left > 0, "heard by the stream alone"
        await ground.until(lambda: ground.resolved("shut_out"))
        assert ground.knocks == 0


@pytest.mark.parametrize("status", [403, 451])
async def test_r13_a_firewall_halts_and_is_not_asked_again_as_if_it_passed_by_itself(
    tmp_path: Path, status: int
) -> None:
    async with venue_at(tmp_path, Making(HASTY)) as ground:
        await ground.holds()
        await strike_exit(ground, kind="waf", status=status)
        requests = ground.requests
        await ground.until(lambda: ground.alerts("shut_out"))
        refused = ground.entry("refused")
        ground.asks(refused, ground.stop())
        await ground.until(lambda: ground.states(refused.client_id))
        assert ground.states(refused.client_id) == [OrderState.REJECTED]
        assert ground.requests == requests
        assert ground.venue.line.ban.seconds_left > 0
        await ground.until(lambda: OrderState.ACKED in ground.states(ground.stop().client_id))
        await ground.until(lambda: ground.resolved("shut_out"))


async def test_r13_a_firewall_before_the_listing_halts_as_well(tmp_path: Path) -> None:
    async with venue_at(tmp_path, Making(HASTY)) as ground:
        await ground.fault("waf", method="GET", path="/fapi/v3/account", seconds=SILENCE_S)
        await ground.until(lambda: ground.alerts("shut_out") and ground.alerts("unlisted"))
        assert ground.venue.halts.why(BTC)
        await ground.until(lambda: ground.venue.halts.why(BTC) is None)


async def test_r14_a_stamp_that_is_refused_measures_the_clock_and_entries_wait_for_it(
    tmp_path: Path,
) -> None:
    async with venue_at(tmp_path) as ground:
        await ground.holds()
        clock_asked = ground.count("GET /fapi/v1/time")
        await ground.fault("drift", ms=90_000)
        sold, bought = ground.close(), ground.entry("i2")
        ground.asks(sold)
        await ground.until(lambda: ground.filled(sold.client_id) == Decimal(QTY))
        assert ground.count("GET /fapi/v1/time") > clock_asked
        assert ground.asked_for(sold) == 2
        await ground.until(lambda: ground.alerts("clock_drift"))
        ground.asks(bought)
        await ground.until(lambda: ground.states(bought.client_id))
        assert ground.states(bought.client_id) == [OrderState.REJECTED]
        await ground.fault("drift", ms=0)
        ground.venue.line.clock.forget()
        ground.venue.follow.clock.set()
        await ground.until(lambda: ground.resolved("clock_drift"))
        await ground.holds("i3")


async def test_f65_r15_a_revoked_key_halts_and_is_never_read_as_flat(tmp_path: Path) -> None:
    async with venue_at(tmp_path, Making(HASTY)) as ground:
        await ground.holds()
        assert (await ground.listed()).positions
        seen = len(ground.says(VenueSnapshot))
        await ground.fault("revoke", account=KEY)
        sold, bought = ground.close(), ground.entry("i2")
        ground.asks(sold)
        await ground.until(lambda: ground.states(sold.client_id))
        assert ground.states(sold.client_id) == [OrderState.REJECTED]
        assert ground.asked_for(sold) == 1, "not tried again"
        await ground.until(lambda: ground.alerts("locked_out") and ground.alerts("unlisted"))
        assert "cannot trade or protect" in ground.alerts("locked_out")[0].summary
        ground.asks(bought)
        await ground.until(lambda: ground.states(bought.client_id))
        assert ground.asked_for(bought) == 0
        await ground.fault("restore", account=KEY)
        ground.asks(leverage(5))
        await ground.until(lambda: ground.says(LeverageConfirmed))
        await ground.until(lambda: ground.venue.halts.why(BTC) is None)
        assert all(each.positions for each in ground.says(VenueSnapshot)[seen:])
        await ground.holds("i3")


async def test_r15_a_fund_whose_key_comes_back_leaves_as_it_wished(tmp_path: Path) -> None:
    async with fund_at(tmp_path, Making(HASTY)) as ground:
        await ground.protected()
        await ground.fault("revoke", account=KEY)
        await ground.until(lambda: ground.alerts("unlisted"))
        assert ground.fund.ledger.state.positions[BTC].qty == Decimal(QTY)
        assert len(ground.stops) == 1, "the stop stands at the exchange"
        await ground.fault("restore", account=KEY)
        await ground.until(lambda: ground.resolved("unlisted"))
        await ground.agreed()
