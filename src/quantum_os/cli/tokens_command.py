"""`quantum-os tokens`: makes, lists, revokes and rotates the tokens of a home's admin API."""

import re
from pathlib import Path

import rich_click as click
from rich.table import Table

from quantum_os.api.clearance import Role
from quantum_os.api.tokens import TOKENS_FILE, Issued, Token, TokenFile, TokensError
from quantum_os.cli.api_client import home_option
from quantum_os.cli.console import err, out, print_json, refuse
from quantum_os.cli.options import json_option
from quantum_os.cli.telling import teller
from quantum_os.kernel.clock import WallClock
from quantum_os.kernel.iso_time import iso

why_option = click.option("--reason", default="", metavar="TEXT", help="Why; the audit keeps it.")

_UNITS_S = {"m": 60.0, "h": 3_600.0, "d": 86_400.0}


@click.group()
def tokens() -> None:
    """Make, list, revoke and rotate the tokens of the admin API.

    Only their hashes are kept: a token is shown when it is made, and never again. A running
    process heeds a change at its next request. The audit knows of each change before it is made;
    while no process can be told, a note in the home waits for the next one.
    """


@tokens.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.VIEWER.value,
    show_default=True,
)
@click.option("--expires", metavar="30m|12h|90d", help="How long it is good. [default: for good]")
@home_option
@why_option
@json_option
def create(
    name: str, role: str, expires: str | None, home: Path, reason: str, as_json: bool
) -> None:
    """Make a token called NAME and show it, this once."""
    try:
        lasts_s = None if expires is None else _seconds(expires)
        issued = _file(home).create(name, Role(role), lasts_s, reason)
    except (TokensError, OSError) as error:
        refuse(str(error))
    _show(issued, as_json=as_json)


@tokens.command("list")
@home_option
@json_option
def list_tokens(home: Path, as_json: bool) -> None:
    """List every token that was made: its id, role and state, never the token itself."""
    try:
        found = _file(home).listed()
    except TokensError as error:
        refuse(str(error))
    rows = [_row(token) for token in found]
    if as_json:
        print_json({"tokens": rows})
        return
    table = Table("id", "name", "role", "state", "created", "expires")
    for row in rows:
        cells = (row["id"], row["name"], row["role"], row["state"], row["created"], row["expires"])
        table.add_row(*(cell or "never" for cell in cells))
    out.print(table)


@tokens.command()
@click.argument("token_id", metavar="ID")
@home_option
@why_option
@json_option
def revoke(token_id: str, home: Path, reason: str, as_json: bool) -> None:
    """End a token for good."""
    try:
        token = _file(home).revoke(token_id, reason)
    except (TokensError, OSError) as error:
        refuse(str(error))
    if as_json:
        print_json(_row(token))
    else:
        out.print(f"revoked: {token.id}, {token.name}", highlight=False)


@tokens.command()
@click.argument("token_id", metavar="ID")
@home_option
@why_option
@json_option
def rotate(token_id: str, home: Path, reason: str, as_json: bool) -> None:
    """End a token and show another of its name, role and lifetime."""
    try:
        issued = _file(home).rotate(token_id, reason)
    except (TokensError, OSError) as error:
        refuse(str(error))
    _show(issued, as_json=as_json)


def _file(home: Path) -> TokenFile:
    return TokenFile(home / TOKENS_FILE, tell=teller(home))


def _show(issued: Issued, *, as_json: bool) -> None:
    if as_json:
        print_json({**_row(issued.token), "token": issued.text})
        return
    err.print("shown this once; only its hash is kept", highlight=False)
    out.print(issued.text, highlight=False, soft_wrap=True)


def _row(token: Token) -> dict[str, str | None]:
    now = WallClock().now()
    ended = "revoked" if token.revoked_at is not None else "expired"
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role.value,
        "state": "good" if token.is_good(now) else ended,
        "created": iso(token.created_at),
        "expires": None if token.expires_at is None else iso(token.expires_at),
    }


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d{1,5})([mhd])", text)
    if found is None or not int(found[1]):
        raise TokensError(f"--expires {text}: write 30m, 12h or 90d")
    return int(found[1]) * _UNITS_S[found[2]]
