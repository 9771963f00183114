"""Who may do what: four roles from the weakest to the strongest, and how a route names its own."""

from enum import StrEnum
from typing import Any

ROLE = "role"
"""The key under which a route says who may call it."""


class Role(StrEnum):
    """What a token may do; each role may also do what the ones before it may."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    TRADER = "trader"
    OPERATOR = "operator"

    def covers(self, needed: "Role") -> bool:
        """Whether this role may do what asks for `needed`."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


class Open(StrEnum):
    """Routes that ask for no role."""

    ANYBODY = "anybody"
    """Whether the process lives: nothing else is told."""
    LOOPBACK = "loopback"
    """From this machine no token is needed; from elsewhere a viewer's."""


def needs(role: Role | Open) -> dict[str, Any]:
    """Gives what a route declares, for its `opt`."""
    return {ROLE: role}
