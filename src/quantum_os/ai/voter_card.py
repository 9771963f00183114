"""Which voter took part in a run: its name, its version, and a hash of the code that it was."""

from enum import StrEnum

import msgspec

from quantum_os.ai.voter import Voter


class Origin(StrEnum):
    """Where a voter comes from."""

    BUILT_IN = "built-in"
    INSTALLED = "installed"
    FILE = "file"


class VoterCard(msgspec.Struct, frozen=True):
    """What a plan keeps of a voter, so that a replay finds it again and knows that it is the same.

    `source` is `package.module:Class` or `/path/file.py:Class`; `distribution` is the package and
    version that installed it; `hash` covers the file, or every file of the package.
    """

    name: str
    version: str
    origin: Origin
    source: str
    hash: str
    distribution: str = ""

    @property
    def identity(self) -> tuple[str, ...]:
        """What a configuration's hash takes in: no path, and of a built-in voter no code.

        The code of a built-in voter is the build's, which is no part of that hash.
        """
        code = "" if self.origin is Origin.BUILT_IN else self.hash
        return (self.name, self.version, code)


class FoundVoter(msgspec.Struct, frozen=True):
    """A voter that may vote, and its card."""

    voter: Voter
    card: VoterCard


class VoterError(ValueError):
    """A voter that cannot be had, or that breaks the contract; one line says which and why."""
