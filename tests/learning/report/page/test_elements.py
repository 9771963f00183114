"""Text is escaped wherever it comes from, and tables can be read without seeing them."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from quantum_os.learning.report.page.elements import Markup, chart, joined, table, tag
from quantum_os.learning.report.page.intervals import interval_mark
from quantum_os.learning.report.page.numbers import in_r, money, side_of


class Reading(HTMLParser):
    """What a browser would see: tags with their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said += data


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"))))
def test_text_and_attributes_cannot_become_tags(text: str) -> None:
    read = Reading(tag("p", text, title=text))
    assert [name for name, _ in read.tags] == ["p"]
    assert read.said == text
    assert read.tags[0][1]["title"] == text


def test_markup_stands_as_it_is() -> None:
    assert tag("p", Markup("<b>x</b>"), None, "<i>") == "<p><b>x</b>&lt;i&gt;</p>"
    assert joined(["a", None, "&"]) == "a&amp;"


def test_attributes() -> None:
    assert tag("td", class_="n", aria_label='a "b"', hidden=True, title=None, x=False) == (
        '<td class="n" aria-label="a &quot;b&quot;" hidden></td>'
    )
    assert tag("meta", charset="utf-8") == '<meta charset="utf-8">'


def test_a_table_has_a_caption_and_heads_of_both_kinds() -> None:
    read = Reading(table("What", ("name", "count"), [("a", "1"), ("b", "2")]))
    names = [name for name, _ in read.tags]
    assert names.count("caption") == 1
    assert [attrs["scope"] for name, attrs in read.tags if name == "th"] == [
        "col",
        "col",
        "row",
        "row",
    ]
    assert next(attrs for name, attrs in read.tags if name == "div")["aria-label"] == "What"


def test_a_chart_says_in_words_what_it_shows() -> None:
    read = Reading(chart("equity", "Equity", "It rose."))
    place = next(attrs for _, attrs in read.tags if "data-chart" in attrs)
    assert (place["role"], place["aria-label"]) == ("img", "Equity. It rose.")


def test_the_colour_is_that_of_the_written_number() -> None:
    assert side_of("+1.00 USD") == "gain"
    assert side_of("-1.00 USD") == "loss"
    assert side_of("0.00 USD") is None
    assert "class" not in money(0.001)
    assert "class" not in in_r(-0.0004)
    assert 'class="loss"' in in_r(-0.001)


def test_an_interval_is_drawn_on_its_side_of_zero() -> None:
    def sides(interval: tuple[float, float] | None) -> list[str | None]:
        read = Reading(interval_mark(0.2, interval, reach=1.0, label="x"))
        return [attrs.get("class") for name, attrs in read.tags if name != "svg"]

    assert sides((0.1, 0.3)) == ["zero", "span gain", "gain"]
    assert sides((-0.3, -0.1)) == ["zero", "span loss", "loss"]
    assert sides((-0.1, 0.3)) == ["zero", "span open", "open"]
    assert sides(None) == ["zero", "open"]
    assert interval_mark(None, None, reach=1.0, label="x") == ""
