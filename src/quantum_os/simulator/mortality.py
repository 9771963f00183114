"""When a simulated process dies, and that nothing of it reaches the world from then on."""


class Crashed(BaseException):
    """Raised in the middle of whatever the process did last; no handler of errors may stop it."""


class Tether:
    """What ties one life to its world. `doom` says after how many visits of which place it dies;
    `fsync_fails` that the next write of its journal is the last.

    A dead life runs on until its tasks have been taken apart; whoever would let it act asks here.
    """

    def __init__(self) -> None:
        self.alive = True
        self.died_at = ""
        self.fsync_fails = False
        self._doom: tuple[str, int] | None = None

    def condemn(self, place: str, visits: int) -> None:
        """Lets the life end at a visit of a place to come."""
        self._doom = (place, visits)

    @property
    def is_condemned(self) -> bool:
        return self._doom is not None

    def cut(self, place: str) -> None:
        """Ends the life now, wherever it is."""
        if self.alive:
            self.alive, self.died_at = False, place

    def visit(self, place: str) -> None:
        """Raises Crashed where the life ends here, or has ended."""
        if self._doom is not None and self.alive and self._doom[0] == place:
            left = self._doom[1] - 1
            self._doom = (place, left)
            if left <= 0:
                self.cut(place)
        if not self.alive:
            raise Crashed(self.died_at)
