"""A bar that was told in ticks adds nothing: what it could fill, its ticks have filled."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantum_os.events.execution import Fill, OrderKind
from quantum_os.events.market import MarketKlines
from quantum_os.events.units import Side
from quantum_os.execution.venues.sim.state import Said
from quantum_os.execution.venues.sim.venue import SimVenue
from tests.execution.venues.sim.auditor import audit
from tests.execution.venues.sim.floor import BAR, BTC, Floor
from tests.execution.venues.sim.test_laws import CONFIG, QTY, TICKS, VOLUME, send

Order = tuple[Side, str, OrderKind, float, bool]
PATH = st.lists(TICKS, min_size=2, max_size=6)
ORDERS = st.lists(
    st.tuples(
        st.sampled_from(list(Side)), QTY, st.sampled_from(list(OrderKind)), TICKS, st.booleans()
    ),
    max_size=2,
)
LIVES = st.lists(st.tuples(ORDERS, PATH, VOLUME), min_size=1, max_size=8)


def live(steps: list[tuple[list[Order], list[float], float]], venue: SimVenue) -> list[Fill]:
    """Tells each bar in ticks and then as a bar; gives the fills that bars made."""
    floor = Floor(CONFIG, deposit="5000", venue=venue)
    floor.leverage(5)
    floor.bar((100, 100, 100, 100), volume=100.0)
    sent, late = [], list[Fill]()
    for number, (orders, path, volume) in enumerate(steps):
        opened = floor.now
        floor.opens(path[0])
        for place, spec in enumerate(orders):
            sent.append(send(floor, f"o{number}-{place}", spec))
        for price in path:
            floor.tick(price)
        floor.instant.ns = opened
        said = floor.bar((path[0], max(path), min(path), path[-1]), volume=volume)
        late += [fact for fact in said if isinstance(fact, Fill)]
        assert floor.now == opened + BAR
        audit(floor, sent)
    return late


@settings(max_examples=150, deadline=None)
@given(LIVES)
def test_a_bar_told_in_ticks_fills_nothing(
    steps: list[tuple[list[Order], list[float], float]],
) -> None:
    assert live(steps, SimVenue(CONFIG)) == []


class WalksTwice(SimVenue):
    """A canary: the bar is walked as if no tick had come."""

    def on_klines(self, event: MarketKlines) -> list[Said] | None:
        for book in self.state.books.values():
            book.ticked = -1
        return super().on_klines(event)


def test_canary_a_venue_that_walks_a_bar_again_is_caught() -> None:
    """A market order of 30 against a volume of 40: each price point lets a tenth of it trade."""
    order: Order = (Side.BUY, "30", OrderKind.MARKET, 100.0, False)
    steps = [([order], [100.0, 100.0], 40.0)]
    assert live(steps, SimVenue(CONFIG)) == []
    assert live(steps, WalksTwice(CONFIG)) != []


@pytest.mark.parametrize("side", list(Side))
def test_marks_follow_each_tick(side: Side) -> None:
    floor = Floor()
    floor.enter(side, "1", 100.0)
    equities = []
    for price in (101.0, 102.0, 103.0):
        floor.tick(price)
        equities.append(floor.snapshot().equity)
    assert floor.venue.state.books[BTC].mark == 103.0
    rises = [later > earlier for earlier, later in pairwise(equities)]
    assert rises == [side is Side.BUY] * 2
