"""What is asked beyond the limits is refused, and who goes on asking is shut out for longer."""

import pytest

from quantum_os.emulator.limits import BAN_S, OFFENCES_MAX, ORDERS_10S_MAX, WEIGHT_1M_MAX, Door
from quantum_os.emulator.refusals import Refused

S = 1_000_000_000


class Wall:
    def __init__(self) -> None:
        self.ns = 600 * S

    def __call__(self) -> int:
        return self.ns


def status_of(door: Door, weight: int = 1) -> int:
    try:
        door.pass_through(weight)
    except Refused as refused:
        return refused.status
    return 200


def test_a_minutes_weight_is_bounded_and_comes_back() -> None:
    wall = Wall()
    door = Door(wall)
    assert status_of(door, WEIGHT_1M_MAX) == 200
    assert status_of(door) == 429
    assert 0 < door.left_s <= 61
    wall.ns += 61 * S
    assert status_of(door) == 200


def test_who_goes_on_asking_is_banned() -> None:
    wall = Wall()
    door = Door(wall)
    statuses = [status_of(door, WEIGHT_1M_MAX) for _ in range(OFFENCES_MAX + 3)]
    assert statuses[0] == 200
    assert statuses[1] == 429
    assert statuses[-1] == 418
    wall.ns += (BAN_S - 1) * S
    assert status_of(door) == 418
    wall.ns += 2 * S
    assert status_of(door) == 200


def test_orders_are_counted_by_account() -> None:
    door = Door(Wall())
    for _ in range(ORDERS_10S_MAX):
        door.count_orders("one", 1)
    with pytest.raises(Refused) as caught:
        door.count_orders("one", 1)
    assert caught.value.code == -1015
    assert door.count_orders("other", 1) == (1, 1)


def test_counting_alone_refuses_nothing() -> None:
    door = Door(Wall(), enforced=False)
    assert status_of(door, 10 * WEIGHT_1M_MAX) == 200
    assert door.weight.count == 10 * WEIGHT_1M_MAX
