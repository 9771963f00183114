"""The configuration file that a wizard writes: every key, its meaning above it, what holds in it.

A line that begins with `#` and a key is what holds anyway; without its `#` it is said explicitly.
"""

import textwrap
from collections.abc import Iterator

import msgspec

from quantum_os.cli.configuration_page import SECTIONS
from quantum_os.cli.setting_keys import Key, policy_keys, setting_keys
from quantum_os.governance.policy_document import Document, laid_over, profile_of
from quantum_os.settings import RunSettings, leaves

WIDTH = 100

HEADING = """\
# The configuration of a Quantum OS.
#
# A line that begins with "# " explains the key below it. A line that begins with "#" alone shows
# the value that holds anyway; take the "#" away to change it. The environment
# (QUANTUM_OS__SECTION__KEY) and flags go over this file. An unknown key is refused.
# Fractions are fractions: 0.01 is one percent."""


def configuration_file(chosen: Document) -> str:
    """Writes the file in which `chosen` is said, and everything else shown as it holds anyway.

    Raises PolicyError for an unknown profile.
    """
    said = dict(leaves(chosen))
    profile = str(said.get("run.profile", RunSettings().profile))
    holds = dict(leaves({"policy": laid_over({}, profile_of(profile))}))
    lines = [HEADING]
    section = ""
    for key in (*setting_keys(), *policy_keys()):
        table, _, _ = key.path.rpartition(".")
        if table != section:
            lines += _head(table)
            section = table
        value = holds.get(key.path, key.default)
        lines += _explained(key)
        lines.append(_line(key, said[key.path]) if key.path in said else f"#{_line(key, value)}")
    return "\n".join(lines) + "\n"


def _head(table: str) -> Iterator[str]:
    """Begins a table; what it decides stands above it."""
    yield ""
    if table in SECTIONS:
        yield from _wrapped(SECTIONS[table])
    yield f"[{table}]"


def _explained(key: Key) -> list[str]:
    return _wrapped(f"{key.unit}: {key.meaning}" if key.unit else key.meaning)


def _wrapped(text: str) -> list[str]:
    # A comment may not look like a key that was commented out: those have no space.
    return textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# ")


def _line(key: Key, value: object) -> str:
    return f"{key.path.rpartition('.')[2]} = {_toml(value)}".rstrip()


def _toml(value: object) -> str:
    """Gives a value as TOML writes it; nothing for None, which TOML does not know."""
    match value:
        case None:
            return ""
        case dict():
            rows = (f"{name} = {_toml(each)}" for name, each in value.items())
            return f"{{ {', '.join(rows)} }}"
        case list() | tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case _:
            # Numbers and booleans are written in TOML as in JSON, and strings but for DEL.
            return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
