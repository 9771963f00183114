"""Which tokens open the API: a file of hashes in the home, never the tokens themselves."""

import hmac
import stat
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec

from quantum_os.api.clearance import Role
from quantum_os.api.private_file import write_private
from quantum_os.api.token_notes import Change, Tell, leave_note
from quantum_os.kernel.chance import secret
from quantum_os.kernel.clock import WallClock
from quantum_os.kernel.iso_time import iso
from quantum_os.kernel.unreadable import UNREADABLE

TOKENS_FILE = "tokens.json"
PREFIX = "qos"
ID_BYTES, SECRET_BYTES = 4, 32
TOKENS_MAX = 1_000
NAME_MAX = 64

_NOBODY = sha256(b"").hexdigest()
"""What an unknown id is compared with, so that it takes as long as a known one."""


class TokensError(ValueError):
    """A token file that may not be used, or a token that is not there; one line says why."""


class Token(msgspec.Struct, frozen=True):
    """What is kept of a token. Times in ns UTC; None: it does not expire, was not revoked."""

    id: str
    name: str
    role: Role
    hash: str
    created_at: int
    expires_at: int | None = None
    revoked_at: int | None = None

    def is_good(self, now: int) -> bool:
        expired = self.expires_at is not None and now >= self.expires_at
        return self.revoked_at is None and not expired


class Issued(msgspec.Struct, frozen=True):
    """A new token, the only time that its text is known."""

    token: Token
    text: str


class TokenFile:
    """The tokens of a home. Another process may change the file; it is read again when it has.

    `tell` hears of each change before the file is written, and prevents it by raising; unless one
    is given, a note is left for the audit.
    """

    def __init__(
        self, path: Path, now: Callable[[], int] | None = None, tell: Tell | None = None
    ) -> None:
        self._path = path
        self._tell = tell or (lambda change: leave_note(path.parent, change))
        self._now = now or WallClock().now
        self._read_at: tuple[int, int] | None = None
        self._tokens: dict[str, Token] = {}
        self._lent: dict[str, Token] = {}

    @property
    def exists(self) -> bool:
        return self._path.exists()

    def listed(self) -> list[Token]:
        """Gives every token, the oldest first; raises TokensError."""
        self._refresh()
        return list(self._tokens.values())

    def create(
        self, name: str, role: Role, lasts_s: float | None = None, reason: str = ""
    ) -> Issued:
        """Makes a token; raises TokensError for a name that is none, or when there are too many."""
        if not name.strip() or len(name) > NAME_MAX or not name.isprintable():
            raise TokensError(f"a token's name has 1 to {NAME_MAX} printable characters")
        self._refresh()
        issued = self._new(name, role, lasts_s)
        new = issued.token
        self._change(Change("create", new.id, "", described(new), reason), new)
        return issued

    def lend(self, name: str, role: Role, lasts_s: float | None = None) -> Issued:
        """Makes a token that lives as long as this process and is in no file of hashes."""
        issued = _issued(name, role, self._now(), lasts_s)
        self._lent[issued.token.id] = issued.token
        return issued

    def recall(self, token_id: str) -> None:
        """Ends a lent token; one that is not known ended already."""
        self._lent.pop(token_id, None)

    def revoke(self, token_id: str, reason: str = "") -> Token:
        """Ends a token for good; raises TokensError when there is no such one."""
        old = self._known(token_id)
        ended = msgspec.structs.replace(old, revoked_at=self._now())
        change = Change("revoke", token_id, described(old), "revoked", reason, lets_in=False)
        self._change(change, ended)
        return ended

    def rotate(self, token_id: str, reason: str = "") -> Issued:
        """Ends a token and makes another of its name, role and lifetime; raises TokensError."""
        old = self._known(token_id)
        if not old.is_good(self._now()):
            raise TokensError(f"token {token_id} is no longer good: create another")
        lasts_s = None if old.expires_at is None else (old.expires_at - old.created_at) / 1e9
        issued = self._new(old.name, old.role, lasts_s)
        ended = msgspec.structs.replace(old, revoked_at=self._now())
        new = f"{issued.token.id}: {described(issued.token)}"
        self._change(Change("rotate", token_id, described(old), new, reason), issued.token, ended)
        return issued

    def holder(self, text: str) -> Token | None:
        """Gives the token that a text proves; None for any that does not, whatever the reason."""
        self._refresh()
        token_id, presented = split(text)
        known = self._lent.get(token_id) or self._tokens.get(token_id)
        expected = _NOBODY if known is None else known.hash
        is_equal = hmac.compare_digest(_hashed(presented), expected)
        return known if known is not None and is_equal and known.is_good(self._now()) else None

    def knows(self, token_id: str) -> bool:
        return token_id in self._tokens or token_id in self._lent

    def _known(self, token_id: str) -> Token:
        self._refresh()
        if token_id not in self._tokens:
            raise TokensError(f"no token has the id {token_id!r}: see `quantum-os tokens list`")
        return self._tokens[token_id]

    def _new(self, name: str, role: Role, lasts_s: float | None) -> Issued:
        if len(self._tokens) >= TOKENS_MAX:
            raise TokensError(f"{self._path} holds {TOKENS_MAX} tokens already")
        return _issued(name, role, self._now(), lasts_s)

    def _change(self, change: Change, *tokens: Token) -> None:
        """The one way into the file: what is to change is told first, then all of it is written."""
        self._tell(change)
        self._refresh()  # whoever else changed it while this one was told
        self._tokens |= {token.id: token for token in tokens}
        self._write()

    def _refresh(self) -> None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self._tokens, self._read_at = {}, None
            return
        if stat.S_IMODE(found.st_mode) & 0o077:
            raise TokensError(f"{self._path} can be read by others: chmod 600 {self._path}")
        if self._read_at == (found.st_mtime_ns, found.st_ino):
            return
        try:
            rows = msgspec.json.decode(self._path.read_bytes(), type=list[Token])
        except (*UNREADABLE, OSError) as error:
            raise TokensError(f"{self._path}: {error}") from error
        self._tokens = {token.id: token for token in rows}
        self._read_at = (found.st_mtime_ns, found.st_ino)

    def _write(self) -> None:
        write_private(
            self._path, msgspec.json.format(msgspec.json.encode(list(self._tokens.values())))
        )
        found = self._path.stat()
        self._read_at = (found.st_mtime_ns, found.st_ino)


def split(text: str) -> tuple[str, str]:
    """Gives a token's public id and its secret; empty words for what is no token."""
    parts = text.split("_")
    if len(parts) != 3 or parts[0] != PREFIX or len(text) > 128:
        return "", ""
    return parts[1], parts[2]


def described(token: Token) -> str:
    """Writes what a token lets somebody do, and for how long, as the audit keeps it."""
    until = "for good" if token.expires_at is None else f"until {iso(token.expires_at)}"
    return f"{token.name}, {token.role}, {until}"


def _issued(name: str, role: Role, now: int, lasts_s: float | None) -> Issued:
    expires = None if lasts_s is None else now + round(lasts_s * 1e9)
    token_id, word = secret(ID_BYTES), secret(SECRET_BYTES)
    token = Token(token_id, name, role, _hashed(word), now, expires)
    return Issued(token, f"{PREFIX}_{token_id}_{word}")


def _hashed(word: str) -> str:
    """256 random bits need no slow hash: there is nothing to guess from."""
    return sha256(word.encode()).hexdigest()
