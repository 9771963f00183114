"""Frames of exchanges, bent: a reader refuses by its own error, and lets no nonsense through."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from quantum_os.events.execution import Fill, OrderUpdated
from quantum_os.events.units import Mode, Ns
from quantum_os.exchange.quarantine import FRAME_CHARACTERS_KEPT, FRAMES_KEPT, Quarantine
from quantum_os.execution.venues.binance import frames as binance
from quantum_os.execution.venues.bybit import frames as bybit
from quantum_os.execution.venues.ccxt.facts import OrderSeen, Private, TradeSeen, Unreadable
from quantum_os.execution.venues.ccxt.figures import TIME_MAX_MS
from quantum_os.execution.venues.ccxt.register import Register
from quantum_os.kernel.envelope import decode_event, encode_event
from quantum_os.market.feeds.live import binance_messages, bybit_messages
from quantum_os.market.feeds.live.heard import Heard, Reading
from quantum_os.market.feeds.live.reading import Reader, read_text
from tests.fuzzing.campaign import CASES, SEED, Broken, Tally, broken_by, campaign
from tests.fuzzing.dice import Dice
from tests.fuzzing.messages import (
    BINANCE_PRIVATE,
    BYBIT_PRIVATE,
    PUBLIC_BINANCE,
    PUBLIC_BYBIT,
    recorded,
)
from tests.fuzzing.mutations import Texts, Trees
from tests.market.feeds.live.test_hostile import is_sane

ReadPrivate = Callable[[Any], list[Private]]
PRIVATE: list[tuple[str, ReadPrivate, list[Any]]] = [
    ("binance_um", binance.read_frame, BINANCE_PRIVATE),
    ("bybit", bybit.read_frame, BYBIT_PRIVATE),
]
PUBLIC: list[tuple[str, Reader, list[Any]]] = [
    ("binance_um", binance_messages.read, PUBLIC_BINANCE),
    ("bybit", bybit_messages.read, PUBLIC_BYBIT),
]


def insane(case: object, said: list[Private]) -> str:
    """What is wrong with facts: every one must become events that the journal can keep."""
    register = Register("venue", Mode.TESTNET)
    for each in said:
        told: list[OrderUpdated | Fill] = []
        if isinstance(each, OrderSeen):
            told = list(register.hears(each))
        elif isinstance(each, TradeSeen):
            told = list(register.hears_trade(each))
            if not (each.qty > 0 and each.price > 0):
                return "a trade of nothing"
        for event in told:
            stream = "fill" if isinstance(event, Fill) else "order.updated"
            try:
                if decode_event(stream, encode_event(event)) != event:
                    return f"{stream} is not read back as it was said"
            except (ValueError, OverflowError) as error:
                return f"{stream} cannot be kept: {error!r}"
            if not 0 <= event.venue_ts <= Ns(TIME_MAX_MS * 1_000_000):
                return f"a time of {event.venue_ts}"
    return ""


def private(read: ReadPrivate, venue: str, examples: list[Any]) -> Tally:
    examples = [*examples, *(m for m in recorded(venue, "ws") if _says(read, m))]
    return campaign(Trees(examples, Dice(SEED, venue)), read, Unreadable, sane=insane)


def _says(read: ReadPrivate, message: Any) -> bool:
    try:
        return bool(read(message))
    except Unreadable:
        return False


@pytest.mark.parametrize(("venue", "read", "examples"), PRIVATE)
def test_a_private_frame(venue: str, read: ReadPrivate, examples: list[Any]) -> None:
    tally = private(read, venue, examples)
    assert tally.read > CASES // 4
    assert tally.refused > CASES // 50


def believes_every_number(message: Any) -> list[Private]:
    """A canary: reads times as they come."""
    said = binance.read_frame(message)
    int(message.get("data", message)["o"]["T"])
    return said


def takes_half(message: Any) -> list[Private]:
    """A canary: what comes before the broken part of a frame is taken."""
    said: list[Private] = []
    for row in message["data"] if isinstance(message, dict) and "data" in message else ():
        said += bybit.read_frame(message | {"data": [row]})
    return said


@pytest.mark.parametrize("canary", [believes_every_number, takes_half])
def test_canary_a_bad_reader_of_private_frames_is_found(canary: ReadPrivate) -> None:
    broken_by(lambda: private(canary, "none", [*BINANCE_PRIVATE, *BYBIT_PRIVATE]))


def public(read: Reader, venue: str, examples: list[Any]) -> Tally:
    """Text is never too strange for a feed: it raises nothing at all."""

    def parse(text: bytes) -> Reading:
        return read_text(read, text)

    def wrong(text: bytes, reading: Reading) -> str:
        is_wrong = isinstance(reading, Heard) and not is_sane(reading)
        return f"nonsense was let in: {reading}" if is_wrong else ""

    examples = [*examples, *recorded(venue, "ws"), *recorded(venue, "recorded")]
    return campaign(Texts(examples, Dice(SEED, f"public {venue}")), parse, sane=wrong)


@pytest.mark.parametrize(("venue", "read", "examples"), PUBLIC)
def test_a_public_frame(venue: str, read: Reader, examples: list[Any]) -> None:
    assert public(read, venue, examples).read == CASES


def trusts_the_shape(message: object) -> Reading:
    """A canary: takes a message for the object that it should be."""
    assert isinstance(message, dict)
    return binance_messages.read({**message})


def test_canary_a_bad_reader_of_public_frames_is_found() -> None:
    broken_by(lambda: public(trusts_the_shape, "none", PUBLIC_BINANCE))


class Socket:
    """A websocket whose reader understands sound JSON only; it counts how often it was ended."""

    url = "wss://venue/private?key=secret"

    def __init__(self) -> None:
        self.ended = 0
        self.handle_message: Callable[[Any], None] = self.reads

    def reads(self, message: Any) -> None:
        binance.read_frame(json.loads(message))
        bybit.read_frame(json.loads(message))

    def on_error(self, error: Exception) -> None:
        self.ended += 1


def behind(quarantine: Quarantine | None, number: int = CASES) -> Tally:
    """Frames come to a socket: none may raise out of it, and what is kept of them is bounded."""
    socket = Socket()
    if quarantine is not None:
        quarantine.guard(socket)
    texts = Texts([*BINANCE_PRIVATE, *BYBIT_PRIVATE], Dice(SEED, "quarantine"))
    tally = campaign(texts, socket.handle_message, number=number)
    if quarantine is not None and quarantine.count != socket.ended:
        raise Broken("a poison frame did not end its stream")
    return tally


def test_a_poison_frame_ends_its_stream_and_nothing_else() -> None:
    quarantine = Quarantine()
    behind(quarantine)
    assert quarantine.count > CASES // 10
    assert len(quarantine.frames) == FRAMES_KEPT
    assert all(len(each.frame) <= FRAME_CHARACTERS_KEPT for each in quarantine.frames)
    assert not any("secret" in each.url for each in quarantine.frames)


def test_canary_a_socket_without_quarantine_is_found() -> None:
    broken_by(lambda: behind(None))
