"""What venues answer, bent: an answer is certain only by the list of codes, and no nonsense is
taken for a listing."""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import pytest

from quantum_os.events.units import Ns
from quantum_os.exchange.line import Answer
from quantum_os.execution.venues.binance import listings as binance
from quantum_os.execution.venues.binance import orders as binance_orders
from quantum_os.execution.venues.binance.codes import CODES as BINANCE_CODES
from quantum_os.execution.venues.bybit import executions
from quantum_os.execution.venues.bybit import listings as bybit
from quantum_os.execution.venues.bybit.codes import CODES as BYBIT_CODES
from quantum_os.execution.venues.ccxt.facts import SHAPES
from quantum_os.execution.venues.ccxt.verdicts import (
    REASON_CHARACTERS_MAX,
    CodeTable,
    Ruling,
    Verdict,
    ruling_of,
)
from tests.fuzzing.campaign import CASES, SEED, Tally, broken_by, campaign
from tests.fuzzing.dice import Dice
from tests.fuzzing.messages import BINANCE_ANSWERS, BODIES, BYBIT_ANSWERS, recorded
from tests.fuzzing.mutations import Texts, Trees

STATUSES = (0, 200, 200, 200, 400, 401, 403, 404, 408, 418, 429, 451, 500, 502, 503, 504, 520)
Judge = Callable[[Answer, Exception | None, CodeTable], Ruling]


def answer_of(status: int, body: str) -> Answer:
    made = Answer()
    made.status, made.body = status, body
    return made


def answers(table: CodeTable, judge: Judge) -> Tally:
    dice = Dice(SEED, "bodies")
    bodies = Texts([*BODIES, *recorded("binance_um", "rest"), *recorded("bybit", "rest")], dice)
    made = (answer_of(dice.pick(STATUSES), text.decode(errors="replace")) for text in bodies)

    def parse(answer: Answer) -> Ruling:
        return judge(answer, ValueError("ccxt could not read it"), table)

    return campaign(made, parse, sane=partial(doubtful, table))


def doubtful(table: CodeTable, answer: Answer, ruling: Ruling) -> str:
    """A verdict other than unknown has a code in the list, or a status that proves something."""
    try:
        msgspec.msgpack.encode(ruling)
    except ValueError as error:
        return f"a ruling that cannot be kept: {error}"
    if len(ruling.reason) > REASON_CHARACTERS_MAX or len(ruling.code) > REASON_CHARACTERS_MAX:
        return "a ruling without end"
    proven = answer.status in (403, 418, 429, 451, 503)
    if ruling.verdict is Verdict.UNKNOWN or proven:
        return ""
    return "" if table.get(ruling.code) is ruling.verdict else f"{ruling} without a code for it"


@pytest.mark.parametrize("table", [BINANCE_CODES, BYBIT_CODES], ids=["binance", "bybit"])
def test_an_answer(table: CodeTable) -> None:
    assert answers(table, ruling_of).read == CASES


def takes_200_for_done(answer: Answer, error: Exception | None, table: CodeTable) -> Ruling:
    """A canary: a status of success is a success."""
    return Ruling(Verdict.DONE) if answer.status == 200 else ruling_of(answer, error, table)


def takes_an_error_for_refused(answer: Answer, error: Exception | None, table: CodeTable) -> Ruling:
    """A canary: whatever a venue answers with 400 is a refusal."""
    return Ruling(Verdict.REFUSED) if answer.status == 400 else ruling_of(answer, error, table)


def repeats_the_body(answer: Answer, error: Exception | None, table: CodeTable) -> Ruling:
    """A canary: gives the whole body as the reason."""
    return Ruling(Verdict.UNKNOWN, "", answer.body)


@pytest.mark.parametrize(
    "canary", [takes_200_for_done, takes_an_error_for_refused, repeats_the_body]
)
def test_canary_a_bad_judge_is_found(canary: Judge) -> None:
    broken_by(lambda: answers(BINANCE_CODES, canary))


def read_binance(answer: Any) -> list[Any]:
    """Whatever the answer is of: each reader takes it or refuses it."""
    kind = len(answer) if isinstance(answer, list) else 0
    if kind == 4:
        return [binance.account(Ns(1), *answer)]
    rows = answer[:20]
    if kind and "incomeType" in answer[0]:
        fundings, moved = binance.income(rows)
        return [*fundings, *moved]
    return [*map(binance.trade, rows), *map(binance_orders.plain_seen, rows[2:])]


def read_bybit(answer: Any) -> list[Any]:
    kind = len(answer) if isinstance(answer, list) else 0
    if kind == 3:
        return [bybit.account(Ns(1), *answer)]
    if kind and "execId" in answer[0]:
        return [*map(executions.trade, answer), *map(executions.funding, answer)]
    return list(bybit.cash(answer))


def unbookable(case: object, facts: list[Any]) -> str:
    """Whatever is read can be written down, and sums of it are figures."""
    for fact in facts:
        try:
            msgspec.msgpack.encode(fact)
        except (ValueError, OverflowError) as error:
            return f"{type(fact).__name__} cannot be kept: {error!r}"
    return ""


def listed(read: Callable[[Any], list[Any]], examples: list[Any]) -> Tally:
    return campaign(Trees(examples, Dice(SEED, "listings")), read, *SHAPES, sane=unbookable)


@pytest.mark.parametrize(
    ("read", "examples"), [(read_binance, BINANCE_ANSWERS), (read_bybit, BYBIT_ANSWERS)]
)
def test_a_listing(read: Callable[[Any], list[Any]], examples: list[Any]) -> None:
    tally = listed(read, examples)
    assert min(tally.read, tally.refused) > CASES // 20


class Loose(msgspec.Struct):
    """What a careless reader makes of a row."""

    time: int
    name: str


def reads_loosely(answer: Any) -> list[Any]:
    """A canary: takes numbers and names as they are written."""
    row = answer[0]
    return [Loose(int(row["time"]) * 1_000_000, str(row["orderId"]))]


def test_canary_a_bad_reader_of_listings_is_found() -> None:
    broken_by(lambda: listed(reads_loosely, BINANCE_ANSWERS))
