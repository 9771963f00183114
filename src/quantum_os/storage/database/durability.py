"""Whether a server keeps what it has acknowledged: its own settings say so, or it is refused."""

from sqlalchemy import Connection, text

MUST_BE_ON = ("fsync", "full_page_writes", "synchronous_commit")
"""Settings of PostgreSQL without which a commit may vanish with the power."""


class NotDurable(RuntimeError):
    """A server that acknowledges what it may forget."""


def assert_durable(connection: Connection) -> None:
    """Raises NotDurable when the session runs with a setting that makes commits forgettable.

    SQLite needs no question: each of our connections sets WAL and synchronous=FULL itself.
    """
    if connection.dialect.name != "postgresql":
        return
    off = [name for name in MUST_BE_ON if connection.scalar(text(f"SHOW {name}")) == "off"]
    if off:
        raise NotDurable(
            f"PostgreSQL runs with {', '.join(f'{name}=off' for name in off)}: it would forget "
            "what it acknowledged; set it on and start again"
        )
