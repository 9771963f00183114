"""The fund's time at an emulator is what the emulator last said, at whatever pace it goes."""

import asyncio
import json
from typing import Any

import pytest

from quantum_os.exchange.followed_clock import FollowedClock
from quantum_os.exchange.line import Line

S = 1_000_000_000
MS = 1_000_000
T0 = 1_750_000_000 * S


def frame(ms: int) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(f'{{"e": "trade", "E": {ms}, "s": "BTCUSDT"}}')
    return parsed


def test_it_moves_with_frames_and_answers_and_never_back() -> None:
    clock = FollowedClock(T0)
    Line(clock).beside().heard("wss://", frame(T0 // MS + 250))
    assert clock.now_ns() == clock.ours() == T0 + 250 * MS
    Line(clock).heard("wss://", {"stream": "s", "data": frame(T0 // MS + 300)})
    assert clock.ours() == T0 + 300 * MS
    clock.measure(clock.begin(), T0 // MS + 60_000)
    assert (clock.ours(), clock.offset_ms) == (T0 + 60 * S, 0.0)
    clock.hears(frame(T0 // MS))
    assert clock.ours() == T0 + 60 * S


def test_bybits_frames_move_it_too() -> None:
    clock = FollowedClock(T0)
    clock.hears({"topic": "tickers.BTCUSDT", "ts": T0 // MS + 5, "data": {"symbol": "BTCUSDT"}})
    assert clock.ours() == T0 + 5 * MS
    clock.hears({"topic": "order", "creationTime": T0 // MS + 9, "data": [{"symbol": "BTCUSDT"}]})
    assert clock.ours() == T0 + 9 * MS


@pytest.mark.parametrize("message", [[], [1], None, {}, {"E": "soon"}, {"data": 5}])
def test_a_frame_without_a_time_moves_nothing(message: object) -> None:
    clock = FollowedClock(T0)
    clock.hears(message)
    assert clock.ours() == T0


async def test_a_rest_is_as_long_as_the_market_says() -> None:
    clock = FollowedClock(T0)
    resting = asyncio.create_task(clock.rest(10))
    await asyncio.sleep(0)
    clock.moves_to(T0 + 9 * S)
    await asyncio.sleep(0)
    assert not resting.done()
    clock.moves_to(T0 + 10 * S)
    await asyncio.wait_for(resting, 5)


def test_the_budget_is_by_the_market_and_an_emulators_own_count_is_not_believed() -> None:
    clock = FollowedClock(T0)
    line = Line(clock)
    line.budget.spend(100)
    line.answered(200, {"X-MBX-USED-WEIGHT-1M": "2399"}, "{}")
    assert line.budget.spent == 100
    clock.moves_to(T0 + 61 * S)
    assert line.budget.spent == 0
