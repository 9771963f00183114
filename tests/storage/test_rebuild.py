"""The rows that a journal makes again are the rows that were there."""

import msgspec
import pytest
from sqlalchemy import text

from quantum_os.kernel.envelope import Envelope
from quantum_os.storage.database.address import Address
from quantum_os.storage.database.engines import open_sync
from quantum_os.storage.mark import ForeignStore
from quantum_os.storage.rebuild import NothingToRebuildFrom, Rebuilt, rebuild
from tests.storage.journals import SlowJournal, eventful, journal_of, renumbered
from tests.storage.reading import dump
from tests.storage.test_projecting import project

TRIMMED = 150


@pytest.fixture(scope="session")
def stretch(day: tuple[Envelope, ...]) -> list[Envelope]:
    return eventful(day, 4_050, 4_850)


async def rebuilt(
    address: Address, journal: SlowJournal, *, discard_older: bool = False
) -> Rebuilt:
    return await rebuild(address, journal, lambda seq: None, discard_older=discard_older)


def say(address: Address, statement: str) -> None:
    engine = open_sync(address)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


async def test_a_whole_day_is_the_same_afterwards(
    ready: Address, day: tuple[Envelope, ...]
) -> None:
    journal = journal_of(day)
    await project(ready, journal, batch_max=1_000)
    before = dump(ready)
    heard: list[int] = []
    done = await rebuild(ready, journal, heard.append)
    assert dump(ready) == before
    assert (done.events, done.older_rows_kept, done.holes) == (len(day), 0, ())
    assert done.rows_dropped == sum(
        len(made) for name, made in before.items() if name not in ("projection", "schema_revisions")
    )
    assert heard == sorted(heard)
    assert heard[-1] == day[-1].seq


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM trades",
        "UPDATE orders SET state = 'FILLED'",
        "UPDATE projection SET watermark = 3",
        "DELETE FROM projection",
    ],
)
async def test_what_was_damaged_is_mended(
    ready: Address, stretch: list[Envelope], damage: str
) -> None:
    journal = journal_of(stretch)
    await project(ready, journal)
    before = dump(ready)
    say(ready, damage)
    assert dump(ready) != before
    await rebuilt(ready, journal, discard_older="projection" in damage)
    assert dump(ready) == before


async def test_rows_older_than_the_journal_stay_and_the_others_are_the_same(
    ready: Address, stretch: list[Envelope]
) -> None:
    """Orders and positions that began before the cut and ended after it are whole too."""
    journal = journal_of(stretch)
    await project(ready, journal)
    before = dump(ready)
    journal.trim(TRIMMED)
    done = await rebuilt(ready, journal)
    after = dump(ready)
    assert after.pop("projection")[0]["watermark"] == before.pop("projection")[0]["watermark"]
    assert after == before
    spanning = [row for row in before["orders"] if row["seq"] < TRIMMED <= row["updated_seq"]]
    assert spanning
    assert done.older_rows_kept > 0
    assert done.first_seq == TRIMMED


async def test_a_store_that_was_ahead_is_brought_back_to_its_journal(
    ready: Address, stretch: list[Envelope]
) -> None:
    """The journal is an older copy: what it does not know never happened, as far as it can tell."""
    await project(ready, journal_of(stretch[:100]))
    before = dump(ready)
    await project(ready, journal_of(stretch))
    await rebuilt(ready, journal_of(stretch[:100]))
    assert dump(ready) == before


async def test_another_funds_rows_go_only_when_a_person_says_so(
    ready: Address, stretch: list[Envelope]
) -> None:
    await project(ready, journal_of(stretch))
    others = [msgspec.structs.replace(each, digest=5) for each in renumbered(stretch, 400)]
    journal = journal_of(others)
    before = dump(ready)
    with pytest.raises(ForeignStore, match="which only --discard-older drops"):
        await rebuilt(ready, journal)
    assert dump(ready) == before
    done = await rebuilt(ready, journal, discard_older=True)
    assert (done.older_rows_kept, done.last_seq) == (0, others[-1].seq)
    assert min(row["seq"] for row in dump(ready)["orders"]) >= 400


async def test_a_journal_with_a_hole_gives_what_it_has_and_says_so(
    ready: Address, stretch: list[Envelope]
) -> None:
    torn = [each for each in stretch if not 20 <= each.seq <= 29]
    done = await rebuilt(ready, journal_of(torn))
    assert done.holes == ((20, 29),)
    assert done.events == len(torn)
    with_hole = dump(ready)
    await project(ready, journal_of(torn))
    assert dump(ready) == with_hole


async def test_an_empty_journal_empties_nothing(ready: Address, stretch: list[Envelope]) -> None:
    await project(ready, journal_of(stretch))
    before = dump(ready)
    with pytest.raises(NothingToRebuildFrom):
        await rebuilt(ready, journal_of([]))
    assert dump(ready) == before


async def test_a_rebuild_that_died_is_finished_by_the_projector(
    ready: Address, day: tuple[Envelope, ...]
) -> None:
    journal = journal_of(day)
    await project(ready, journal, batch_max=1_000)
    before = dump(ready)

    def dies(seq: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await rebuild(ready, journal, dies)
    assert dump(ready) != before
    await project(ready, journal, batch_max=1_000)
    assert dump(ready) == before
