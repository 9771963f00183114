"""Decides how HTML is written: every text escaped, unless it is markup that we made."""

from collections.abc import Iterable, Sequence
from html import escape


class Markup(str):
    """Text that is HTML already; whoever makes one has escaped what is in it."""

    __slots__ = ()


Child = str | None
"""A text, markup, or nothing."""

_EMPTY = frozenset({"meta", "link", "br", "col"})


def tag(name: str, /, *children: Child, **attributes: str | bool | None) -> Markup:
    """Writes one element.

    Of attributes, `class_` is class and `data_x` is data-x; None and False are left out, True
    stands alone.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _EMPTY:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{joined(children)}</{name}>")


def joined(children: Iterable[Child]) -> Markup:
    """Puts children one after the other, escaping those that are text."""
    return Markup(
        "".join(
            child if isinstance(child, Markup) else escape(child)
            for child in children
            if child is not None
        )
    )


def table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[Child]], *, words: int = 1
) -> Markup:
    """Writes a table that a reader of any kind can follow: caption, column and row heads.

    The first `words` columns are words, the others numbers; the first cell of a row is its head.
    """

    def aligned(column: int) -> str | None:
        return None if column < words else "n"

    head = (tag("th", text, scope="col", class_=aligned(at)) for at, text in enumerate(heads))
    body = (
        tag(
            "tr",
            tag("th", row[0], scope="row"),
            *(tag("td", cell, class_=aligned(at)) for at, cell in enumerate(row[1:], 1)),
        )
        for row in rows
    )
    whole = tag(
        "table", tag("caption", caption), tag("thead", tag("tr", *head)), tag("tbody", *body)
    )
    return tag("div", whole, class_="scroll", tabindex="0", role="region", aria_label=caption)


def section(anchor: str, title: str, *children: Child) -> Markup:
    """Writes a part of the page under its heading."""
    heading = tag("h2", title, id=f"{anchor}-title")
    return tag("section", heading, *children, id=anchor, aria_labelledby=f"{anchor}-title")


def items(texts: Iterable[str]) -> Markup:
    """Writes a list of sentences."""
    return tag("ul", *(tag("li", text) for text in texts))


def chart(name: str, title: str, said: str, *, height: int = 340, note: str = "") -> Markup:
    """Keeps the place of a chart; `said` tells in words what it shows to who cannot see it."""
    place = tag(
        "div",
        class_="chart",
        id=f"chart-{name}",
        data_chart=name,
        role="img",
        aria_label=f"{title}. {said}",
        style=f"height:{height}px",
    )
    words = (tag("strong", title), " ", tag("span", note)) if note else (tag("strong", title),)
    return tag("figure", tag("figcaption", *words), place)


def _attribute(key: str, value: str | bool | None) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
