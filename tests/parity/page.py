"""Keeps the tables of `docs/parity.md`: what other engines and libraries say of our arithmetic.

python -m tests.parity.page
"""

import sys
from pathlib import Path

from quantum_os.market.instrument_book import packaged_instruments
from tests.parity.compared import Outcome, play_both
from tests.parity.figures import curves, gap, ours, theirs
from tests.parity.indicators import MARKETS, gaps, market
from tests.parity.margin import TIERS, recorded_positions, tables
from tests.parity.rule import Trade
from tests.parity.tasks import IS_REAL, LADDER, ONE, TASKS, task

PAGE = Path(__file__).parents[2] / "docs" / "parity.md"
SEVERAL = "DOT LTC AAVE 5m"

Row = tuple[str, ...]

HEADS: dict[str, Row] = {
    "Trades": ("task", "engine", "trades", "fees, USD", "net, USD", "largest difference, USD"),
    "Figures": ("curve", "figure", "ours", "quantstats", "difference"),
    "Indicators": ("feature", "bars compared", "difference"),
    "Margin": ("source", "tables", "brackets", "ours"),
}


def is_recorded() -> bool:
    """Whether the recordings that the page was written from are at hand."""
    return IS_REAL


def recorded(title: str) -> list[Row]:
    """The rows of one table of the page."""
    text = PAGE.read_text(encoding="utf-8")
    section = text.split(f"\n## {title}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]


def bucket(difference: float) -> str:
    """The decade it stays below, of a few: what differs between processors is not told."""
    limits = (1e-9, 1e-7, 1e-3)
    return next((f"below {limit:g}" for limit in limits if difference < limit), "large")


def trade_rows(outcome: Outcome) -> list[Row]:
    """Two rows of the page: ours and theirs."""

    def row(engine: str, trades: list[Trade]) -> Row:
        fees, net = sum(t.fees for t in trades), sum(t.net for t in trades)
        told = (f"{fees:.2f}", f"{net:.2f}", bucket(outcome.largest))
        return (outcome.name, engine, str(len(trades)), *told)

    return [row("whole fund", outcome.ours), row("backtesting.py", outcome.theirs)]


def figure_rows(asked: dict[str, list[float]], other: dict[str, dict[str, float]]) -> list[Row]:
    """One row per curve and figure."""
    rows: list[Row] = []
    for name in sorted(asked):
        mine = ours(asked[name])
        rows += [
            (
                f"{name} ({len(asked[name])} days)",
                figure,
                "n/a" if mine[figure] is None else f"{mine[figure]:.6f}",
                f"{value:.6f}",
                bucket(gap(mine[figure], value)),
            )
            for figure, value in other[name].items()
        ]
    return rows


def indicator_rows() -> list[Row]:
    """One row per feature: its largest difference over all markets."""
    count = f"{sum(market(name).shape[1] for name in MARKETS):,}"
    return [
        (feature, count, bucket(max(gaps(name)[feature] for name in MARKETS)))
        for feature in sorted(gaps(MARKETS[0]))
    ]


def margin_rows() -> list[Row]:
    """One row per source of brackets, and one for the recorded positions."""
    book = {known.symbol: known.brackets for known in packaged_instruments()}
    rows: list[Row] = []
    for source in TIERS:
        found = tables(source)
        equal = sum(found.get(symbol) == brackets for symbol, brackets in book.items())
        count = sum(map(len, found.values()))
        rows.append((source, str(len(found)), str(count), f"{equal} of {len(book)} equal"))
    held = ", ".join(str(position.liquidation) for position in recorded_positions())
    rows.append(("Binance, recorded positions", "2", "", f"liquidate at {held}, to the cent"))
    return rows


def backtest_rows() -> list[Row]:
    """Plays all tasks on both sides: this takes a while."""
    rows: list[Row] = []
    for name in TASKS:
        for rule in (ONE, LADDER):
            if (name, rule) != (SEVERAL, LADDER):
                sys.stderr.write(f"{name}, {'ladder' if rule.ladder else 'one target'}\n")
                rows += trade_rows(play_both(task(name), rule))
    return rows


def table(title: str, rows: list[Row]) -> str:
    head = HEADS[title]
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def with_table(text: str, title: str, rows: list[Row]) -> str:
    """The page with the table of one section made anew; every word around it stays."""
    before, section = text.split(f"\n## {title}\n")
    lines = section.split("\n")
    first = next(place for place, line in enumerate(lines) if line.startswith("|"))
    rest = next(place for place in range(first, len(lines)) if not lines[place].startswith("|"))
    made = "\n".join([*lines[:first], table(title, rows), *lines[rest:]])
    return f"{before}\n## {title}\n{made}"


def main() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = {
        "Trades": backtest_rows(),
        "Figures": figure_rows(curves(), theirs(curves())),
        "Indicators": indicator_rows(),
        "Margin": margin_rows(),
    }
    for title, told in rows.items():
        text = with_table(text, title, told)
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
