"""API10: whatever a venue or a feed says, no page, answer, log line or metric is broken by it."""

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stderr
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from quantum_os.api.log_lines import message_of
from quantum_os.api.routes.events import _line as sent_line
from quantum_os.api.told import plain
from quantum_os.events.base import Event
from quantum_os.events.catalog import EVENTS
from quantum_os.events.market import ExchangeRaw, MarketTick, RawKind
from quantum_os.events.units import Ns
from quantum_os.kernel import logs
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.kernel.metrics import BusCollector
from tests.api.served import Served, served
from tests.events.examples import example_of
from tests.storage.fund import fund as bus_of

WORD = '</script><img src=x onerror=alert(1)>"\\\r\n\x1b[2J\u2028id: 9\n\ndata: {}\n# x{a="b"} 1\n'
"""Markup, quotes, line ends, a terminal's orders, and words that would be a message of ours."""

NUMBERS = (float("nan"), float("inf"), float("-inf"))
AMOUNTS = (Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity"))


def spoilt(value: object, number: float, amount: Decimal) -> Any:
    """Gives a value with the hostile word and numbers wherever its types allow them."""
    match value:
        case msgspec.Struct():
            for name in value.__struct_fields__:
                field = spoilt(getattr(value, name), number, amount)
                msgspec.structs.force_setattr(value, name, field)
            return value
        case tuple():
            return tuple(spoilt(each, number, amount) for each in value)
        case dict():
            return {key: spoilt(each, number, amount) for key, each in value.items()}
        case float():
            return number
        case Decimal():
            return amount
        case str() if type(value) is str:
            return WORD
    return value


def strictly(text: str | bytes) -> Any:
    """Reads JSON that knows neither NaN nor infinity."""

    def refused(word: str) -> None:
        raise ValueError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refused)


def words_in(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from words_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from words_in(each)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize(("number", "amount"), list(zip(NUMBERS, AMOUNTS, strict=True)))
def test_every_event_is_told_whole_and_none_of_its_numbers_is_none(
    number: float, amount: Decimal
) -> None:
    for stream, kind in EVENTS.items():
        event = plain(spoilt(example_of(kind), number, amount))
        read = strictly(msgspec.json.encode(event))
        assert read == event, stream
        assert not {"NaN", "sNaN", "-Infinity"} & set(words_in(read)), stream


def test_every_event_is_one_message_and_one_line_of_a_log() -> None:
    for number, (stream, kind) in enumerate(EVENTS.items(), 1):
        event = spoilt(example_of(kind), NUMBERS[0], Decimal(1))
        envelope = Envelope(number, number, 0, number, "test", stream, b"", 0)
        envelope = told_of(event, envelope)
        lines = sent_line(envelope).decode().split("\n")
        assert [line.partition(":")[0] for line in lines] == ["id", "event", "data", "", ""]
        assert strictly(lines[2].removeprefix("data: "))["stream"] == stream
        assert message_of(stream, plain(event)).isprintable()


def told_of(event: Event, envelope: Envelope) -> Envelope:
    return msgspec.structs.replace(envelope, payload=msgspec.msgpack.encode(event))


def test_what_is_logged_of_it_is_one_line_that_orders_nothing() -> None:
    shown = io.StringIO()
    with redirect_stderr(shown):
        logs.configure("INFO")
        structlog.get_logger().warning(f"a feed said {WORD}", why=WORD, source=WORD)
        structlog.reset_defaults()
    (line,) = shown.getvalue().splitlines()
    assert line.isascii()
    assert line.isprintable()
    assert "\\x1b[2J" in line


def test_a_label_of_a_metric_ends_where_it_should() -> None:
    bus = bus_of(MemoryJournal())
    bus.latency.note(WORD, WORD, 1_000)
    registry = CollectorRegistry()
    registry.register(BusCollector(bus))
    text = generate_latest(registry).decode()
    (slowest,) = [
        each
        for each in text_string_to_metric_families(text)
        if each.name == "quantum_handler_slowest_seconds"
    ]
    assert [sample.labels for sample in slowest.samples] == [{"module": WORD, "stream": WORD}]
    assert {each.name[:8] for each in text_string_to_metric_families(text)} == {"quantum_"}


@pytest.fixture(scope="module")
def lied_to(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A fund whose feed has said what no honest venue says, of its symbols and of others."""
    with served(tmp_path_factory.mktemp("lied") / "home", days=1) as found:
        symbol = found.fund.facts.symbols[0]
        venue = found.fund.facts.price_venue
        now = found.fund.life.runtime.bus.instant.ns
        for name in (symbol, WORD):
            for number in NUMBERS:
                found.hear(MarketTick(venue, name, number, Ns(now), high=number, bid=number))
                found.hear(MarketTick(WORD, name, number, Ns(now), trade_id=WORD))
                found.hear(ExchangeRaw(venue, name, RawKind.MARK, Ns(now), number))
        yield found


def test_every_answer_is_strict_json_and_the_fund_goes_on(lied_to: Served) -> None:
    paths = lied_to.get("/api/v1/schema/openapi.json").json()["paths"]
    asked = [path for path, each in paths.items() if "get" in each and "{" not in path]
    asked.remove("/api/v1/events")
    asked += ["/api/v1/journal?stream=market.tick", "/api/v1/why?symbol=BTCUSDT&at=2025-01-01"]
    for path in asked:
        answer = lied_to.get(path)
        kind = answer.headers["content-type"].partition(";")[0]
        assert answer.headers["x-content-type-options"] == "nosniff", path
        if kind != "text/plain":
            assert kind in ("application/json", "application/problem+json"), path
            assert not {"NaN", "Infinity", "-Infinity"} & set(words_in(strictly(answer.body)))
    health = lied_to.get("/api/v1/health").json()
    assert health["ok"], health["summary"]
    assert lied_to.get("/readyz", role=None).status == 200


def test_what_prometheus_reads_is_well_formed(lied_to: Served) -> None:
    text = lied_to.get("/metrics", role=None).body.decode()
    samples = [each for family in text_string_to_metric_families(text) for each in family.samples]
    assert len(samples) > 100
    assert all(each.name.startswith("quantum_") for each in samples)
    assert not any(WORD in value for each in samples for value in each.labels.values())
    assert not [each for each in samples if each.value != each.value]


def test_the_page_that_is_served_holds_no_word_of_a_venue(lied_to: Served, tmp_path: Path) -> None:
    """Pages are filled by `textContent` alone (tests/api/dashboard): the words are data to them."""
    for path in ("/", "/dashboard/main.js"):
        assert b"onerror" not in lied_to.get(path, role=None).body
    item = lied_to.get("/api/v1/journal?stream=market.tick&limit=1").json()["items"][0]
    assert item["event"]["symbol"] == WORD
    assert item["event"]["price"] is None
