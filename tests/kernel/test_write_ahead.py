"""Entries wait for the journal and give way to exits; exits wait a moment."""

import asyncio

import pytest

from quantum_os.kernel.write_ahead import NoSpool, holds, holds_entry
from tests.kernel.fakes import mark
from tests.kernel.journals import ToldJournal

NEVER = 0.01


async def test_what_is_durable_already_is_not_waited_for() -> None:
    journal = ToldJournal()
    journal.durable = 5
    assert await holds(journal, 5, 0)
    assert await holds_entry(journal, 5, lambda: True)


async def test_a_flush_ends_the_wait() -> None:
    journal = ToldJournal()
    asking = asyncio.create_task(holds(journal, 3, 30))
    await asyncio.sleep(0)
    journal.flush(2)
    await asyncio.sleep(0)
    assert not asking.done()
    journal.flush(3)
    assert await asking


async def test_a_failing_journal_is_not_waited_for() -> None:
    journal = ToldJournal()
    journal.fail()
    assert not await holds(journal, 1, 30)
    assert not await holds_entry(journal, 1, lambda: False)


async def test_an_exit_waits_its_time_and_no_longer() -> None:
    assert not await holds(ToldJournal(), 1, NEVER)


async def test_an_entry_gives_way_to_an_exit_behind_it() -> None:
    assert not await holds_entry(ToldJournal(), 1, lambda: True)


async def test_where_nothing_is_kept_the_spool_says_so() -> None:
    with pytest.raises(OSError, match="no emergency spool"):
        await NoSpool().keep(1, 2, mark())
