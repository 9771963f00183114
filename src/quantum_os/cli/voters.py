"""`quantum-os voters`: which strategies can vote, where each is from, and what is wrong with it."""

import rich_click as click
from rich.table import Table

from quantum_os.ai.voter_card import VoterError
from quantum_os.ai.voter_search import ListedVoter, find_voter, listed, listing
from quantum_os.cli.console import err, out, print_json, refuse
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.options import json_option
from quantum_os.lineup import VOTERS


@click.command()
@click.argument("references", nargs=-1, metavar="[NAME|FILE.py:CLASS]...")
@json_option
def voters(references: tuple[str, ...], as_json: bool) -> None:
    """List the voters that are built in or installed, or check those that are named.

    Each is loaded and held to the contract: the same input gets the same answer, and a side and a
    probability for every symbol. Exit code 2 when one that was named breaks it, 1 when an installed
    one does.
    """
    rows = [_named(each) for each in references] if references else list(listed(VOTERS))
    if as_json:
        print_json({"voters": rows})
    else:
        _print_table(rows)
    for row in rows:
        if row.problem:
            err.print(row.problem, style="red", highlight=False, markup=False, soft_wrap=True)
    if any(row.problem for row in rows):
        raise SystemExit(ExitCode.FAILED)


def _named(reference: str) -> ListedVoter:
    try:
        return listing(find_voter(reference, VOTERS).card)
    except VoterError as error:
        refuse(str(error))


def _print_table(rows: list[ListedVoter]) -> None:
    table = Table("voter", "version", "origin", "source", "code", "state")
    for column in table.columns:
        column.overflow = "fold"
    for row in rows:
        table.add_row(
            row.name,
            row.version or "?",
            row.origin,
            f"{row.source} ({row.distribution})" if row.distribution else row.source,
            row.hash[:8] if row.hash else "?",
            "refused" if row.problem else "ok",
        )
    out.print(table)
