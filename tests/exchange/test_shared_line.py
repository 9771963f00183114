"""Feed and venue of one exchange are told to be silent once, and spend from one budget."""

import pytest

from quantum_os.exchange.ban_clock import Banned
from quantum_os.exchange.line import Line
from quantum_os.exchange.rate_budget import BudgetSpent


async def test_what_one_is_banned_for_no_other_asks() -> None:
    venue = Line()
    feed = venue.beside()
    venue.answered(418, {"Retry-After": "60"}, '{"code": -1003, "msg": "banned"}')
    with pytest.raises(Banned):
        await feed.admit(1)
    with pytest.raises(Banned):
        feed.leaves()


async def test_what_one_spends_the_other_lacks() -> None:
    venue = Line(weight_max=10)
    await venue.admit(6)
    with pytest.raises(BudgetSpent):
        await venue.beside().admit(6)


def test_each_hears_its_own_frames() -> None:
    """A venue that took the feed's frames for its own would never find its stream silent."""
    heard: list[str] = []
    venue = Line()
    venue.frame_hooks.append(lambda url, message: heard.append(url))
    venue.beside().heard("public", {})
    assert heard == []
