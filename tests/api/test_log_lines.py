"""An event reads as one line, whatever its words hold."""

import json

from hypothesis import given
from hypothesis import strategies as st

from quantum_os.api.log_lines import level_of, message_of
from quantum_os.kernel.logs import SHOWN_MAX


def test_what_is_known_is_written_by_name() -> None:
    event = {"symbol": "ADA/USDT:USDT", "qty": "439", "reason": "same side", "until": None}
    assert message_of("fill", event) == 'fill symbol=ADA/USDT:USDT qty=439 reason="same side"'
    assert message_of("x", {"ok": False, "lag": 0, "ids": [1, 2]}) == "x ok=false lag=0 ids=[1,2]"


@given(st.text())
def test_a10_no_value_begins_a_line_or_a_field(said: str) -> None:
    line = message_of("alert.raised", {"a": said, "b": "next"})
    assert line.isascii()
    assert line.isprintable()
    if len(line) < SHOWN_MAX:
        _, fields = line.split(" ", 1)
        shown = fields.removesuffix("b=next").strip().removeprefix("a=")
        assert (json.loads(shown) if shown.startswith('"') else shown) == said


def test_what_calls_for_attention_has_a_level_of_its_own() -> None:
    assert [level_of(each) for each in ("fill", "safety.tripped", "safety.fault")] == [
        "INFO",
        "WARNING",
        "ERROR",
    ]
