"""Whether a secret stands in what a fund has left behind: its journal, snapshots and spool."""

from collections.abc import Iterator

from quantum_os.simulator.disk import Disk
from quantum_os.simulator.exchange import KEY, SECRET

SECRETS = {"key": KEY.encode(), "secret": SECRET.encode()}


def spoken(disk: Disk) -> Iterator[tuple[int, str, str]]:
    """Gives (number, name, text) of each place that holds a key or its secret.

    Logs, alerts and answers of the API say what events say; so whatever they would show is here.
    """
    for place, data in _kept(disk):
        for name, secret in SECRETS.items():
            if secret in data:
                yield 34, "no secrets", f"the account's {name} stands in {place}"


def _kept(disk: Disk) -> Iterator[tuple[str, bytes]]:
    for row in disk.rows:
        yield f"the journal: {row.stream} {row.seq} of {row.source}", row.payload
    for seq, snapshot in disk.snapshots.items():
        yield f"the snapshot at {seq}", snapshot
    yield "the emergency spool", bytes(disk.spool)
