"""What can be set: every key with its default, its unit, its meaning and where it may be given.

The meaning of a key stands beside it and nowhere else: below the field of a struct, or as the
comment of its line in `policy.toml`, written `meaning` or `unit: meaning`.
"""

import ast
import inspect
import re
import textwrap
from itertools import pairwise
from typing import get_args

import msgspec

from quantum_os.cli.run_options import FLAG_OF
from quantum_os.events.governance import Policy
from quantum_os.events.units import Frac
from quantum_os.governance.policy_document import packaged, policy_text
from quantum_os.settings import ENVIRONMENT_PREFIX, Settings, leaves

UNITS = {
    "_bps": "bps",
    "_h": "h",
    "_s": "s",
    "_ms": "ms",
    "_r": "R",
    "_atr": "ATR",
    "_x": "x equity",
    "_bars": "bars",
    "_ticks": "ticks",
}
"""The unit that ends a key's name."""

SPELT_UNITS = frozenset(
    {
        "ATR",
        "MAD",
        "USD",
        "bps",
        "fraction",
        "nats",
        "probability",
        "resolved votes",
        "round trips",
        "times",
    }
)
"""The units a meaning may begin with, where the name does not say it."""

_LINE = re.compile(r"(?P<key>\w+) = (?P<value>.*?)(?:  # (?P<note>.*))?")
_HEAD = re.compile(r"\[(?P<section>[\w.]+)\]")


class Key(msgspec.Struct, frozen=True):
    """One key of the configuration; its `flag` is empty where there is none."""

    path: str
    default: object
    unit: str
    meaning: str

    @property
    def environment(self) -> str:
        return ENVIRONMENT_PREFIX + self.path.replace(".", "__").upper()

    @property
    def flag(self) -> str:
        return FLAG_OF.get(self.path, "")


def setting_keys() -> list[Key]:
    """Lists the keys of every section but the policy's, in the order of the structs."""
    defaults = msgspec.to_builtins(Settings())
    keys: list[Key] = []
    for section in msgspec.structs.fields(Settings):
        if section.name == "policy":
            continue
        kind = type(section.default)
        notes = field_notes(kind)
        for field in msgspec.structs.fields(kind):
            path = f"{section.name}.{field.name}"
            default = defaults[section.name][field.name]
            keys.append(_key(path, default, notes.get(field.name, ""), field.type is Frac))
    return keys


def policy_keys() -> list[Key]:
    """Lists the keys of the packaged policy, in the order of the file."""
    notes = line_notes(policy_text())
    return [
        _key(f"policy.{path}", default, _note(notes, path), _is_fraction(path))
        for path, default in leaves(packaged())
        if path != "profile"  # chosen by run.profile
    ]


def field_notes(kind: type) -> dict[str, str]:
    """Reads what is written below each field of a struct."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef))
    notes: dict[str, str] = {}
    for field, below in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            match below:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    notes[field.target.id] = " ".join(text.split())
    return notes


def line_notes(text: str) -> dict[str, str]:
    """Reads the comment of each line of a TOML file, or the one that stands above it.

    A comment above a table's head is the meaning of all its rows.
    """
    notes: dict[str, str] = {}
    section, above = "", ""
    for line in text.splitlines():
        if line.startswith("# "):
            above = f"{above} {line[2:]}".strip()
            continue
        if head := _HEAD.fullmatch(line):
            section = head["section"]
            notes[section] = above
        elif row := _LINE.fullmatch(line):
            path = f"{section}.{row['key']}" if section else row["key"]
            notes[path] = row["note"] or above
        above = ""
    return notes


def _note(notes: dict[str, str], path: str) -> str:
    """Gives a key's own meaning, or its table's, or that of the first row of such tables."""
    table, _, name = path.rpartition(".")
    group = table.partition(".")[0]
    rows = (note for row, note in notes.items() if note and _is_row(row, group, name))
    return notes.get(path) or notes.get(table, "") or next(rows, "")


def _is_row(path: str, group: str, name: str) -> bool:
    return path.startswith(f"{group}.") and path.endswith(f".{name}") and path.count(".") == 2


def _key(path: str, default: object, note: str, is_fraction: bool) -> Key:
    said, colon, meaning = note.partition(": ")
    if colon and said in SPELT_UNITS:
        return Key(path, default, said, meaning)
    named = next((unit for end, unit in UNITS.items() if _named(path).endswith(end)), "")
    return Key(path, default, named or ("fraction" if is_fraction else ""), note)


def _named(path: str) -> str:
    """Gives the name that carries the unit: of a table by regime, the table's."""
    table, _, name = path.rpartition(".")
    return table if name.isupper() else name


def _is_fraction(path: str) -> bool:
    """True where the policy's type says so, also in the rows of a table of structs."""
    kind: object = Policy
    for name in path.split("."):
        if inspect.isclass(kind) and issubclass(kind, msgspec.Struct):
            kind = {field.name: field.type for field in msgspec.structs.fields(kind)}[name]
        else:
            kind = get_args(kind)[1]
    return kind is Frac
