"""`quantum-os policy tighten|loosen|approve|reject|rollback|pending`: people and the limits."""

from pathlib import Path
from typing import Any

import rich_click as click
from rich.table import Table

from quantum_os.cli.api_client import home_option, reason_option
from quantum_os.cli.asking import asked, done
from quantum_os.cli.console import out, print_json
from quantum_os.cli.options import json_option


@click.command()
@click.argument("limit")
@click.argument("value", type=float)
@click.option(
    "--hours", type=float, default=None, help="How long it holds. [default: 24, at most 720]"
)
@home_option
@reason_option
@json_option
def tighten(
    limit: str, value: float, hours: float | None, home: Path, reason: str, as_json: bool
) -> None:
    """Tighten one LIMIT of the running process to VALUE, at once and for a time.

    What would not be tighter is refused: that takes `loosen` and an approval.
    """
    body = {"limit": limit, "value": value, "reason": reason, "lasts_h": hours}
    _act(home, "/policy/tighten", body, as_json=as_json)


@click.command()
@click.argument("limit")
@click.argument("value", type=float, required=False)
@home_option
@reason_option
@json_option
def loosen(limit: str, value: float | None, home: Path, reason: str, as_json: bool) -> None:
    """Ask that operators' words on LIMIT be taken back, or go no further than VALUE.

    Nothing changes by asking: it waits for its approvals and its time.
    """
    _act(
        home, "/policy/loosen", {"limit": limit, "value": value, "reason": reason}, as_json=as_json
    )


@click.command()
@click.argument("approval", metavar="ID")
@home_option
@reason_option
@json_option
def approve(approval: str, home: Path, reason: str, as_json: bool) -> None:
    """Approve the proposal ID; it holds once its quorum and its time have come."""
    _confirmed(home, "approve", {"approval": approval}, reason, as_json=as_json)


@click.command()
@click.argument("approval", metavar="ID")
@home_option
@reason_option
@json_option
def reject(approval: str, home: Path, reason: str, as_json: bool) -> None:
    """Reject the proposal ID for good, whoever approved it."""
    _act(home, "/policy/reject", {"approval": approval, "reason": reason}, as_json=as_json)


@click.command()
@click.argument("version")
@home_option
@reason_option
@json_option
def rollback(version: str, home: Path, reason: str, as_json: bool) -> None:
    """Go back to the limits of VERSION: at once where they are tighter, else by approval."""
    _confirmed(home, "rollback", {"version": version}, reason, as_json=as_json)


@click.command()
@home_option
@json_option
def pending(home: Path, as_json: bool) -> None:
    """List what waits for approval, and the words of operators that hold now."""
    waiting, held = asked(home, "/policy/proposals"), asked(home, "/policy")
    if as_json:
        print_json({"proposals": waiting["proposals"], "limits": held["limits"]})
        return
    table = Table("id", "what", "would change", "approved", "holds from", "expires")
    for each in waiting["proposals"]:
        changed = ", ".join(f"{c['path']} {c['old']} -> {c['new']}" for c in each["changed"])
        votes = f"{len(each['approved_by'])} of {each['quorum']}"
        table.add_row(
            each["approval_id"],
            *(each["subject"], changed, votes, each["holds_from"], each["expires_at"]),
        )
    if waiting["proposals"]:
        out.print(table)
    else:
        out.print("nothing waits for approval", highlight=False)
    for row in held["limits"]:
        for word in row["words"]:
            words = f"{row['limit']} {word['value']:g} until {word['until']}"
            out.print(f"{words}, by {word['by']}: {word['reason']}", highlight=False)


ACTS = (tighten, loosen, approve, reject, rollback, pending)


def _confirmed(home: Path, act: str, body: dict[str, Any], reason: str, *, as_json: bool) -> None:
    """Asks for the word that confirms the act first; the reason on the line is the second step."""
    (subject,) = body.values()
    said = done(home, "/policy/confirmations", act=act, subject=subject)
    told = {**body, "reason": reason, "confirm": said["confirm"]}
    _act(home, f"/policy/{act}", told, as_json=as_json)


def _act(home: Path, path: str, body: dict[str, Any], *, as_json: bool) -> None:
    given = {name: value for name, value in body.items() if value is not None}
    said = done(home, path, **given)
    if as_json:
        print_json(said)
        return
    out.print(f"done: {said['action']}, audit entry {said['audit']}", highlight=False)
    out.print(f"in force: {said['version']}", highlight=False)
    for each in said["said"]:
        for line in _told(each["stream"], each["event"]):
            out.print(line, highlight=False)


def _told(stream: str, event: dict[str, Any]) -> list[str]:
    if stream == "policy.updated":
        return [f"{each['path']}: {each['old']} -> {each['new']}" for each in event["changed"]]
    if stream == "approval.requested":
        lines = [f"{each['path']}: {each['old']} -> {each['new']}" for each in event["changed"]]
        waits = f"waits for {event['quorum']} approval(s), holds from {event['holds_from']}"
        return [f"asked for, as {event['approval_id']}: {waits}", *lines]
    if stream == "approval.voted":
        return [f"approved by {event['votes']} of {event['quorum']}"] if event["approves"] else []
    if stream == "approval.decided":
        return [f"{event['state']}: {event['reason']}"]
    return []
