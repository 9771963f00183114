"""From price to pocket nothing is lost, and other costs change the costs alone."""

from decimal import Decimal

import msgspec
import pytest

from quantum_os.events.execution import Leg, Liquidity
from quantum_os.events.risk import RiskPermit
from quantum_os.events.units import Side
from quantum_os.learning.report.cost_split import (
    cost_split,
    other_costs,
    stop_slippage,
    stressed_trades,
    volatility_rank,
)
from quantum_os.learning.report.evidence import Evidence, Life
from tests.events.examples import example_of
from tests.learning.report.book import BTC, evidence, fill, life, trade

ENTRY = fill("100.1", "50", reference="100", fee="2.5")
TARGET = fill("102", "20", Side.SELL, Leg.TP1, fee="0.4", liquidity=Liquidity.MAKER)
STOP = fill("98.5", "30", Side.SELL, Leg.STOP, reference="99", gapped=True, fee="1.5")


def entered_at(closed: Life, atr: float) -> Life:
    permit = example_of(RiskPermit)
    assert isinstance(permit, RiskPermit)
    intent = msgspec.structs.replace(permit.intent, atr_value=atr)
    return msgspec.structs.replace(closed, permit=msgspec.structs.replace(permit, intent=intent))


def test_by_hand() -> None:
    gross = Decimal(20) * (Decimal(102) - Decimal("100.1"))
    gross += Decimal(30) * (Decimal("98.5") - Decimal("100.1"))
    closed = trade(0.0, gross=gross, fees=Decimal("4.4"), net=gross - Decimal("4.4"))
    split = cost_split([life(closed, ENTRY, TARGET, STOP)])
    assert split.slippage == pytest.approx(50 * 0.1 + 30 * 0.5)
    assert split.untouched == pytest.approx(float(gross) + 20.0)
    assert split.net == pytest.approx(split.untouched - split.slippage - split.fees + split.funding)
    assert split.traded == pytest.approx(5005 + 2040 + 2955)
    assert split.maker_share == pytest.approx(2040 / 10_000)
    assert split.bps == pytest.approx((20 + 4.4) / 5000 * 1e4)


def test_a_whole_run_adds_up(gathered: Evidence) -> None:
    split = cost_split(gathered.lives)
    assert split.untouched - split.slippage == pytest.approx(split.gross)
    assert split.gross - split.fees + split.funding == pytest.approx(split.net)
    assert split.unreferenced == 0
    assert split.bps is not None
    assert 8 < split.bps < 16  # the venue's model is a taker round trip of 15 bps


def test_without_trades_there_is_nothing_to_split() -> None:
    split = cost_split([])
    assert (split.net, split.bps, split.maker_share) == (0.0, None, None)
    assert all(one.net == 0 and one.r is None for one in other_costs(evidence([])))


def test_a_fill_without_a_reference_is_counted_as_such() -> None:
    split = cost_split([life(trade(1.0), fill("100", reference=None))])
    assert (split.slippage, split.unreferenced) == (0.0, 1)


def test_other_costs_by_hand() -> None:
    closed = life(trade(0.0, gross=Decimal(40)), ENTRY, TARGET, STOP)
    cheap, usual, dear = other_costs(evidence([], lives=[closed]))
    untouched = 40 + 20
    assert cheap.net == pytest.approx(untouched - 5000 * 0.0008)
    assert usual.net == pytest.approx(untouched - 5000 * 0.0015)
    assert dear.net == pytest.approx(untouched - 5000 * 0.0025)
    # its volatility has no rank, so the stressed cost is three times as much
    assert usual.stressed_net == pytest.approx(untouched - 3 * 5000 * 0.0015)
    assert usual.r == pytest.approx(usual.net / (50 * 100 * 0.02))


def test_the_rank_is_among_the_symbols_own_bars() -> None:
    history = {BTC: [place / 1000 for place in range(1, 201)]}
    closed = life(trade(1.0))
    assert volatility_rank(closed, history) is None  # no intent, no rank
    assert volatility_rank(entered_at(closed, 0.1), history) == 0.5
    assert volatility_rank(entered_at(closed, 0.2), history) == 1.0
    assert volatility_rank(entered_at(closed, 0.1), {BTC: [0.1] * 99}) is None


def test_only_the_wildest_are_stressed() -> None:
    history = {BTC: [place / 1000 for place in range(1, 201)]}
    lives = [entered_at(life(trade(1.0)), atr) for atr in (0.05, 0.1, 0.197, 0.199)]
    assert stressed_trades(evidence([], lives=lives, volatility=history)) == 1


def test_stop_slippage_counts_stops_alone() -> None:
    found = stop_slippage([life(trade(-1.0), ENTRY, TARGET, STOP)])
    assert (found.stops, found.gapped) == (1, 1)
    assert found.mean_bps == pytest.approx(0.5 / 99 * 1e4)
    assert stop_slippage([]).mean_bps is None
