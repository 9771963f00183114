"""`quantum-os init`: a few questions, and a commented configuration file made of the answers."""

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import msgspec
import rich_click as click

from quantum_os.cli.configuration_file import configuration_file
from quantum_os.cli.console import err, out, print_json, refuse
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.masking import masked
from quantum_os.cli.options import json_option
from quantum_os.cli.recorded_choice import HOME
from quantum_os.cli.run_options import symbols_of, usd_of
from quantum_os.events.units import Mode
from quantum_os.governance.policy_document import Document, PolicyError, laid_over, profile_of
from quantum_os.settings import Layer, RunSettings, SettingsError, leaves, policy_of, settings_of

FILE = Path("quantum-os.toml")
"""Where the configuration goes unless told otherwise."""

OPEN_TO_ALL = 0o644
OWNER_ONLY = 0o600


class Question(msgspec.Struct, frozen=True):
    """One thing that is asked: its key and flag, what to know, what holds without an answer."""

    path: str
    flag: str
    hint: str
    default: str
    read: Callable[[str], object]


class Written(msgspec.Struct, frozen=True):
    """What was written: secrets are masked, `next` are commands to go on with."""

    file: str
    values: dict[str, object]
    next: tuple[str, ...]


def _profile(text: str) -> str:
    profile_of(text)
    return text


def _database(text: str) -> str:
    if text:
        from quantum_os.storage.database.address import store_address

        store_address(text, HOME)
    return text


def _redis(text: str) -> str:
    if text:
        from quantum_os.storage.redis.address import redis_url

        redis_url(text)
    return text


QUESTIONS = (
    Question(
        "run.profile",
        "--profile",
        "The policy profile: `default` is strict and trades rarely; `research` shows more, and is "
        "refused where money is real.",
        RunSettings().profile,
        _profile,
    ),
    Question(
        "run.deposit",
        "--capital",
        "What the account opens with, in USD.",
        f"{RunSettings().deposit:g}",
        usd_of,
    ),
    Question(
        "run.symbols",
        "--symbols",
        "The perpetuals that may be entered, as in BTC,ETH; nothing for all of the market.",
        "",
        lambda text: symbols_of(text) if text else (),
    ),
    Question(
        "storage.home",
        "--home",
        f"The folder of the process's state; nothing for {HOME}, or one in it while another run "
        "lives there.",
        "",
        str,
    ),
    Question(
        "storage.database",
        "--database",
        "The events as rows: sqlite:///PATH or postgresql://USER@HOST/NAME; nothing for none.",
        "",
        _database,
    ),
    Question(
        "storage.redis",
        "--redis",
        "The events as streams: redis://HOST:PORT/DB; nothing for none.",
        "",
        _redis,
    ),
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path), default=FILE)
@click.option("--profile", metavar="NAME", help="The policy profile: `default` or `research`.")
@click.option("--capital", metavar="USD", help="What the account opens with.")
@click.option("--symbols", metavar="BTC,ETH", help="Enter these perpetuals only.")
@click.option("--home", metavar="DIR", help=f"The folder of the state.  [default: {HOME}]")
@click.option("--database", metavar="URL", help="Keep the events as rows there.")
@click.option("--redis", metavar="URL", help="Keep the events as streams there.")
@click.option("--yes", "-y", is_flag=True, help="Ask nothing: what no flag says has its default.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@json_option
def init(file: Path, *, yes: bool, force: bool, as_json: bool, **given: str | None) -> None:
    """Write a configuration: FILE, or quantum-os.toml here, with every key and what it means.

    Asks for what no flag says; --yes, --json or a stdin that is no terminal ask nothing. A file
    that is there stays as it is, unless --force.
    """
    if file.exists() and not force:
        _refuse_to_replace(file)
    asks = not (yes or as_json) and sys.stdin.isatty()
    if not asks and not yes and not as_json:
        err.print("no terminal, so no questions: the defaults are taken", highlight=False)
    chosen: Document = {}
    for question in QUESTIONS:
        chosen = laid_over(chosen, _answered(question, given[question.flag[2:]], asks=asks))
    try:
        text = configuration_file(chosen)
        policy_of(settings_of((Layer("file", msgspec.toml.decode(text)),)), Mode.DEMO)
        _write(file, text, OWNER_ONLY if _holds_a_secret(chosen) else OPEN_TO_ALL, force=force)
    except FileExistsError:
        _refuse_to_replace(file)
    except (SettingsError, PolicyError, OSError) as error:
        refuse(str(error))
    _tell(_written(file, chosen), as_json=as_json)


def _answered(question: Question, flag: str | None, *, asks: bool) -> Document:
    """Gives what a flag, a person or the default says, as a document."""
    value: object
    try:
        if flag is None and asks:
            value = _asked(question)
        else:
            value = question.read(question.default if flag is None else flag)
    except (ValueError, PolicyError) as error:
        refuse(f"{question.flag}: {error}")
    if value in ("", ()):
        return {}
    section, _, key = question.path.partition(".")
    return {section: {key: value}}


def _asked(question: Question) -> object:
    """Asks until the answer means something."""

    def meant(text: str) -> object:
        try:
            return question.read(text.strip())
        except (ValueError, PolicyError) as error:
            raise click.UsageError(str(error)) from error

    err.print(question.hint, style="dim", highlight=False, soft_wrap=True)
    label, shown = question.flag[2:], bool(question.default)
    try:
        return click.prompt(label, question.default, value_proc=meant, show_default=shown, err=True)
    except click.Abort:
        err.print()
        refuse("nothing was written", ExitCode.INTERRUPTED)


def _write(file: Path, text: str, mode: int, *, force: bool) -> None:
    """Writes the file whole or not at all; raises FileExistsError and OSError."""
    part = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as open_file:
            open_file.write(text)
        if force:
            part.replace(file)
        else:
            file.hardlink_to(part)
    finally:
        part.unlink(missing_ok=True)


def _holds_a_secret(chosen: Document) -> bool:
    return any(masked(path, value) != _listed(value) for path, value in leaves(chosen))


def _listed(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _written(file: Path, chosen: Document) -> Written:
    name = shlex.quote(str(file))
    run = f"quantum-os run --mode demo --config {name}"
    steps = [f"quantum-os config show --changed --config {name}", run]
    if chosen["run"]["profile"] == RunSettings().profile:
        steps.append(f"{run} --profile research")
    return Written(
        str(file), {path: masked(path, value) for path, value in leaves(chosen)}, tuple(steps)
    )


def _tell(written: Written, *, as_json: bool) -> None:
    if as_json:
        print_json(written)
        return
    out.print(f"wrote {written.file}", highlight=False, soft_wrap=True)
    out.print("\nNext:", style="bold")
    for step in written.next:
        out.print(f"  {step}", highlight=False, markup=False, soft_wrap=True)


def _refuse_to_replace(file: Path) -> NoReturn:
    refuse(f"{file} is there already: --force replaces it, or name another file")
