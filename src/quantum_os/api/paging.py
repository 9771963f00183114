"""How a long list is given in pages, the latest first: by number, so that nothing shifts."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from litestar.params import Parameter

from quantum_os.api.fund import Fund
from quantum_os.api.sourced import Sourced, provenance
from quantum_os.api.told import told
from quantum_os.kernel.envelope import Envelope
from quantum_os.storage.turns import Turn

PAGE_MAX, PAGE_USUAL = 500, 50
SEQ_MAX = 2**63 - 1
"""Sequence numbers are 64 bits wide."""

Limit = Annotated[int, Parameter(ge=1, le=PAGE_MAX, description="How many items at most.")]
Before = Annotated[
    int | None,
    Parameter(
        ge=1, le=SEQ_MAX, description="Only what has a lower number: the `next` of a page before."
    ),
]

T = TypeVar("T")
W = TypeVar("W")


class Page(Sourced, frozen=True, kw_only=True):
    """Items with the latest first; `next` is the `before` of the next page, null on the last."""

    items: list[dict[str, Any]]
    next: int | None


async def page_of(
    fund: Fund, source: str, found: Sequence[Envelope], limit: int, before: int | None
) -> Page:
    """Gives one page of events, written for people; the trading loop has its turns meanwhile."""
    streams = sorted({envelope.stream for envelope in found})
    shown, following = cut(found, limit, before, lambda envelope: envelope.seq)
    known = provenance(fund, source, *streams)
    return Page(**known, items=await in_turns(told, shown), next=following)


async def in_turns(write: Callable[[Envelope], W], shown: Sequence[Envelope]) -> list[W]:
    """Writes events one by one: a page of long ones takes a second, which nobody else may wait."""
    turn = Turn()
    written: list[W] = []
    for envelope in shown:
        written.append(write(envelope))
        await turn.passes()
    return written


def cut(
    found: Sequence[T], limit: int, before: int | None, number: Callable[[T], int]
) -> tuple[Sequence[T], int | None]:
    """Cuts one page out of what stands with the highest number first."""
    left = [each for each in found if before is None or number(each) < before]
    shown = left[:limit]
    return shown, number(shown[-1]) if len(left) > len(shown) else None
