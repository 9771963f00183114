"""R14: what the report calls net is what the fills, fees and funding come to, to the cent."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.execution import Leg
from quantum_os.events.portfolio import TradeClosed
from quantum_os.events.units import Side, Usd
from quantum_os.learning.report.bookkeeping import cash_of, checks, realised_of
from quantum_os.learning.report.evidence import Evidence, SeenFill
from quantum_os.learning.report.facts import Recorded
from quantum_os.portfolio.ledger import Ledger
from tests.laws.scenario import Recorded as Played
from tests.learning.report.book import evidence, fill


def test_r14_the_reports_net_is_its_fills_less_fees_and_funding(
    gathered: Evidence, played: Played
) -> None:
    """Told three ways from a whole run: trades, fills, and the ledger's own wallet."""
    assert len(gathered.lives) > 20
    assert gathered.funding
    found = checks(gathered, Recorded())
    assert [check for check in found if not check.ok] == []
    ledger = next(module for module in played.modules if isinstance(module, Ledger))
    assert found[2].left == float(ledger.state.wallet.cash)
    closed = [event for _, event in played.events if isinstance(event, TradeClosed)]
    assert found[0].left == float(sum(trade.net for trade in closed))


@pytest.mark.parametrize("field", ["fees", "funding", "gross", "net"])
def test_r14_canary_a_trade_a_cent_off_is_seen(field: str, gathered: Evidence) -> None:
    """A planted error in any part of one trade breaks a sum: fees forgotten, a sign turned."""
    at = next(place for place, life in enumerate(gathered.lives) if life.trade.funding)
    lives = list(gathered.lives)
    honest = lives[at].trade
    wrong = Usd(getattr(honest, field) + Decimal("0.01"))
    bent = msgspec.structs.replace(honest, **{field: wrong})
    lives[at] = msgspec.structs.replace(lives[at], trade=bent)
    found = checks(msgspec.structs.replace(gathered, lives=lives), Recorded())
    assert [check.claim for check in found if not check.ok]


def test_r14_canary_a_lost_fill_is_seen(gathered: Evidence) -> None:
    lives = list(gathered.lives)
    lives[3] = msgspec.structs.replace(lives[3], fills=lives[3].fills[:-1])
    found = checks(msgspec.structs.replace(gathered, lives=lives), Recorded())
    assert [check for check in found if not check.ok]


def test_the_runs_own_words_are_held_to_it() -> None:
    of = evidence([10.0, -5.0])
    right = checks(of, Recorded(net_pnl=5.0, equity=10_005.0))
    wrong = checks(of, Recorded(net_pnl=5.02, equity=10_005.0))
    assert [check.ok for check in right[3:]] == [True, True]
    assert [check.ok for check in wrong[3:]] == [False, True]


def test_cash_and_realised_by_hand() -> None:
    bought, sold = fill("100", "2", fee="0.1"), fill("110", "1", Side.SELL, Leg.TP1, fee="0.2")
    assert cash_of([bought, sold]) == Decimal("-90.3")
    assert realised_of([bought, sold]) == Decimal("9.7")
    assert realised_of([bought]) == Decimal("-0.1")


@given(
    st.lists(st.tuples(st.decimals(1, 100, places=2), st.integers(1, 9)), min_size=1, max_size=5),
    st.decimals(1, 100, places=2),
    st.sampled_from(Side),
)
def test_r14_what_a_flat_position_realised_is_its_cash(
    entries: list[tuple[Decimal, int]], exit_price: Decimal, side: Side
) -> None:
    """Average entries are arithmetic, cash is not: at the end both are the same."""
    fills: list[SeenFill] = [fill(str(price), str(qty), side, fee="0.01") for price, qty in entries]
    whole = sum(qty for _, qty in entries)
    fills.append(fill(str(exit_price), str(whole), side.opposite, Leg.STOP, fee="0.02"))
    assert float(realised_of(fills)) == pytest.approx(float(cash_of(fills)), abs=1e-9)
