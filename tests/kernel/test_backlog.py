"""Who may be behind says how far; who cannot be is not asked."""

from quantum_os.kernel.backlog import Backlog, backlogs_of
from quantum_os.kernel.edge import Edge
from tests.kernel.fakes import Counter


class Copy(Edge):
    """A copy of the journal that lacks three events."""

    name = "test.copy"

    def backlog(self) -> Backlog:
        return Backlog(self.name, events=3)


class Prompt(Edge):
    """An edge that is never behind."""

    name = "test.prompt"


def test_only_edges_that_may_be_behind_are_asked() -> None:
    assert backlogs_of((Counter(), Copy(), Prompt())) == (Backlog("test.copy", events=3),)
    assert backlogs_of((Counter(), Prompt())) == ()
