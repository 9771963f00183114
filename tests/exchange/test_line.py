"""What a request has to pass before its bytes leave."""

import pytest

from quantum_os.exchange.ban_clock import Banned
from quantum_os.exchange.line import Line
from quantum_os.exchange.rate_budget import BudgetSpent


async def test_a_ban_that_comes_while_a_request_waits_for_room_still_stops_it() -> None:
    line = Line()
    await line.admit(1)
    line.ban.silence(60, 418)
    with pytest.raises(Banned):
        line.leaves()
    assert line.requests == 0


async def test_a_request_that_finds_no_room_in_time_is_given_up_at_once() -> None:
    line = Line(weight_max=10)
    await line.admit(6)
    with pytest.raises(BudgetSpent):
        await line.admit(6)
