"""`quantum-os pause`, `resume`, `clear` and `flatten`: a person stops new risk, or lets it in."""

from pathlib import Path

import rich_click as click

from quantum_os.cli.api_client import home_option, reason_option
from quantum_os.cli.asking import done
from quantum_os.cli.console import out, print_json
from quantum_os.cli.options import json_option


@click.command()
@home_option
@reason_option
@json_option
def pause(home: Path, reason: str, as_json: bool) -> None:
    """Stop new entries; positions keep their stops and are left as planned."""
    act("/pause", home, reason, as_json=as_json)


@click.command()
@home_option
@reason_option
@json_option
def resume(home: Path, reason: str, as_json: bool) -> None:
    """End a pause; other latches stay as they are."""
    act("/start", home, reason, as_json=as_json)


@click.command()
@click.argument("cause")
@home_option
@reason_option
@json_option
def clear(cause: str, home: Path, reason: str, as_json: bool) -> None:
    """Open the latch CAUSE, or what the venue holds back, under the name that `status` gives it.

    Nothing opens before it has cooled off; what still holds closes again.
    """
    said = done(home, "/confirmations", cause=cause)
    act("/clear", home, reason, as_json=as_json, cause=cause, confirm=said["confirm"])


@click.command()
@home_option
@reason_option
@json_option
def flatten(home: Path, reason: str, as_json: bool) -> None:
    """Stop entries and leave every position at the market."""
    act("/flatten", home, reason, as_json=as_json)


def act(path: str, home: Path, reason: str, *, as_json: bool, **more: str) -> None:
    """Asks for one act and says what came of it; refuses with exit code 1."""
    said = done(home, path, reason=reason, **more)
    if as_json:
        print_json(said)
        return
    out.print(f"done: {said['action']}, audit entry {said['audit']}", highlight=False)
    for lock in said["locks"]:
        out.print(f"no new entries, {lock['cause']}: {lock['way_out']}", highlight=False)
