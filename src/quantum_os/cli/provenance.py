"""What is in force and who said so: every effective value with the source that it came from."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from quantum_os.cli.masking import masked
from quantum_os.cli.setting_keys import Key, policy_keys, setting_keys
from quantum_os.events.units import Mode
from quantum_os.governance.policy_document import profile_of
from quantum_os.settings import Layer, leaves, policy_of, settings_of

DEFAULT = "default"


class InForce(msgspec.Struct, frozen=True):
    """One value as it holds, masked, where it came from, and the other ways to set it."""

    key: str
    value: object
    source: str
    unit: str
    environment: str
    flag: str


def in_force(layers: Sequence[Layer], file: Path | None) -> list[InForce]:
    """Lists every value that these layers make; raises SettingsError where they are refused."""
    settings = settings_of(layers)
    policy = policy_of(settings, Mode.BACKTEST)
    said = {f"policy.{path}": f"profile {policy.profile}" for path, _ in _overlay(policy.profile)}
    for layer in layers:
        for path, _ in leaves(layer.document):
            said[path] = _where(layer.source, file)
    document = msgspec.to_builtins(settings)
    document["policy"] = msgspec.to_builtins(policy)
    values = dict(leaves(document))
    known = {key.path: key for key in (*setting_keys(), *policy_keys())}
    added = [Key(path, None, "", "") for path in values if path not in known]
    return [
        _shown(key, values[key.path], _source(key.path, said))
        for key in (*known.values(), *added)
        if key.path in values and key.path != "policy.profile"
    ]


def _overlay(profile: str) -> list[tuple[str, object]]:
    return [(path, value) for path, value in leaves(profile_of(profile)) if path != "profile"]


def _source(path: str, said: dict[str, str]) -> str:
    """Finds who said a value, or the table or list that it stands in."""
    while path:
        if path in said:
            return said[path]
        path = path.rpartition(".")[0]
    return DEFAULT


def _where(source: str, file: Path | None) -> str:
    return f"file {file}" if source == "file" and file is not None else source


def _shown(key: Key, value: object, source: str) -> InForce:
    if source == "flag" and key.flag:
        source = f"flag {key.flag}"
    return InForce(
        key=key.path,
        value=masked(key.path, value),
        source=source,
        unit=key.unit,
        environment=key.environment,
        flag=key.flag,
    )
