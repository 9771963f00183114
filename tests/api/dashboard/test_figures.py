"""What a page shows is what the API says: to the cent, and unknown where it is not known."""

from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from quantum_os.kernel.iso_time import from_iso
from tests.api.dashboard.door import turned
from tests.api.served import Served
from tests.browser import Page

UNKNOWN = "—"

_FIGURE = """
const panel = [...document.querySelectorAll('[data-panel]')]
  .find(each => each.querySelector('h2').textContent === arguments[0]);
const found = [...panel.querySelectorAll('dt')].find(each => each.textContent === arguments[1]);
const value = found.nextElementSibling.cloneNode(true);
value.querySelector('.figure-extra')?.remove();
return value.textContent;
"""
_ROWS = """
return [...document.querySelectorAll(`.table-scroll[aria-label="${arguments[0]}"] tbody tr`)]
  .map(row => [...row.children].map(cell => cell.textContent));
"""


def figure(page: Page, panel: str, name: str) -> str:
    text: str = page.asks(_FIGURE, panel, name)
    return text


def rows(page: Page, caption: str) -> list[list[str]]:
    found: list[list[str]] = page.asks(_ROWS, caption)
    return found


def usd(value: str | float | None, *, sign: bool = False, digits: int = 2) -> str:
    """Writes an amount as the pages do: rounded half away from nothing, with a real minus."""
    if value is None:
        return UNKNOWN
    text = f"{abs(Decimal(str(value))):,.{digits}f}"
    is_zero = not text.strip("0.,")
    mark = "" if is_zero else "−" if float(value) < 0 else "+" if sign else ""
    return mark + text


def percent(value: float | None, *, sign: bool = False) -> str:
    return UNKNOWN if value is None else f"{usd(value * 100, sign=sign)} %"


def short(symbols: Iterable[str]) -> list[str]:
    return [symbol.split("/")[0] for symbol in symbols]


@pytest.fixture(scope="module")
def balance(fund: Served) -> dict[str, Any]:
    found: dict[str, Any] = fund.get("/api/v1/balance").json()
    return found


def test_the_account_is_told_to_the_cent(fund: Served, page: Page, balance: dict[str, Any]) -> None:
    turned(page, "overview")
    profit = fund.get("/api/v1/profit").json()
    assert profit["trades"] > 0, "a fund that never traded shows nothing"
    told = {
        "Equity": usd(balance["equity"]),
        "Unrealised": usd(balance["unrealised"], sign=True),
        "Realised, net": usd(profit["net"], sign=True),
        "Drawdown": percent(balance["drawdown"]),
        "Margin used": usd(balance["margin_used"]),
    }
    assert {name: figure(page, "The account", name) for name in told} == told
    bar = page.asks("return document.querySelector('.bar-figures dd').textContent")
    assert bar == usd(balance["equity"])


def test_positions_are_those_that_are_open(fund: Served, page: Page) -> None:
    turned(page, "positions")
    held = fund.get("/api/v1/positions").json()["positions"]
    assert held, "the fund holds nothing: nothing is compared"
    shown = rows(page, "Open positions")
    assert [row[0] for row in shown] == short(each["symbol"] for each in held)
    assert [row[9] for row in shown] == [usd(each["unrealised"], sign=True) for each in held]
    assert [row[6] for row in shown] == [usd(each["risk_to_stop"]) for each in held]


def test_the_chart_of_a_position_shows_its_entry_its_stop_and_its_targets(
    fund: Served, page: Page
) -> None:
    turned(page, "positions")
    held = fund.get("/api/v1/positions").json()["positions"][0]
    page.waits_for("return document.querySelector('q-chart .candles .level.entry')")
    levels = page.asks(
        "return [...document.querySelectorAll('.candles .level')].map(e => e.textContent)"
    )
    assert any(each.startswith("entry ") for each in levels)
    assert any(each.startswith("stop ") for each in levels) is (held["stop"] is not None)
    orders = fund.get("/api/v1/orders").json()["orders"]
    targets = [
        o for o in orders if o["position_id"] == held["position_id"] and o["leg"][:2] == "tp"
    ]
    assert sum(each.startswith("TP") for each in levels) == len(targets)
    assert page.asks("return document.querySelector('.candles .stop-path').getAttribute('d')")
    assert page.asks("return document.querySelectorAll('.candles .mark.entry').length") > 0


def test_the_equity_lies_at_its_times(fund: Served, page: Page) -> None:
    """The account is told more often while it trades; by count those hours would be stretched."""
    turned(page, "overview")
    path = page.waits_for("return document.querySelector('.equity .curve')?.getAttribute('d')")
    places = [float(each.split(" ")[0]) for each in path.replace("M", "L").split("L")[1:]]
    told = fund.get("/api/v1/equity?points=600").json()
    assert 2 < len(told["points"]) <= told["marks"]
    times = [from_iso(each["at"]) for each in told["points"]]
    width, span = places[-1] - places[0], times[-1] - times[0]
    assert len(places) == len(times)
    for place, time in zip(places, times, strict=True):
        assert place == pytest.approx(places[0] + width * (time - times[0]) / span, abs=0.11)
    assert len({later - time for time, later in pairwise(times)}) > 1


def test_the_heat_strip_has_one_cell_per_decision(fund: Served, page: Page) -> None:
    turned(page, "decisions")
    bars = fund.get("/api/v1/decisions?limit=48").json()["bars"]
    wanted = sum(len(bar["decisions"]) for bar in bars)
    assert page.asks("return document.querySelectorAll('.heat button.cell').length") == wanted
    filled = {
        item["event"]["decision_id"]
        for item in fund.get("/api/v1/intents?limit=500").json()["items"]
        if item["stream"] == "execution.result" and item["event"]["status"] == "filled"
    }
    decided = [each["decision_id"] for bar in bars for each in bar["decisions"]]
    shown = page.asks("return document.querySelectorAll('.heat button.end-filled').length")
    assert shown == sum(each in filled for each in decided if each)
    assert shown > 0


def test_a_cell_answers_why(fund: Served, page: Page) -> None:
    turned(page, "decisions")
    bar = fund.get("/api/v1/decisions?limit=1").json()["bars"][0]
    symbol = bar["decisions"][0]["symbol"]
    page.asks("document.querySelector('.heat tbody tr:first-child td:last-child button').click()")
    said = page.waits_for("return document.querySelector('.verdict strong')?.textContent")
    path = f"/api/v1/why?symbol={symbol}&at={bar['bar_close']}"
    why = fund.get(path).json()
    assert said == why["said"]
    assert len(rows(page, "Gates")) == len(why["checks"])


def test_the_arrow_keys_walk_over_the_decisions(page: Page) -> None:
    turned(page, "decisions")
    page.asks("document.querySelector('.heat tbody tr:first-child td:last-child button').focus()")
    page.driver.switch_to.active_element.send_keys(Keys.ARROW_DOWN, Keys.ARROW_LEFT)
    place = page.asks(
        "const cell = document.activeElement.closest('td');"
        "return [cell.parentElement.rowIndex, cell.parentElement.children.length - cell.cellIndex]"
    )
    assert place == [2, 2]


def test_limits_name_who_set_them(fund: Served, page: Page) -> None:
    turned(page, "risk")
    found = fund.get("/api/v1/limits").json()["limits"]
    sources = {each["limit"]: each["source"] for each in found["sources"]}
    shown = {row[0].replace(" ", "_"): row[2] for row in rows(page, "Limits in force")}
    assert shown == {name: sources[name] for name in found if name != "sources"}
    book = fund.get("/api/v1/risk").json()
    assert figure(page, "Taken of what is allowed", "Heat") == percent(book["heat"])
    gross = book["exposure"]["gross"]
    assert figure(page, "Where the money leans", "Gross") == usd(gross)


def test_trades_add_up_to_what_is_shown(fund: Served, page: Page) -> None:
    turned(page, "orders")
    profit = fund.get("/api/v1/profit").json()
    panel = "What closed trades came to"
    assert figure(page, panel, "Net") == usd(profit["net"], sign=True)
    assert figure(page, panel, "Fees") == usd(-float(profit["fees"]), sign=True)
    trades = fund.get("/api/v1/trades?limit=100").json()["items"]
    shown = rows(page, "Closed trades")
    assert [row[8] for row in shown] == [usd(each["event"]["net"], sign=True) for each in trades]
    working = fund.get("/api/v1/orders").json()["orders"]
    assert len(rows(page, "Orders that have not ended")) == len(working)


def test_markets_show_the_last_price_of_each(fund: Served, page: Page) -> None:
    turned(page, "markets")
    markets = fund.get("/api/v1/markets").json()["markets"]
    shown = rows(page, "Every symbol of the price venue")
    assert [row[0] for row in shown] == short(each["symbol"] for each in markets)
    prices = [float(row[1].replace(",", "")) for row in shown]
    assert prices == pytest.approx([each["price"] for each in markets], rel=1e-3)
    unknown = [
        row[9] for row, each in zip(shown, markets, strict=True) if each["divergence_bps"] is None
    ]
    assert set(unknown) <= {UNKNOWN}


def test_the_bus_counts_what_it_counted(fund: Served, page: Page) -> None:
    turned(page, "system")
    streams = fund.get("/api/v1/bus").json()["streams"]
    still = {each["stream"]: each["numbered"] for each in streams if each["stream"] == "fill"}
    shown = {row[0]: int(row[3].replace(",", "")) for row in rows(page, "Streams")}
    assert still.items() <= shown.items()
    health = fund.get("/api/v1/health").json()
    assert [row[0] for row in rows(page, "Modules")] == [
        each["module"] for each in health["modules"]
    ]


def test_the_inspector_shows_an_event_whole(fund: Served, page: Page) -> None:
    fill = fund.get("/api/v1/orders/history?limit=500").json()["items"]
    seq = next(each["seq"] for each in fill if each["stream"] == "fill")
    turned(page, f"system/event/{seq}")
    told = fund.get(f"/api/v1/journal/{seq}").json()
    page.waits_for("return document.querySelector('.tree dl')")
    names = page.asks(
        "return [...document.querySelectorAll('.tree > dl > div > dt')].map(e => e.textContent)"
    )
    assert names == list(told["event"])
    assert figure(page, f"Event #{seq}", "Caused by") == f"#{told['cause']}"


def test_governance_names_the_policy_in_force(fund: Served, page: Page) -> None:
    turned(page, "governance")
    policy = fund.get("/api/v1/limits").json()
    assert figure(page, "The policy in force", "Version") == policy["version"]
    assert figure(page, "The policy in force", "Profile") == policy["profile"]


def test_what_moves_together_is_what_was_measured(fund: Served, page: Page) -> None:
    turned(page, "risk")
    told = fund.get("/api/v1/risk/correlation").json()
    shown = rows(page, "Correlation of hourly returns")
    assert [row[0] for row in shown] == short(told["symbols"])
    for at, row in enumerate(shown):
        expected = ["1" if at == other else usd(rho) for other, rho in enumerate(told["rho"][at])]
        assert row[1:] == expected
    if told["reason"]:
        assert all(row == [UNKNOWN] * len(row) for row in _beside(shown))


def _beside(shown: list[list[str]]) -> list[list[str]]:
    """The cells of a matrix without its names and its diagonal."""
    return [row[1 : at + 1] + row[at + 2 :] for at, row in enumerate(shown)]


def test_each_limit_names_who_binds_it_and_what_others_allow(fund: Served, page: Page) -> None:
    turned(page, "governance")
    limits = fund.get("/api/v1/policy").json()["limits"]
    shown = rows(page, "Each limit and all who bind it")
    assert [(row[0], row[2], row[3]) for row in shown] == [
        (each["limit"].replace("_", " "), each["source"], each["path"]) for each in limits
    ]


def test_every_panel_of_the_fund_says_its_source_and_age(page: Page) -> None:
    for name in ("overview", "positions", "risk", "orders", "markets"):
        turned(page, name)
        feet = page.asks(
            "return [...document.querySelectorAll('q-provenance')].map(e => e.textContent)"
        )
        assert len(feet) >= 2
        assert [foot for foot in feet if " · as of " not in foot or " · heard " not in foot] == []
