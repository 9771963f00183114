"""Decides what stands first: what the run shows, and what a reader must know before any number."""

from quantum_os.learning.report.document import Report
from quantum_os.learning.report.figure import Figure, written_interval
from quantum_os.learning.report.page.elements import Markup, tag
from quantum_os.learning.report.page.numbers import figure_value

CARDS = (
    "net_result",
    "expectancy_r",
    "sharpe",
    "max_drawdown",
    "trades",
    "win_rate",
    "deflated_sharpe",
    "hold_equal",
)
"""The figures that stand as cards; all of them are in the tables further down."""


def head_section(report: Report) -> Markup:
    """The verdict, the warnings, and the cards of the key figures."""
    cards = (_card(report.figure(key)) for key in CARDS)
    return tag(
        "header",
        _title(report),
        *warnings(report),
        _verdict(report),
        *notes(report),
        tag("div", *cards, class_="cards", role="group", aria_label="Key figures"),
    )


def warnings(report: Report) -> list[Markup]:
    """What would mislead a reader of the verdict: it stands before it, the worst first."""
    said: list[Markup] = []
    wrong = [check.claim for check in report.checks if not check.ok]
    if wrong:
        said.append(_warning("wrong", "The money does not add up", "; ".join(wrong)))
    if report.facts.synthetic:
        text = "A random generator made these prices: nothing here is about a real market."
        said.append(_warning("synthetic", "SYNTHETIC MARKET", text))
    if report.trials.damaged:
        title = f"Damaged lines in the trial ledger, not counted: {len(report.trials.damaged)}"
        said.append(_warning("wrong", title, "; ".join(report.trials.damaged)))
    return said


def notes(report: Report) -> list[Markup]:
    """What must be known of the policy and the end of the run, after the verdict."""
    said = [_profile(report)] if report.facts.report_only else []
    if report.open_positions:
        title = f"Still open at the end: {len(report.open_positions)}"
        names = ", ".join(report.open_positions)
        text = f"{names}: in the net result at their last mark, in no figure of closed trades."
        said.append(_warning("open", title, text))
    return said


def _profile(report: Report) -> Markup:
    facts = report.facts
    let_by = ", ".join(f"{end.gate} {end.count:,} times" for end in report.dispositions.let_by)
    title = f"Profile {facts.profile}: these gates only reported"
    text = (
        f"{', '.join(facts.report_only)}. A strict policy refuses at each of them; here they "
        f"failed and let pass: {let_by or 'none'}."
    )
    return _warning("profile", title, text)


def _title(report: Report) -> Markup:
    facts = report.facts
    badges = (facts.mode, f"profile {facts.profile}", facts.venue)
    return tag(
        "div",
        tag("p", "Quantum OS: report of a run", class_="brand"),
        tag("h1", f"Run {facts.run_id}"),
        tag("p", *(tag("span", badge, class_="badge") for badge in badges)),
        tag(
            "p",
            f"{facts.start} to {facts.end}, {len(facts.symbols)} symbols, bars of "
            f"{facts.timeframe}, decisions every {facts.decision_timeframe}",
            class_="quiet",
        ),
        class_="title",
    )


def _verdict(report: Report) -> Markup:
    verdict = report.verdict
    return tag(
        "section",
        tag("h2", verdict.headline, id="verdict-title"),
        *(tag("p", sentence) for sentence in verdict.sentences),
        class_="verdict",
        id="verdict",
        data_finding=verdict.finding.value,
        aria_labelledby="verdict-title",
    )


def _warning(kind: str, title: str, text: str) -> Markup:
    words = (tag("strong", title), tag("p", text))
    return tag("div", *words, class_=f"warning {kind}", role="note", data_warning=kind)


def _card(figure: Figure) -> Markup:
    bounds = written_interval(figure.interval, figure.unit)
    doubt = f"95 %: {bounds}" if bounds else figure.reason if figure.value is not None else ""
    return tag(
        "div",
        tag("p", _short(figure), class_="label"),
        tag("p", figure_value(figure), class_="value"),
        tag("p", doubt, class_="quiet") if doubt else None,
        class_="card",
        title=f"source: {figure.source}",
        data_figure=figure.key,
    )


def _short(figure: Figure) -> str:
    """What a card has room for."""
    names = {"deflated_sharpe": "Deflated Sharpe", "hold_equal": "Buy & hold, equal parts"}
    return names.get(figure.key, figure.label)
