"""API1: an id of something that is not there opens nothing and tells nothing."""

import pytest

from quantum_os.api.confirmations import LASTS_S, Confirmations
from tests.api.served import Served


@pytest.mark.parametrize("text", ["none", "0", "9" * 30, "%27%20OR%201=1", "a" * 65])
def test_a_position_that_is_not_there_is_not_found(fund: Served, text: str) -> None:
    assert fund.get(f"/api/v1/positions/{text}").status in (400, 404)


@pytest.mark.parametrize("text", ["0", "-1", "9" * 30, "1.5", "abc", "1"])
def test_an_event_that_is_not_there_is_not_found(fund: Served, text: str) -> None:
    assert fund.get(f"/api/v1/journal/{text}").status in (400, 404)


def test_one_open_position_is_told_by_its_id(fund: Served) -> None:
    held = fund.get("/api/v1/status").json()["positions"]
    assert held
    told = fund.get(f"/api/v1/positions/{held[0]['position_id']}").json()
    assert told["symbol"] == held[0]["symbol"]


def test_a_word_confirms_one_act_of_one_token_once() -> None:
    now = [0]
    words = Confirmations(lambda: now[0])
    for wrong in (("b", "clear", "kill"), ("a", "start", "kill"), ("a", "clear", "pause")):
        assert not words.redeem(words.give("a", "clear", "kill"), *wrong)
    word = words.give("a", "clear", "kill")
    assert words.redeem(word, "a", "clear", "kill")
    assert not words.redeem(word, "a", "clear", "kill")
    late = words.give("a", "clear", "kill")
    now[0] += round(LASTS_S * 1e9)
    assert not words.redeem(late, "a", "clear", "kill")
