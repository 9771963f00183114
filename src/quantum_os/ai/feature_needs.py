"""Which groups of features a line-up has to compute: those that one of its voters reads."""

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from quantum_os.formulas.kernels.feature_groups import Group, group_of


@runtime_checkable
class Reader(Protocol):
    """A voter that says by name which features it reads."""

    @property
    def reads(self) -> tuple[str, ...]: ...


def groups_read(voters: Iterable[object]) -> tuple[Group, ...]:
    """Gives the groups to compute, in their order; those of single bars are always among them.

    A voter that does not say what it reads reads those alone, so a fund of rules pays for no more.
    Raises KeyError for a feature that there is not.
    """
    wanted = {Group.BAR}
    for voter in voters:
        if isinstance(voter, Reader):
            wanted |= {group_of(name) for name in voter.reads}
    return tuple(group for group in Group if group in wanted)
