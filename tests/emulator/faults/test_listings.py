"""R32 to R34: stops that are replaced, listings that are old when they come, and short pages."""

from decimal import Decimal
from pathlib import Path

from quantum_os.events.execution import Fill, OrderState, VenueSnapshot
from tests.emulator.faults.ground import (
    ALGO,
    HASTY,
    ORDER,
    QTY,
    Making,
    fund_at,
    seconds_naked,
    venue_at,
)
from tests.execution.desk import stop_at
from tests.execution.venues.binance.scene import BTC


async def test_f56_r32_a_stop_is_replaced_new_first_and_never_edited(tmp_path: Path) -> None:
    async with fund_at(tmp_path) as ground:
        wish = await ground.protected()
        (old,) = ground.stops
        before = seconds_naked(ground)
        ground.fund.hears(stop_at(wish, ground.price("0.99"), QTY))
        await ground.until(lambda: len(ground.account.algos) == 2 and len(ground.stops) == 1)
        (new,) = ground.stops
        assert new.trigger > old.trigger
        assert seconds_naked(ground) == before, "at no moment without a stop"
        assert ground.count(f"PUT {ORDER}") == 0


async def test_r32_a_replacement_that_is_refused_leaves_the_old_stop(tmp_path: Path) -> None:
    async with fund_at(tmp_path) as ground:
        wish = await ground.protected()
        (old,) = ground.stops
        await ground.fault("error", code=-4045, method="POST", path=ALGO, count=None)
        ground.fund.hears(stop_at(wish, ground.price("0.99"), QTY))
        await ground.until(lambda: ground.count(f"POST {ALGO}") >= 4)
        assert ground.stops == [old]
        await ground.heal()
        assert ground.held == Decimal(QTY)
        trade = next(iter(ground.fund.orders.state.trades.values()))
        await ground.until(lambda: trade.stop_price == old.trigger)


async def test_r33_a_listing_that_is_older_than_what_was_heard_is_not_believed(
    tmp_path: Path,
) -> None:
    async with venue_at(tmp_path, Making(HASTY)) as ground:
        path = "/fapi/v3/positionRisk"
        await ground.fault("slow", method="GET", path=path, seconds=0.6, count=None)
        asked = ground.count(f"GET {path}")
        ground.venue.sweeper.wanted.set()
        await ground.until(lambda: ground.count(f"GET {path}") > asked)
        await ground.holds()
        at = ground.said.index(ground.says(Fill)[0])
        await ground.until(lambda: any(isinstance(e, VenueSnapshot) for e in ground.said[at:]))
        later = [each for each in ground.said[at:] if isinstance(each, VenueSnapshot)]
        assert all(each.positions for each in later)


async def test_r34_pages_that_are_too_short_hide_no_fill(tmp_path: Path) -> None:
    async with venue_at(tmp_path, Making(HASTY)) as ground:
        await ground.silent_stream()
        await ground.fault("page", path="/fapi/v1/userTrades", size=1, count=None)
        orders = [ground.entry(f"i{number}") for number in range(5)]
        ground.asks(*orders)
        await ground.until(lambda: len(ground.says(Fill)) == 5)
        for order in orders:
            await ground.until(
                lambda name=order.client_id: OrderState.FILLED in ground.states(name)  # type: ignore[misc]
            )
        assert ground.held == 5 * Decimal(QTY)


async def test_r34_a_window_begins_where_the_last_one_was_known_to_end(tmp_path: Path) -> None:
    async with venue_at(tmp_path, Making(HASTY)) as ground:
        await ground.holds()
        await ground.listed()
        known = ground.venue.sweeper.traded_until[BTC]
        await ground.fault("error", code=-1001, path="/fapi/v1/userTrades", count=3)
        await ground.silent_stream()
        await ground.holds("i2")
        assert ground.venue.sweeper.traded_until[BTC] >= known
        assert len(ground.says(Fill)) == 2
