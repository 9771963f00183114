"""The venue's time: paced or stepped, and the stamps that it lets pass."""

from quantum_os.emulator.clock import VenueClock

S = 1_000_000_000
T0 = 1_750_000_000 * S


class Hands:
    """A wall clock and a monotonic one that the test moves."""

    def __init__(self, wall: int) -> None:
        self.wall = wall

    def now(self) -> int:
        return self.wall

    def monotonic(self) -> int:
        return self.wall - T0


def clock(hands: Hands, pace: float, start: int = T0) -> VenueClock:
    return VenueClock(start, pace, hands, hands.monotonic)


def test_the_market_runs_at_its_pace() -> None:
    hands = Hands(T0)
    paced = clock(hands, 60.0)
    hands.wall += 10 * S
    assert paced.now() == T0 + 600 * S
    paced.pause()
    hands.wall += 10 * S
    assert paced.now() == T0 + 600 * S
    paced.resume()
    hands.wall += S
    assert paced.now() == T0 + 660 * S


def test_a_stepped_market_moves_when_told() -> None:
    hands = Hands(T0)
    stepped = clock(hands, 0.0)
    hands.wall += 10 * S
    assert stepped.now() == T0
    stepped.jump(5 * S)
    stepped.resume()
    assert stepped.now() == T0 + 5 * S


def test_a_stamp_is_inside_the_window_or_not() -> None:
    hands = Hands(T0)
    here = clock(hands, 1.0)
    now = T0 // 1_000_000
    assert here.objection(now, 5_000) is None
    assert here.objection(now - 5_000, 5_000) is None
    assert "outside of the recvWindow" in str(here.objection(now - 5_001, 5_000))
    assert here.objection(now + 999, 5_000) is None
    assert "ahead" in str(here.objection(now + 1_000, 5_000))


def test_a_drift_is_found_out_by_asking() -> None:
    hands = Hands(T0)
    here = clock(hands, 1.0)
    here.drift(30_000)
    assert here.objection(T0 // 1_000_000, 5_000) is not None
    told = here.server_ms()
    hands.wall += 60 * S
    assert here.objection(told + 60_000, 5_000) is None


def test_in_a_recorded_market_either_clock_is_right() -> None:
    hands = Hands(T0 + 10**9 * S)
    recorded = clock(hands, 0.0)
    assert recorded.objection(T0 // 1_000_000, 5_000) is None
    assert recorded.objection(hands.wall // 1_000_000, 5_000) is None
    assert recorded.objection(T0 // 1_000_000 + 3_600_000, 5_000) is not None


def test_whoever_stands_in_the_last_step_is_right() -> None:
    hands = Hands(T0 + 10**9 * S)
    stepped = clock(hands, 0.0)
    now = T0 // 1_000_000
    stepped.begin_step()
    stepped.jump(60 * S)
    assert stepped.objection(now, 5_000) is None
    assert stepped.objection(now + 30_000, 5_000) is None
    assert stepped.objection(now + 61_000, 5_000) is not None
    assert stepped.objection(now - 5_001, 5_000) is not None
    stepped.begin_step()
    assert stepped.objection(now, 5_000) is not None
