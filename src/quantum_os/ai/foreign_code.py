"""How code from outside becomes a voter: loaded, held to the contract, and every mistake named."""

import inspect
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from hashlib import blake2b
from io import StringIO
from typing import cast

from quantum_os.ai.checked_voter import BadVote, CheckedVoter
from quantum_os.ai.voter import Voter
from quantum_os.ai.voter_card import VoterError
from quantum_os.ai.voter_contract import kept_contract


def content_hash(files: Iterable[tuple[str, bytes]]) -> str:
    """Gives 16 hex digits over names and contents, in the order of the names."""
    digest = blake2b(digest_size=8)
    for name, content in sorted(files):
        for part in (name.encode(), content):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()


@contextmanager
def somebody_elses(what: str, file: str = "") -> Iterator[None]:
    """Turns whatever foreign code raises into one VoterError that says what, where and why.

    What it prints meanwhile goes to stderr, so that stdout stays the command's own.
    """
    try:
        with redirect_stdout(sys.stderr):
            yield
    except VoterError:
        raise
    except BadVote as error:
        raise VoterError(f"{what}: {error}") from error
    except Exception as error:  # foreign code may raise anything; all of it is told
        raise VoterError(f"{what}: {_place(error, file)}{_reason(error)}") from error


def admitted(thing: object, what: str, file: str = "") -> CheckedVoter:
    """Gives the voter that a class makes, or that an object is; raises VoterError."""
    make = thing if inspect.isclass(thing) else lambda: thing
    printed = StringIO()
    with somebody_elses(what, file), redirect_stdout(printed):
        voter = kept_contract(cast(Callable[[], Voter], make))
    if printed.getvalue():
        raise VoterError(f"{what}: it prints; a voter says all it has to say in its Prediction")
    return voter


def _place(error: Exception, file: str) -> str:
    """Names the last line of `file` that the error came through."""
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: "
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file
    ]
    return f"line {frames[-1].lineno}: " if file and frames else ""


def _reason(error: Exception) -> str:
    said = error.args[0] if isinstance(error, KeyError | SyntaxError) and error.args else error
    return " ".join(f"{type(error).__name__}: {said}".split())
