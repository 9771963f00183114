"""Who hears of a changed token before it changes: the running fund, or the next one by a note."""

from pathlib import Path

from quantum_os.api.token_notes import Change, Tell, leave_note
from quantum_os.api.tokens import TokensError
from quantum_os.cli.api_client import ApiClient, RefusedByApi, Unreachable
from quantum_os.storage.home import Home


def teller(home: Path) -> Tell:
    """Gives what tells of a change in this home; it raises TokensError and OSError.

    A running fund that will not write down that somebody is let in prevents it. What ends a token
    is never prevented by that: it is noted then.
    """

    def tell(change: Change) -> None:
        try:
            _tell_fund(home, change)
        except Unreachable:
            leave_note(home, change)
        except RefusedByApi as error:
            if change.lets_in:
                raise TokensError(f"the running fund did not write it down: {error}") from error
            leave_note(home, change)

    return tell


def _tell_fund(home: Path, change: Change) -> None:
    ApiClient(Home(home)).post(
        "/token_changes",
        action=change.action,
        token_id=change.token_id,
        old=change.old,
        new=change.new,
        reason=change.reason,
    )
