"""A market that stands still is heard as one that is quiet, at any pace."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from quantum_os.events.market import FeedStatus
from tests.emulator.emulated import Emulated, emulated
from tests.emulator.listening import heard_at, states
from tests.waiting import until

STALE_S = 3.0
"""Less than the eight seconds that are usual, so that the test is short."""

HEARD_S = 8.0


@pytest.mark.parametrize("pace", [0.0, 1.0, 20.0])
async def test_no_pace_makes_the_feed_connect_anew(pace: float, tmp_path: Path) -> None:
    async with emulated(tmp_path, pace=pace) as emu, heard_at(emu, stale_s=STALE_S) as hearing:
        await until(lambda: FeedStatus.LIVE in states(hearing.listen()))
        await asyncio.sleep(HEARD_S)
        connection = hearing.feed.venues[0].connection
        assert connection.reconnections == 0
        assert states(hearing.listen())[-1] is FeedStatus.LIVE
        assert not [topic for topic in connection.freshness.stale if topic.startswith("reference")]


async def test_marks_come_every_second_while_the_market_stands(tmp_path: Path) -> None:
    async with emulated(tmp_path, pace=0.0) as emu:
        got = await marks(emu, "btcusdt@markPrice@1s", 4.5)
        assert 3 <= len(got) <= 5
        assert len({(mark["E"], mark["p"]) for mark in got}) == 1, "nothing moved, not even time"
        named = {mark["s"] for (mark,) in await marks(emu, "!markPrice@arr@1s", 3.5)}
        assert named == {symbol.contract.name for symbol in emu.exchange.market.symbols.values()}
        assert len(await marks(emu, "btcusdt@markPrice", 4.5)) <= 2, "that one rests for three"


async def marks(emu: Emulated, stream: str, seconds: float) -> list[Any]:
    got: list[Any] = []
    async with (
        emu.session() as session,
        session.ws_connect(f"https://fstream.binance.com/market/ws/{stream}") as ws,
    ):
        try:
            async with asyncio.timeout(seconds):
                async for message in ws:
                    got.append(message.json())
        except TimeoutError:
            pass
    return got
