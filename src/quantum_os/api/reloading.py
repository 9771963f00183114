"""What a person may change of a running process by its configuration file, and what not."""

from typing import Any, Protocol

import msgspec


class ConfigRefused(ValueError):
    """A configuration that may not hold; the old one stays. `errors` has a line for each error."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


class Changed(msgspec.Struct, frozen=True):
    """One key that says something else than what is in force; secrets are hidden."""

    key: str
    old: Any
    new: Any


class Renewal(msgspec.Struct, frozen=True):
    """What reading the configuration anew came to: what can be applied, and what needs a restart.

    `shown` is what is in force once it is applied, section by section, secrets hidden.
    """

    file: str
    applies: list[Changed]
    needs_restart: list[Changed]
    shown: dict[str, Any]


class Reloading(Protocol):
    """Reads the configuration of the process anew, and applies what it read."""

    def read(self) -> Renewal:
        """Changes nothing; raises ConfigRefused."""
        ...

    def apply(self, renewal: Renewal) -> None:
        """Puts the values of `applies` in force, all at once; it cannot fail."""
        ...


class NotReloading:
    """A process without a configuration of its own has none to read anew."""

    def read(self) -> Renewal:
        raise ConfigRefused(["this process was started without --config: there is nothing to read"])

    def apply(self, renewal: Renewal) -> None:
        """Nothing was read, so nothing is applied."""
