"""W1 to W10 on the private stream: whatever becomes of it, no fill is missed, and it comes back."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from quantum_os.emulator.listen_keys import LIFETIME_NS
from quantum_os.emulator.poison import SHAPES
from quantum_os.events.execution import Fill, VenueSnapshot
from quantum_os.exchange.client import KEEP_ALIVE_MS
from quantum_os.execution.venues.binance.dialect import BinanceDialect
from quantum_os.execution.venues.ccxt.ear import (
    BACKOFF_MAX_S,
    BACKOFF_MIN_S,
    DOWN_ALARM_AFTER,
    LATE_NS,
    LOOK_S,
)
from quantum_os.execution.venues.ccxt.sweeper import HASTE_S, PERIOD_S
from quantum_os.execution.venues.ccxt.venue import STREAM_KEPT_S
from tests.emulator.emulated import KEY
from tests.emulator.faults.drives import known_open, renewed
from tests.emulator.faults.ground import HASTY, PATIENCE, QTY, Making, venue_at

FOUND_WITHIN_S = 15.0


class Quick(BinanceDialect):
    """As ours, but for a test that waits for its timers."""

    async def watch(self, client: Any) -> None:
        client.options["listenKeyRefreshRate"] = 600
        client.streaming["keepAlive"] = 200
        await super().watch(client)


class Legacy(BinanceDialect):
    """A build that listens where Binance has not spoken since April 2026."""

    async def watch(self, client: Any) -> None:
        client.get_private_ws_url = lambda kind, key: f"wss://fstream.binance.com/ws/{key}"
        await super().watch(client)


async def test_w1_an_expired_key_is_renewed_and_the_account_listed(tmp_path: Path) -> None:
    async with venue_at(tmp_path) as ground:
        openings = await known_open(ground)
        seen = len(ground.says(VenueSnapshot))
        await ground.fault("expire_listen_key", account=KEY)
        await ground.fault("trade", symbol="BTCUSDT", side="BUY", qty=QTY)
        await renewed(ground, openings)
        assert ground.count("POST /fapi/v1/listenKey") == 2
        await ground.until(lambda: len(ground.says(VenueSnapshot)) > seen)
        held = sum((each.qty for each in ground.says(Fill)), Decimal(0))
        assert held == ground.held


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "error", "code": -1125},
        {"kind": "html", "status": 502},
        {"kind": "reset_before", "count": 2},
    ],
    ids=["1125", "502", "reset"],
)
async def test_w2_a_key_that_cannot_be_kept_alive_is_renewed(
    tmp_path: Path, rule: dict[str, Any]
) -> None:
    keeping = msgspec.structs.replace(PATIENCE, stream_kept_s=0.3)
    async with venue_at(tmp_path, Making(keeping)) as ground:
        openings = await known_open(ground)
        path = "/fapi/v1/listenKey"
        await ground.until(lambda: ground.count(f"PUT {path}") > 1)
        assert ground.venue.ear.openings == openings, "it is prolonged again and again"
        await ground.emu.fault({"method": "PUT", "path": path, **rule})
        await renewed(ground, openings)


async def test_w2_where_ccxt_fails_to_keep_the_key_alive_it_is_renewed_too(tmp_path: Path) -> None:
    rule = {"kind": "error", "code": -1125, "method": "PUT", "path": "/fapi/v1/listenKey"}
    async with venue_at(tmp_path, Making(dialect=Quick, before=(rule,))) as ground:
        openings = await known_open(ground)
        await renewed(ground, openings)


def test_w2_a_key_is_prolonged_long_before_it_runs_out() -> None:
    assert 2 * STREAM_KEPT_S * 1e9 < LIFETIME_NS


def test_w3_a_silence_of_the_private_stream_is_found_within_fifteen_seconds() -> None:
    assert PERIOD_S + HASTE_S + LATE_NS / 1e9 + LOOK_S <= FOUND_WITHIN_S
    assert 3 * KEEP_ALIVE_MS / 1_000 <= FOUND_WITHIN_S


async def test_w3_a_stream_that_is_open_and_silent_is_found_by_what_it_does_not_say(
    tmp_path: Path,
) -> None:
    async with venue_at(tmp_path, Making(HASTY)) as ground:
        openings = await known_open(ground)
        await ground.fault("stall", section="private")
        await ground.holds()
        await ground.until(lambda: ground.alerts("stream_silent"))
        await renewed(ground, openings)
        await ground.until(lambda: ground.resolved("stream_silent"))


async def test_w4_a_stream_on_which_nobody_answers_is_given_up_and_its_end_is_not_waited_for(
    tmp_path: Path,
) -> None:
    async with venue_at(tmp_path, Making(dialect=Quick)) as ground:
        openings = await known_open(ground)
        await ground.fault("half_open", section="private")
        await renewed(ground, openings)


@pytest.mark.parametrize("kind", ["close", "cut"])
async def test_w5_what_happens_while_the_stream_is_away_is_told(tmp_path: Path, kind: str) -> None:
    async with venue_at(tmp_path) as ground:
        openings = await known_open(ground)
        await ground.fault("refuse_socket", section="private", status=503)
        await ground.fault(kind, section="private")
        await ground.fault("trade", symbol="BTCUSDT", side="BUY", qty=QTY)
        await renewed(ground, openings)
        await ground.listed()
        assert sum((each.qty for each in ground.says(Fill)), Decimal(0)) == ground.held


@pytest.mark.parametrize("shape", sorted(SHAPES))
async def test_w6_no_frame_ends_the_hearing(tmp_path: Path, shape: str) -> None:
    async with venue_at(tmp_path) as ground:
        await known_open(ground)
        quarantine = ground.venue.line.quarantine
        await ground.fault("poison", section="private", text=shape)
        frames = ground.venue.ear.frames
        await ground.fault("trade", symbol="BTCUSDT", side="BUY", qty=QTY)
        await ground.until(lambda: ground.says(Fill))
        if quarantine.count:
            await renewed(ground, 1)
        else:
            await ground.until(lambda: ground.venue.ear.frames > frames)


async def test_w7_a_frame_of_eleven_megabytes_ends_the_connection_and_not_the_hearing(
    tmp_path: Path,
) -> None:
    async with venue_at(tmp_path) as ground:
        openings = await known_open(ground)
        await ground.fault("giant", section="private")
        await renewed(ground, openings)


async def test_w8_a_door_that_stays_shut_is_tried_ever_more_rarely(tmp_path: Path) -> None:
    async with venue_at(tmp_path) as ground:
        openings = await known_open(ground)
        await ground.fault("refuse_socket", section="private", status=429, count=None)
        began = ground.now
        await ground.fault("close", section="private")
        await ground.until(lambda: ground.alerts("stream_down"))
        ear = ground.venue.ear
        waited_s = (ground.now - began) / 1e9
        least_s = sum(BACKOFF_MIN_S * 2**n / 2 for n in range(DOWN_ALARM_AFTER - 1))
        assert waited_s >= least_s, "each rest is at least half of twice the one before"
        rests = [ear._rest_s(n) for n in range(1, 20) for _ in range(20)]
        assert max(rests) <= BACKOFF_MAX_S
        assert len(set(rests)) > 100, "no two processes knock in step"
        await ground.heal()
        await renewed(ground, openings)
        await ground.until(lambda: ground.resolved("stream_down"))


async def test_w9_a_subscription_that_is_taken_and_ignored_is_found(tmp_path: Path) -> None:
    async with venue_at(tmp_path, Making(HASTY)) as ground:
        openings = await known_open(ground)
        await ground.fault("deaf", section="private")
        await ground.fault("close", section="private")
        await ground.until(lambda: ground.venue.ear.openings > openings)
        await known_open(ground)
        await ground.holds()
        await ground.until(lambda: ground.alerts("stream_silent"))
        await renewed(ground, openings + 1)


async def test_w10_our_stream_is_opened_at_the_private_door(tmp_path: Path) -> None:
    async with venue_at(tmp_path) as ground:
        await known_open(ground)
        doors = {socket.section.value for socket in ground.emu.server.hub.sockets}
        assert doors == {"private"}
        assert not any(socket.misrouted for socket in ground.emu.server.hub.sockets)


async def test_w10_a_door_that_leads_nowhere_is_found_by_its_silence(tmp_path: Path) -> None:
    async with venue_at(tmp_path, Making(HASTY, dialect=Legacy, is_heard=False)) as ground:
        await known_open(ground)
        doors = {socket.section.value for socket in ground.emu.server.hub.sockets}
        assert doors == {"legacy"}
        await ground.holds()
        await ground.until(lambda: ground.alerts("stream_silent"))
