"""`quantum-os db prune`: what is kept no longer, forgotten now instead of at the next hour."""

from pathlib import Path

import rich_click as click

from quantum_os.cli.console import out, print_json, progress_bar, refuse
from quantum_os.cli.stores import (
    existing_store,
    journal_if_any,
    on_a_store,
    refusing,
)
from quantum_os.storage.home import Home


@click.command()
@click.option("--decision-days", type=int, help="Days of decisions to keep.  [default: 400]")
@click.option(
    "--minute-days", type=int, help="Days of equity by the minute; then by the hour.  [default: 90]"
)
@click.option("--journal-days", type=int, help="Trim the journal too, to this many days.")
@click.option(
    "--redis",
    metavar="URL",
    help="With --journal-days: keep what this mirror lacks.  [default: storage.redis]",
)
@on_a_store
def prune(
    decision_days: int | None,
    minute_days: int | None,
    journal_days: int | None,
    redis: str | None,
    database: str | None,
    home: Path,
    as_json: bool,
) -> None:
    """Forget old decisions and thin out old equity; days count back from the last event.

    Orders, fills, trades and money stay for ever. With --journal-days the journal is trimmed as
    well, but never past what the store holds, nor past the oldest snapshot, nor past what a mirror
    lacks, the configured one or that of --redis: what was trimmed cannot be mirrored any more.
    """
    from quantum_os.storage.retention import Keeping, snapshot_floor
    from quantum_os.storage.upkeep import prune_store, trim_behind

    given = {
        "decision_days": decision_days,
        "minute_days": minute_days,
        "journal_days": journal_days,
    }
    try:
        keeping = Keeping(**{name: days for name, days in given.items() if days is not None})
    except ValueError as error:
        refuse(f"--{str(error).replace('_', '-')}")
    address = existing_store(database, home)
    with refusing(address), journal_if_any(home) as journal:
        with progress_bar("prune", 0, 1) as moved:
            gone = prune_store(address, keeping, moved)
        if journal_days is not None:
            if journal is None:
                refuse(f"{home}: there is no journal to trim")
            snapshots = Home(home).snapshots
            floor = snapshot_floor(snapshots)
            if not floor:
                refuse(
                    f"{snapshots}: without a snapshot the whole journal is needed to come back; "
                    "nothing of it was trimmed"
                )
            if redis is not None:
                floor = min(floor, _mirrored(redis, Home(home)))
            with progress_bar("trim", 0, journal.flushed_seq) as moved:
                gone["journal"] = trim_behind(address, journal, keeping, floor, moved)
    if as_json:
        print_json({"database": address.shown, "forgotten": gone})
        return
    for name, count in gone.items():
        out.print(f"{name}: {count:,} forgotten", highlight=False, soft_wrap=True)


def _mirrored(url: str, home: Home) -> int:
    """Gives the last event that a home's mirror holds; ends the process where there is none."""
    from quantum_os.storage.journal_index import identity_of
    from quantum_os.storage.redis.reader import RedisReader

    try:
        with RedisReader(url) as reader:
            told = reader.meta()
    except (ValueError, OSError) as error:
        refuse(f"--redis: {error}")
    if told.get("instance") != identity_of(home.journal):
        refuse(f"--redis: there is no mirror of {home.journal}; nothing of it was trimmed")
    return int(told["mirrored"])
