"""Funding is what a table of positions and rates gives: stamp by stamp, trade by trade."""

from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import polars as pl
import pytest
from msgspec.structs import replace

from quantum_os.events.base import Event
from quantum_os.events.execution import FundingPaid
from quantum_os.events.units import NS_PER_MS, Usd
from tests.market.pairs import SHARED
from tests.parity.compared import MONEY_USD
from tests.parity.fund import Ran, bending, run_fund
from tests.parity.rule import Rule, Task
from tests.parity.tasks import ONE, short_task

RULE: Rule = ONE


@cache
def funded() -> Task:
    """The short recording with the rates of its time; made ones for a synthetic market."""
    task = short_task()
    if SHARED.is_dir():
        rates = SHARED / "funding" / "binance_um_BTCUSDT_funding.parquet"
    else:
        print("no recordings at hand: made rates of changing sign are paid")
        bars = pl.read_parquet(task.files[0])["open_time"]
        first, last = int(bars[0]), int(bars[-1])
        stamps = pl.Series(range(first // 28_800_000 * 28_800_000, last, 28_800_000))
        frame = pl.DataFrame({"funding_time": stamps}).with_columns(
            funding_rate=0.0003 * (pl.int_range(pl.len()) / 5).sin() + 0.0001
        )
        rates = Path(mkdtemp()) / task.files[0].name.replace("_5m", "_funding")
        frame.write_parquet(rates)
    return replace(task, files=(*task.files, rates))


@cache
def played() -> Ran:
    return run_fund(funded(), RULE)


def due(ran: Ran) -> pl.DataFrame:
    """One row per closed trade and stamp it was held at: what a table says is paid there.

    Held means entered before the stamp and left not before its bar closed. Longs pay a positive
    rate on quantity times the last price, shorts receive it. The recordings repeat some stamps a
    few ms later: a stamp is a minute, and is paid once.
    """
    klines, rates = funded().files
    held = pl.DataFrame(
        {
            "trade": range(len(ran.trades)),
            "entered": [trade.entered // NS_PER_MS for trade in ran.trades],
            "left": [trade.left // NS_PER_MS for trade in ran.trades],
            "signed": [
                float(trade.qty) * (1 if trade.side == "LONG" else -1) for trade in ran.trades
            ],
        }
    )
    bars = pl.read_parquet(klines)
    step = int(bars["open_time"][1] - bars["open_time"][0])
    closes = bars.select((pl.col("open_time") + step).alias("stamp"), "close")
    stamps = pl.read_parquet(rates).select(
        ((pl.col("funding_time") + 30_000) // 60_000 * 60_000).alias("stamp"), "funding_rate"
    )
    stamps = stamps.unique("stamp", keep="first", maintain_order=True)
    paid = stamps.join(closes, on="stamp").join(held, how="cross")
    inside = (pl.col("entered") < pl.col("stamp")) & (pl.col("stamp") <= pl.col("left"))
    amount = -pl.col("signed") * pl.col("close") * pl.col("funding_rate")
    return paid.filter(inside).with_columns(amount.alias("amount")).sort("stamp")


def disagreements(ran: Ran) -> list[str]:
    """Says what differs between the ledger's funding and the table's, by trade."""
    table = due(ran).group_by("trade").agg(pl.col("amount").sum())
    expected = dict(zip(table["trade"].to_list(), table["amount"].to_list(), strict=True))
    said = []
    for place, closed in enumerate(ran.closed):
        theirs = expected.get(place, 0.0)
        if abs(float(closed.funding) - theirs) > MONEY_USD:
            said.append(f"trade {place}: funding {closed.funding}, not {theirs:.8f}")
        if closed.net != closed.gross - closed.fees + closed.funding:
            said.append(f"trade {place}: net does not add up")
    return said


def test_each_trade_pays_and_receives_what_its_stamps_say() -> None:
    assert disagreements(played()) == []
    table = due(played())
    assert len(table) >= 10
    assert (table["amount"] < 0).any(), "somebody paid"
    assert (table["amount"] > 0).any(), "somebody received"


def test_each_stamp_is_paid_once_at_its_own_time() -> None:
    """Payments on trades that are still open at the end are in the ledger's words only."""
    last = max(trade.left for trade in played().trades)
    told = [
        (paid.venue_ts // NS_PER_MS, paid.amount)
        for paid in played().funding
        if paid.venue_ts <= last
    ]
    table = due(played())
    assert [time for time, _ in told] == table["stamp"].to_list()
    for (_, ours), theirs in zip(told, table["amount"].to_list(), strict=True):
        assert float(ours) == pytest.approx(theirs, abs=MONEY_USD)


def sign_lost(event: Event) -> list[Event]:
    if isinstance(event, FundingPaid):
        return [replace(event, amount=Usd(-event.amount))]
    return [event]


def rounded_away(event: Event) -> list[Event]:
    """The rate loses its last digits, as a percent with two decimals would."""
    if isinstance(event, FundingPaid):
        rate = Decimal(repr(event.rate)).quantize(Decimal("0.0001"))
        return [replace(event, amount=Usd(-event.qty * event.mark * rate))]
    return [event]


@pytest.mark.parametrize("error", [sign_lost, rounded_away], ids=lambda error: error.__name__)
def test_a_planted_error_is_seen(error: object) -> None:
    assert callable(error)
    ran = run_fund(funded(), RULE, bent=bending("execution.venues.sim", says=error))
    assert any("funding" in line for line in disagreements(ran))
