"""Decides how the page is put together: one file that needs no network, and says so."""

import re
from collections.abc import Mapping
from importlib import resources

import msgspec

from quantum_os.learning.report.document import Report
from quantum_os.learning.report.page.cost_section import cost_section
from quantum_os.learning.report.page.elements import Markup, joined, tag
from quantum_os.learning.report.page.figure_sections import equity_section, figures_section
from quantum_os.learning.report.page.head_section import head_section
from quantum_os.learning.report.page.record_sections import (
    assumptions_section,
    exposure_section,
    provenance_section,
    refusals_section,
    regimes_section,
)
from quantum_os.learning.report.page.trade_sections import (
    distribution_section,
    groups_section,
    trades_section,
)

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'"
)
"""What the browser may do for this page: run what is in it, and fetch nothing."""

SCRIPTS = ("theme.js", "charts.js", "trade_chart.js", "trade_list.js", "main.js")

_ENDING = re.compile(r"<(/script|!--)", re.IGNORECASE)

CONTENTS = {
    "verdict": "Verdict",
    "equity": "Equity",
    "figures": "Figures",
    "trades": "Trades",
    "groups": "Apart",
    "distribution": "Distribution",
    "costs": "Costs",
    "exposure": "Exposure",
    "refusals": "No trade",
    "regimes": "Regimes",
    "assumptions": "Assumptions",
    "provenance": "Provenance",
}


def page(report: Report, pictures: Mapping[str, object], library: str, folder: str) -> str:
    """Writes the whole page; `library` is the source of the drawing library, `folder` the run's."""
    body = tag(
        "body",
        tag("a", "to the verdict", href="#verdict", class_="skip"),
        _contents(),
        head_section(report),
        tag(
            "main",
            equity_section(report),
            figures_section(report),
            trades_section(report),
            groups_section(report),
            distribution_section(report),
            cost_section(report),
            exposure_section(report),
            refusals_section(report),
            regimes_section(report),
            assumptions_section(report),
            provenance_section(report, folder),
        ),
        _foot(report),
        *_scripts(pictures, library),
    )
    return f"<!doctype html>\n{tag('html', _head(report), body, lang='en')}\n"


def _head(report: Report) -> Markup:
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("link", rel="icon", href="data:,"),
        tag("title", f"Run {report.facts.run_id}: {report.verdict.finding.value}"),
        tag("style", Markup(_asset("report.css"))),
    )


def _contents() -> Markup:
    links = (tag("li", tag("a", text, href=f"#{anchor}")) for anchor, text in CONTENTS.items())
    return tag("nav", tag("ul", *links), aria_label="Contents")


def _foot(report: Report) -> Markup:
    text = (
        "A simulation of the past promises nothing. Money in USD, times in UTC, R is the risk at "
        f"the entry. Made from the recording of {report.facts.code}; charts by plotly.js (MIT)."
    )
    return tag("footer", tag("p", text))


def _scripts(pictures: Mapping[str, object], library: str) -> tuple[Markup, ...]:
    ours = "\n".join(_asset(name) for name in SCRIPTS)
    return (
        tag("script", _json(pictures), type="application/json", id="report-data"),
        tag("script", _library(library), type="text/plain", id="plotly-source"),
        tag("script", joined([Markup('"use strict";(() => {\n'), Markup(ours), Markup("})();")])),
    )


def _json(pictures: Mapping[str, object]) -> Markup:
    """Writes data so that nothing in it can end the element it stands in."""
    return Markup(msgspec.json.encode(pictures).decode().replace("<", "\\u003c"))


def _library(source: str) -> Markup:
    """Keeps the script's own texts from ending the element; to JavaScript they stay the same."""
    return Markup(_ENDING.sub(r"<\\\1", source))


def _asset(name: str) -> str:
    return (resources.files("quantum_os.learning.report.page") / "assets" / name).read_text("utf-8")
