"""What an order is called at the venue: a pure function of who, for what, which part, which try."""

import re

import msgspec

from quantum_os.events.execution import Leg

LENGTH_MAX = 32
"""Characters; the shortest limit among the venues."""

_PREFIX = "qos"
_PARENT = re.compile(r"[A-Za-z0-9_]+")
_LEGS = frozenset(leg.value for leg in Leg)
_FORM = re.compile(rf"{_PREFIX}(\d+)-([A-Za-z0-9_]+)-([a-z0-9]+)-(\d+)")


class ClientId(msgspec.Struct, frozen=True):
    """The parts of a client order id; `parent_id` is the intent's (entry) or the position's."""

    epoch: int
    parent_id: str
    leg: Leg
    generation: int


def client_id(epoch: int, parent_id: str, leg: Leg, generation: int) -> str:
    """Gives the id; raises ValueError for a parent that cannot stand in one, or one too long."""
    if epoch < 0 or generation < 0 or not _PARENT.fullmatch(parent_id):
        raise ValueError(f"no client id for {parent_id!r}, epoch {epoch}, generation {generation}")
    text = f"{_PREFIX}{epoch}-{parent_id}-{leg.value}-{generation}"
    if len(text) > LENGTH_MAX:
        raise ValueError(f"client id over {LENGTH_MAX} characters: {text}")
    return text


def without_epoch(text: str) -> str:
    """Gives the id that the first life would have given: chance must not tell lives apart."""
    parts = parse(text)
    return text if parts is None else client_id(0, parts.parent_id, parts.leg, parts.generation)


def parse(text: str) -> ClientId | None:
    """The exact inverse of `client_id`; None for an order that is not ours."""
    found = _FORM.fullmatch(text)
    if found is None or found[3] not in _LEGS:
        return None
    parts = ClientId(int(found[1]), found[2], Leg(found[3]), int(found[4]))
    return parts if f"{_PREFIX}{parts.epoch}-" == text[: text.index("-") + 1] else None
