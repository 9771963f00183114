"""How a process reads its configuration anew: what may change while it runs, and what may not."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from quantum_os.api.reloading import Changed, ConfigRefused, Renewal
from quantum_os.cli.masking import masked
from quantum_os.events.units import Mode
from quantum_os.governance.policy_document import Document, laid_over
from quantum_os.settings import (
    Layer,
    Settings,
    SettingsError,
    layers_of,
    leaves,
    policy_of,
    settings_of,
)

Apply = Mapping[str, Callable[[Any], None]]
"""What puts a key's value in force, for each key that may change while the process runs."""

PROCESS = ("storage", "api", "logs")
"""The sections that are no part of what a run is."""


class Told(msgspec.Struct, frozen=True):
    """What a process was told when it started: its file, and what stands over and under it."""

    file: Path
    flags: Document
    usual: Document
    mode: Mode = Mode.DEMO

    def layers(self) -> tuple[Layer, ...]:
        return layers_of(self.file, self.flags, usual=self.usual)


class Reloader:
    """Compares the file with what is in force; keys without an `apply` wait for a restart."""

    def __init__(self, told: Told, in_force: Settings, apply: Apply) -> None:
        self._told = told
        self._in_force = in_force
        self._apply = apply

    def read(self) -> Renewal:
        settings = _checked(self._told)
        old, new = _flat(self._in_force), _flat(settings)
        keys = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
        changes = [_changed(key, old.get(key), new.get(key)) for key in keys]
        return Renewal(
            file=str(self._told.file),
            applies=[each for each in changes if each.key in self._apply],
            needs_restart=[each for each in changes if each.key not in self._apply],
            shown=shown(self._with(new)),
        )

    def apply(self, renewal: Renewal) -> None:
        for each in renewal.applies:
            self._apply[each.key](each.new)
        self._in_force = self._with({each.key: each.new for each in renewal.applies})

    def _with(self, values: Mapping[str, object]) -> Settings:
        """Gives what is in force with the new values of those keys that may change."""
        document: Document = msgspec.to_builtins(self._in_force)
        for key in self._apply.keys() & values.keys():
            section, _, name = key.partition(".")
            document[section][name] = values[key]
        return msgspec.convert(document, Settings)


def shown(settings: Settings) -> dict[str, Any]:
    """Gives the sections that are no part of a run, for people."""
    found = msgspec.to_builtins(settings)
    return {name: masked(name, found[name]) for name in PROCESS}


def _checked(told: Told) -> Settings:
    """Reads and checks everything before anything is changed; raises ConfigRefused."""
    try:
        layers = told.layers()
    except SettingsError as error:
        raise ConfigRefused([str(error)]) from error
    try:
        return _whole(layers, told.mode)
    except SettingsError as error:
        errors = [line for layer in layers for line in _each(layer, layers, told.mode)]
        raise ConfigRefused(list(dict.fromkeys(errors)) or [str(error)]) from error


def _whole(layers: tuple[Layer, ...], mode: Mode) -> Settings:
    settings = settings_of(layers)
    policy_of(settings, mode)
    return settings


def _each(layer: Layer, layers: tuple[Layer, ...], mode: Mode) -> list[str]:
    """Tries every key of a layer by itself, so that each error is named and not the first alone."""
    errors: list[str] = []
    if layer.source != "file":
        return errors
    under = tuple(each for each in layers if each.source == "command")
    for path, value in leaves(layer.document):
        try:
            _whole((*under, Layer("file", _nested(path, value))), mode)
        except SettingsError as error:
            errors.append(str(error))
    return errors


def _nested(path: str, value: object) -> Document:
    for name in reversed(path.split(".")):
        value = {name: value}
    assert isinstance(value, dict)
    return laid_over({}, value)


def _flat(settings: Settings) -> dict[str, object]:
    return dict(leaves(msgspec.to_builtins(settings)))


def _changed(key: str, old: object, new: object) -> Changed:
    return Changed(key, masked(key, old), masked(key, new))
