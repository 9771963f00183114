"""Decides how any page of ours is put together: one file that needs no network, and says so."""

import re
from collections.abc import Mapping, Sequence
from importlib import resources

import msgspec

from quantum_os.learning.report.page.elements import Markup, joined, tag

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'"
)
"""What the browser may do for this page: run what is in it, and fetch nothing."""

_ENDING = re.compile(r"<(/script|!--)", re.IGNORECASE)


class Drawn(msgspec.Struct, frozen=True):
    """What the charts are drawn from, by which scripts, and the source of the drawing library."""

    pictures: Mapping[str, object]
    scripts: tuple[str, ...]
    library: str


def whole_page(
    title: str, contents: Mapping[str, str], parts: Sequence[Markup], drawn: Drawn
) -> str:
    """Writes a page: head, main and foot are its `parts`, `contents` what stands where."""
    body = tag(
        "body",
        tag("a", "to the verdict", href="#verdict", class_="skip"),
        _contents(contents),
        *parts,
        *_scripts(drawn),
    )
    return f"<!doctype html>\n{tag('html', _head(title), body, lang='en')}\n"


def _head(title: str) -> Markup:
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("link", rel="icon", href="data:,"),
        tag("title", title),
        tag("style", Markup(_asset("report.css"))),
    )


def _contents(contents: Mapping[str, str]) -> Markup:
    links = (tag("li", tag("a", text, href=f"#{anchor}")) for anchor, text in contents.items())
    return tag("nav", tag("ul", *links), aria_label="Contents")


def _scripts(drawn: Drawn) -> tuple[Markup, ...]:
    ours = "\n".join(_asset(name) for name in drawn.scripts)
    return (
        tag("script", _json(drawn.pictures), type="application/json", id="report-data"),
        tag("script", _library(drawn.library), type="text/plain", id="plotly-source"),
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
