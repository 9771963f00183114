"""A process comes back to where its journal ends, from whatever is left, and not a step further."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.market import FeedWatermark
from quantum_os.events.system import AlertRaised, ProcessStarted
from quantum_os.events.units import Mode, Ns, Usd
from quantum_os.kernel.bus import KERNEL, Bus
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import Journal, JournalDamaged, MemoryJournal
from quantum_os.kernel.reactor import Module
from quantum_os.kernel.recovery import AnotherBuild, Diverged, Recovered, recover
from quantum_os.kernel.snapshots import ProcessSnapshot, SnapshotFolder, take, to_bytes
from tests.kernel.fakes import Counter, CountState, Fake, Listener, mark

BUILD = "b1"
FIRST = 100
"""Journals of homes do not begin at 1."""


class Deeds:
    """An edge that would act on each alert; `breaks_on` is one that it cannot take."""

    def __init__(self, breaks_on: str = "") -> None:
        def act(event: AlertRaised) -> None:
            if event.key == breaks_on:
                raise OverflowError("too many errands")

        self.module = Fake("kernel.deeds", {AlertRaised: act})
        self.module.kind = "edge"

    @property
    def done(self) -> int:
        return len(self.module.heard)


class Fragile(Counter):
    """Breaks at the mark of time 3."""

    def on_mark(self, event: FeedWatermark) -> Iterator[AlertRaised]:
        if event.time == 3:
            raise RuntimeError("the third is too much")
        return super().on_mark(event)


class Changed(Counter):
    """What a careless hand made of the counter: it counts twice."""

    def on_mark(self, event: FeedWatermark) -> Iterator[AlertRaised]:
        self.state.marks += 1
        return super().on_mark(event)


class Newer(Counter):
    """The counter of a release whose state has another shape."""

    version = 2


def started(build: str = BUILD, epoch: int = 0) -> ProcessStarted:
    return ProcessStarted(
        epoch, build, "c", Mode.DEMO, "sim:v", "n", 1, Usd(msgspec.convert("1", Usd)), Ns(0)
    )


def line_up(deeds: Deeds | None = None) -> tuple[Module, ...]:
    return (Counter(), Listener(), (deeds or Deeds()).module)


class Lived:
    """A process that heard so many marks in each of its lives, and what it left."""

    def __init__(self, inputs: int, builds: Sequence[str], deeds: Deeds | None) -> None:
        self.journal = MemoryJournal()
        self.modules = line_up(deeds)
        self.bus = Bus(self.modules, self.journal, FIRST)
        for epoch, build in enumerate(builds):
            self.bus.process(epoch, started(build, epoch), KERNEL)
            for time in range(epoch * inputs, (epoch + 1) * inputs):
                self.bus.process(time, mark(time), "tape")

    def rows(self) -> list[Envelope]:
        return list(self.journal.read())

    def snapshot(self, modules: Sequence[Module] = (), build: str = BUILD) -> ProcessSnapshot:
        return take(self.bus, modules or self.modules, build)


def lived(inputs: int, *, builds: Sequence[str] = (BUILD,), deeds: Deeds | None = None) -> Lived:
    return Lived(inputs, builds, deeds)


def journal_of(process: Lived, events: int | None = None) -> MemoryJournal:
    """What a death leaves of a journal: its first so many events."""
    kept = MemoryJournal()
    for row in process.rows()[:events]:
        kept.append(row)
    return kept


def back(
    journal: MemoryJournal, folder: Path, *, build: str = BUILD, deeds: Deeds | None = None
) -> Recovered:
    def make(rejoining: Journal) -> tuple[Bus, tuple[Module, ...]]:
        modules = line_up(deeds)
        return Bus(modules, rejoining, muted=True), modules

    return recover(make, journal, SnapshotFolder(folder), build)


def knows(bus: Bus, modules: Sequence[Module]) -> bytes:
    return to_bytes(take(bus, modules))


def test_an_empty_home_is_the_trivial_case(tmp_path: Path) -> None:
    found = back(MemoryJournal(), tmp_path)
    assert (found.snapshot_seq, found.inputs, found.rest, found.notes) == (0, 0, 0, ())


@given(cut=st.integers(0, 60), snapshot_after=st.integers(0, 20))
def test_wherever_it_was_cut_it_comes_back_whole(
    cut: int, snapshot_after: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The journal ends between any two events, the snapshot at any input before its end."""
    folder = tmp_path_factory.mktemp("home")
    whole = lived(20)
    journal = journal_of(whole, cut)
    part = lived(snapshot_after)
    if part.bus.seq < FIRST + len(list(journal.read())):
        SnapshotFolder(folder).save(part.snapshot())
    found = back(journal, folder)
    said = sum(found.bus.inputs.get("tape", {}).values())
    if not found.bus.inputs:
        found.bus.seq = FIRST - 1
        found.bus.process(0, started(), KERNEL)
    for time in range(said, 20):
        found.bus.process(time, mark(time), "tape")
    assert knows(found.bus, found.modules) == knows(whole.bus, whole.modules)
    assert list(journal.read()) == whole.rows()


def test_a_second_death_in_the_middle_changes_nothing(tmp_path: Path) -> None:
    whole = lived(12)
    journal = journal_of(whole, 9)
    for _ in range(3):
        found = back(journal, tmp_path)
        assert found.bus.seq == FIRST + len(list(journal.read())) - 1
    assert list(journal.read()) == whole.rows()[: len(list(journal.read()))]


def test_edges_hear_nothing_of_the_past_and_all_of_the_present(tmp_path: Path) -> None:
    deeds = Deeds()
    found = back(journal_of(lived(10)), tmp_path, deeds=deeds)
    assert deeds.done == 0
    found.bus.unmute()
    found.bus.process(99, mark(99), "tape")
    found.bus.process(99, mark(100), "tape")
    assert deeds.done == 1


def test_an_edge_that_broke_once_is_broken_in_the_past_and_whole_in_the_present(
    tmp_path: Path,
) -> None:
    whole = lived(10, deeds=Deeds(breaks_on="4"))
    assert "kernel.deeds" in whole.bus.faulted
    deeds = Deeds()
    found = back(journal_of(whole), tmp_path, deeds=deeds)
    assert found.bus.digest == whole.bus.digest
    found.bus.unmute()
    found.bus.process(98, started(epoch=1), KERNEL)
    found.bus.process(99, mark(99), "tape")
    found.bus.process(99, mark(100), "tape")
    assert deeds.done == 1
    assert found.bus.faulted == {}


def test_a_fault_ends_with_its_life_and_the_snapshot_knows_of_it(tmp_path: Path) -> None:
    def make(journal: Journal) -> tuple[Bus, tuple[Module, ...]]:
        modules: tuple[Module, ...] = (Fragile(), Listener())
        return Bus(modules, journal, FIRST, muted=True), modules

    journal = MemoryJournal()
    bus, modules = make(journal)
    bus.process(0, started(), KERNEL)
    for time in range(6):
        bus.process(time, mark(time), "tape")
    folder = SnapshotFolder(tmp_path)
    folder.save(take(bus, modules, BUILD))
    again = recover(make, journal, folder, BUILD)
    assert set(again.bus.faulted) == {"kernel.counter"}
    again.bus.process(7, started(epoch=1), KERNEL)
    again.bus.process(8, mark(8), "tape")
    counter = again.modules[0]
    assert isinstance(counter, Fragile)
    assert counter.state == CountState(4, 0 + 1 + 2 + 8)


def test_a_damaged_snapshot_is_named_and_the_one_before_it_is_used(tmp_path: Path) -> None:
    folder = SnapshotFolder(tmp_path)
    part = lived(4)
    folder.save(part.snapshot())
    whole = lived(8)
    path = folder.save(whole.snapshot())
    path.write_bytes(path.read_bytes()[:-3])
    found = back(journal_of(whole), tmp_path)
    assert found.snapshot_seq == part.bus.seq
    assert found.notes == (f"{path.name} is damaged: an older one is used",)
    assert found.bus.digest == whole.bus.digest


def test_without_any_whole_snapshot_all_is_played_again(tmp_path: Path) -> None:
    whole = lived(8)
    (tmp_path / f"{whole.bus.seq:020d}.snapshot").write_bytes(b"nonsense")
    found = back(journal_of(whole), tmp_path)
    assert (found.snapshot_seq, found.inputs) == (0, 9)
    assert found.bus.digest == whole.bus.digest


def test_a_snapshot_that_the_journal_has_lost_is_believed_and_said(tmp_path: Path) -> None:
    whole = lived(8)
    SnapshotFolder(tmp_path).save(whole.snapshot())
    found = back(journal_of(whole, 5), tmp_path)
    assert found.bus.seq == whole.bus.seq
    assert f"lost the events {FIRST + 5} to {whole.bus.seq}" in found.notes[0]


def replaced(process: Lived, number: int, row: Envelope) -> MemoryJournal:
    journal = MemoryJournal()
    for at, each in enumerate(process.rows()):
        journal.append(row if at == number else each)
    return journal


def test_a_row_that_is_not_what_was_written_is_a_damage(tmp_path: Path) -> None:
    whole = lived(6)
    row = whole.rows()[2]
    other = msgspec.structs.replace(row, payload=msgspec.msgpack.encode(mark(77)))
    with pytest.raises(JournalDamaged, match=f"seq {row.seq}: .* is not what was written"):
        back(replaced(whole, 2, other), tmp_path)


def test_bytes_that_are_no_event_are_a_damage(tmp_path: Path) -> None:
    whole = lived(6)
    row = whole.rows()[2]
    with pytest.raises(JournalDamaged, match=f"seq {row.seq}"):
        back(replaced(whole, 2, msgspec.structs.replace(row, payload=b"\xff")), tmp_path)


def test_a_hole_is_a_damage(tmp_path: Path) -> None:
    journal = MemoryJournal()
    for row in lived(6).rows():
        if row.seq != FIRST + 3:
            journal.append(row)
    with pytest.raises(JournalDamaged, match=f"seq {FIRST + 3}: the next event there is"):
        back(journal, tmp_path)


def test_a_journal_that_begins_in_the_middle_needs_a_snapshot(tmp_path: Path) -> None:
    journal = journal_of(lived(6))
    journal.trim(FIRST + 4)
    with pytest.raises(JournalDamaged, match="no snapshot before it is whole"):
        back(journal, tmp_path)


def test_code_that_no_longer_says_the_same_is_refused_and_the_event_named(tmp_path: Path) -> None:
    def make(journal: Journal) -> tuple[Bus, tuple[Module, ...]]:
        modules: tuple[Module, ...] = (Changed(), Listener())
        return Bus(modules, journal, muted=True), modules

    with pytest.raises(Diverged, match=rf"seq {FIRST + 2} was feed\.watermark"):
        recover(make, journal_of(lived(6)), SnapshotFolder(tmp_path), BUILD)


def test_the_tail_of_another_build_is_refused_with_what_to_do(tmp_path: Path) -> None:
    whole = lived(4, builds=("old",))
    with pytest.raises(AnotherBuild, match="written by old: start that release once"):
        back(journal_of(whole), tmp_path)
    SnapshotFolder(tmp_path).save(lived(2, builds=("old",)).snapshot(build="old"))
    with pytest.raises(AnotherBuild, match="--recover-only"):
        back(journal_of(whole), tmp_path)


def test_a_build_before_the_last_one_is_seen_too(tmp_path: Path) -> None:
    with pytest.raises(AnotherBuild, match="old"):
        back(journal_of(lived(3, builds=("old", BUILD))), tmp_path)


def test_a_snapshot_without_a_tail_is_taken_over_by_another_build(tmp_path: Path) -> None:
    whole = lived(6, builds=("old",))
    SnapshotFolder(tmp_path).save(whole.snapshot(whole.modules[:1], "old"))
    found = back(journal_of(whole), tmp_path)
    assert found.bus.digest == whole.bus.digest
    assert found.notes == ("kernel.listener is new since old and starts empty",)


def test_a_version_that_only_the_other_build_knows_is_refused(tmp_path: Path) -> None:
    whole = lived(6, builds=("old",))
    SnapshotFolder(tmp_path).save(whole.snapshot((Newer(), Listener()), "old"))
    with pytest.raises(AnotherBuild):
        back(journal_of(whole), tmp_path)
