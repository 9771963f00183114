"""A Dockerfile read as far as ours goes: stages, instructions, their words; the rest is refused."""

import json
import re
import shlex
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[2]

KNOWN = frozenset(
    {
        *("ARG", "FROM", "RUN", "COPY", "ENV", "USER", "WORKDIR", "VOLUME", "STOPSIGNAL"),
        *("HEALTHCHECK", "ENTRYPOINT", "CMD"),
    }
)
_FROM = re.compile(r"(?P<image>\S+)(?: AS (?P<name>[a-z]+))?")
_CONTINUED = re.compile(r"\\\n\s*")


class Instruction(msgspec.Struct, frozen=True):
    """One instruction, its continued lines joined."""

    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """The words of the exec form, of a HEALTHCHECK those of its command."""
        listed = self.text[self.text.index("[") :]
        found = json.loads(listed)
        if not all(isinstance(word, str) for word in found):
            raise ValueError(f"{self.name} {self.text}: words are strings")
        return [str(word) for word in found]


class Stage(msgspec.Struct, frozen=True):
    """What lies between two FROM; its name is empty where it has none."""

    image: str
    name: str
    instructions: list[Instruction]

    def all(self, name: str) -> list[Instruction]:
        return [each for each in self.instructions if each.name == name]

    def the(self, name: str) -> Instruction:
        """Gives the only instruction of its kind; raises ValueError where there is not one."""
        (only,) = self.all(name)
        return only


def stages(text: str) -> list[Stage]:
    """Reads the file; raises ValueError for what is not understood."""
    arguments: dict[str, str] = {}
    found: list[Stage] = []
    for line in _CONTINUED.sub("", _without_comments(text)).splitlines():
        name, _, rest = line.partition(" ")
        if name not in KNOWN or not rest.strip():
            raise ValueError(f"not understood: {line}")
        if name == "ARG" and not found:
            key, _, value = rest.partition("=")
            arguments[key] = value
        elif name == "FROM":
            image = _FROM.fullmatch(rest)
            if image is None:
                raise ValueError(f"not understood: {line}")
            found.append(Stage(_filled(image["image"], arguments), image["name"] or "", []))
        elif not found:
            raise ValueError(f"before any stage: {line}")
        else:
            found[-1].instructions.append(Instruction(name, rest.strip()))
    return found


def sources(copy: Instruction) -> tuple[str, list[str]]:
    """Gives from which stage a COPY takes ("" for the build context) and what."""
    words = shlex.split(copy.text)
    options = dict(word[2:].split("=", 1) for word in words if word.startswith("--"))
    return options.get("from", ""), [word for word in words if not word.startswith("--")][:-1]


def pairs(env: Instruction) -> dict[str, str]:
    """Gives the variables of an ENV."""
    return dict(word.split("=", 1) for word in shlex.split(env.text))


def _without_comments(text: str) -> str:
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return "\n".join(lines)


def _filled(text: str, arguments: dict[str, str]) -> str:
    for key, value in arguments.items():
        text = text.replace(f"${{{key}}}", value)
    if "$" in text:
        raise ValueError(f"unknown argument in {text}")
    return text
