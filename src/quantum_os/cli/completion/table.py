"""What can be typed: each verb with its own verbs, options and arguments, read from the program."""

from collections.abc import Iterator, Sequence

import msgspec
import rich_click as click

FILE = "@file"
"""Stands for the name of a file or folder."""

WORD = "@word"
"""Stands for what no shell can know."""


class Choice(msgspec.Struct, frozen=True):
    """A word that may be typed next, and what it means; "" where it says so itself."""

    word: str
    meaning: str = ""


class Option(msgspec.Struct, frozen=True):
    """One option under its names; `takes` are the words that may follow it, none for a flag."""

    names: tuple[str, ...]
    meaning: str
    takes: tuple[str, ...]


class Verb(msgspec.Struct, frozen=True):
    """What may follow the words of `path`, e.g. `db check`; "" is the program itself."""

    path: str
    verbs: tuple[Choice, ...]
    options: tuple[Option, ...]
    takes: tuple[str, ...]


def every_verb(command: click.Command, path: str = "") -> Iterator[Verb]:
    """Walks through the program, which loads every command there is."""
    context = click.Context(command, info_name=path.rpartition(" ")[2] or None)
    inner = {name: each for name, each in _inner(command, context) if not each.hidden}
    yield Verb(
        path=path,
        verbs=tuple(Choice(name, _sentence(each.help)) for name, each in inner.items()),
        options=tuple(_options(command.get_params(context))),
        takes=_arguments(command.params),
    )
    for name, each in inner.items():
        yield from every_verb(each, f"{path} {name}".strip())


def _inner(command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None:
                yield name, found


def _options(parameters: Sequence[click.Parameter]) -> Iterator[Option]:
    for each in parameters:
        if isinstance(each, click.Option) and not each.hidden:
            is_flag = each.is_flag or each.count
            names = (*each.opts, *each.secondary_opts)
            yield Option(names, _sentence(each.help), () if is_flag else _words(each.type))


def _arguments(parameters: Sequence[click.Parameter]) -> tuple[str, ...]:
    """Gives what the arguments may be; an option's value is none of them."""
    named = [_words(each.type) for each in parameters if isinstance(each, click.Argument)]
    return tuple(dict.fromkeys(word for words in named for word in words if word != WORD))


def _words(kind: click.ParamType) -> tuple[str, ...]:  # type: ignore[type-arg]
    if isinstance(kind, click.Choice):
        return tuple(str(choice) for choice in kind.choices)
    return (FILE,) if isinstance(kind, click.Path | click.File) else (WORD,)


def _sentence(text: str | None) -> str:
    """Gives the first sentence on one line, without what a shell could take for its own."""
    line = " ".join((text or "").split("\n\n")[0].split())
    first, _, _ = line.partition(". ")
    return "".join(letter for letter in first.rstrip(".") if letter not in "'\\`")
