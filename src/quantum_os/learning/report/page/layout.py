"""Decides what stands where on the page of a run."""

from collections.abc import Mapping

from quantum_os.learning.report.document import Report
from quantum_os.learning.report.page.baseline_section import baseline_section
from quantum_os.learning.report.page.cost_section import cost_section
from quantum_os.learning.report.page.elements import Markup, tag
from quantum_os.learning.report.page.figure_sections import equity_section, figures_section
from quantum_os.learning.report.page.head_section import head_section
from quantum_os.learning.report.page.record_sections import (
    assumptions_section,
    exposure_section,
    provenance_section,
    refusals_section,
    regimes_section,
)
from quantum_os.learning.report.page.shell import Drawn, whole_page
from quantum_os.learning.report.page.trade_sections import (
    distribution_section,
    groups_section,
    trades_section,
)

SCRIPTS = ("theme.js", "charts.js", "trade_chart.js", "trade_list.js", "main.js")

CONTENTS = {
    "verdict": "Verdict",
    "equity": "Equity",
    "figures": "Figures",
    "baselines": "Baselines",
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
    main = tag(
        "main",
        equity_section(report),
        figures_section(report),
        baseline_section(report),
        trades_section(report),
        groups_section(report),
        distribution_section(report),
        cost_section(report),
        exposure_section(report),
        refusals_section(report),
        regimes_section(report),
        assumptions_section(report),
        provenance_section(report, folder),
    )
    return whole_page(
        f"Run {report.facts.run_id}: {report.verdict.finding.value}",
        CONTENTS,
        (head_section(report), main, _foot(report)),
        Drawn(pictures, SCRIPTS, library),
    )


def _foot(report: Report) -> Markup:
    text = (
        "A simulation of the past promises nothing. Money in USD, times in UTC, R is the risk at "
        f"the entry. Made from the recording of {report.facts.code}; charts by plotly.js (MIT)."
    )
    return tag("footer", tag("p", text))
