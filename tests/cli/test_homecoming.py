"""A home is lived in by one run, one process and one build; what it lost is said and mended."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from quantum_os.cli.homecoming import HomeRefused
from quantum_os.events.ai import AiFeatures
from quantum_os.events.base import stream_of
from quantum_os.events.execution import Leg, OrderRequested
from quantum_os.events.market import MarketKlines
from quantum_os.events.risk import SafetyTripped
from quantum_os.events.system import AlertRaised, ProcessStarted
from quantum_os.events.units import Ns
from quantum_os.execution.orders import Orders
from quantum_os.kernel.envelope import Envelope, encode_event
from quantum_os.kernel.journal import JournalDamaged
from quantum_os.kernel.reactor import Reactor
from quantum_os.kernel.recovery import AnotherBuild
from quantum_os.risk.latches import Cause, trip
from quantum_os.risk.safety import Safety
from quantum_os.storage.emergency_spool import EmergencySpool, Spooled
from quantum_os.storage.home import Home
from quantum_os.storage.journal_file import JournalFile
from quantum_os.storage.standing_again import SPOOL
from tests.cli.console import quantum_os
from tests.cli.lives import look, play, process_of
from tests.kernel.fakes import CountState


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a demo that came to the end of its tape."""
    folder = tmp_path_factory.mktemp("lived") / "home"
    ending, _ = play(process_of(folder))
    assert ending.reason == "tape end"
    return folder


@pytest.fixture
def home(lived: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may damage."""
    folder = tmp_path / "home"
    (folder / "snapshots").mkdir(parents=True)
    for path in [*lived.glob("*.*"), *lived.glob("lock"), *lived.glob("snapshots/*")]:
        if path.is_file():
            (folder / path.relative_to(lived)).write_bytes(path.read_bytes())
    return folder


def rows(folder: Path, kind: type) -> list[Envelope]:
    file = JournalFile(Home(folder).journal)
    found = list(file.read_streams([stream_of(kind)]))
    file.close()
    return found


def without_snapshots(folder: Path) -> None:
    for path in (folder / "snapshots").iterdir():
        path.unlink()


def cut(folder: Path, share: float) -> int:
    """Takes the last part of the journal away, as a death would; gives its last number."""
    without_snapshots(folder)
    file = sqlite3.connect(Home(folder).journal)
    first, last = file.execute("SELECT min(seq), max(seq) FROM journal").fetchone()
    end = first + int((last - first) * share)
    file.execute("DELETE FROM journal WHERE seq > ?", (end,))
    file.commit()
    file.close()
    return int(end)


def test_a_finished_life_leaves_a_snapshot_and_no_tail(home: Path) -> None:
    found = look(process_of(home))
    assert found.recovered.inputs == 0
    assert found.recovered.snapshot_seq == found.bus.seq
    assert found.recovered.notes == ()


def test_a_home_numbers_its_events_from_the_wall_clock_in_ms(home: Path) -> None:
    first = rows(home, ProcessStarted)[0]
    assert first.seq > 1_700_000_000_000


@pytest.mark.parametrize("share", [0.0, 0.33, 0.8])
def test_a_life_that_was_cut_ends_as_one_that_was_not(
    share: float, home: Path, lived: Path
) -> None:
    whole = look(process_of(home))
    cut(home, share)
    ending, life = play(process_of(home))
    assert ending.reason == "tape end"
    assert life.bus.digest.decisions == whole.bus.digest.decisions
    assert life.modules[0].snapshot() is not None
    assert len(rows(home, MarketKlines)) == len(rows(lived, MarketKlines))


def test_what_a_home_was_served_in_several_lives_is_what_a_training_would_make(
    home: Path,
) -> None:
    cut(home, 0.5)
    play(process_of(home))
    said = quantum_os("skew", home, "--json").json()
    assert said["differences"] == 0, said
    assert said["bars"] == len(rows(home, AiFeatures)) > 100


def test_the_epoch_rises_with_every_life_even_if_the_lock_is_lost(home: Path) -> None:
    play(process_of(home))
    (home / "lock").unlink()
    play(process_of(home))
    epochs = [msgspec.msgpack.decode(row.payload)["epoch"] for row in rows(home, ProcessStarted)]
    assert epochs == [0, 1, 2]


@pytest.mark.parametrize(("days", "seed"), [(2, 2), (3, 1)])
def test_another_run_is_refused(home: Path, days: int, seed: int) -> None:
    before = Home(home).journal.read_bytes()
    with pytest.raises(HomeRefused, match=r"another market data .* name another --home"):
        look(process_of(home, days=days, seed=seed))
    assert Home(home).journal.read_bytes() == before


def test_another_configuration_is_refused(home: Path) -> None:
    process = process_of(home)
    settings = msgspec.structs.replace(
        process.plan.settings, run=msgspec.structs.replace(process.plan.settings.run, deposit=5.0)
    )
    other = msgspec.structs.replace(
        process, plan=msgspec.structs.replace(process.plan, settings=settings)
    )
    with pytest.raises(HomeRefused, match="another configuration"):
        look(other)


def test_o2_a_venue_elsewhere_is_another_run(home: Path) -> None:
    other = msgspec.structs.replace(process_of(home), world_went_on=True)
    with pytest.raises(HomeRefused, match=r"another venue \(sim:binance, in this process"):
        look(other)


def test_o2_another_build_takes_over_a_snapshot_but_not_a_tail(home: Path) -> None:
    assert look(process_of(home, build="newer")).recovered.inputs == 0
    cut(home, 0.5)
    with pytest.raises(AnotherBuild, match="written by test: start that release once"):
        look(process_of(home, build="newer"))


def alerts(folder: Path) -> list[str]:
    return [
        msgspec.msgpack.decode(row.payload)["summary"]
        for row in rows(folder, AlertRaised)
        if b"recovery:" in row.payload
    ]


def test_a_damaged_page_is_mended_from_what_is_whole_and_told(home: Path) -> None:
    whole = look(process_of(home)).bus.digest.decisions
    without_snapshots(home)
    path = Home(home).journal
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 3 * 4096] = b"\xff" * (3 * 4096)
    path.write_bytes(data)
    ending, life = play(process_of(home))
    assert ending.reason == "tape end"
    assert life.bus.digest.decisions == whole, "what was lost was played again"
    assert (home / "journal.sqlite.damaged-1").read_bytes() == bytes(data)
    (told,) = alerts(home)
    assert "the journal is damaged at seq" in told
    assert "the old file is journal.sqlite.damaged-1" in told


def test_a_changed_row_is_a_damage_too(home: Path) -> None:
    whole = look(process_of(home)).bus.digest.decisions
    without_snapshots(home)
    file = sqlite3.connect(Home(home).journal)
    seq = rows(home, MarketKlines)[100].seq
    file.execute("UPDATE journal SET payload = x'80' WHERE seq = ?", (seq,))
    file.commit()
    file.close()
    _, life = play(process_of(home))
    assert life.bus.digest.decisions == whole
    assert f"damaged at seq {seq}" in alerts(home)[0]


def test_a_file_that_is_no_database_is_put_aside_and_said(home: Path) -> None:
    without_snapshots(home)
    Home(home).journal.write_bytes(b"this is no database at all" * 400)
    with pytest.raises((HomeRefused, JournalDamaged)):
        look(process_of(home))
    assert Home(home).journal.read_bytes().startswith(b"this is no database")


def test_a_truncated_log_loses_its_tail_and_the_snapshot_knows_it(home: Path) -> None:
    snapshots = {path.name: path.read_bytes() for path in (home / "snapshots").iterdir()}
    last = cut(home, 0.9)
    for name, data in snapshots.items():
        (home / "snapshots" / name).write_bytes(data)
    found = look(process_of(home))
    assert f"the journal has lost the events {last + 1} to" in found.recovered.notes[0]
    play(process_of(home))
    assert "has lost the events" in alerts(home)[0]


# the emergency spool


def spool(folder: Path, *records: Spooled) -> None:
    found = EmergencySpool(Home(folder).spool)
    for record in records:
        found.write(record)
    found.close()


def spooled(event: SafetyTripped | OrderRequested, seq: int = 1) -> Spooled:
    return Spooled(seq, 1, stream_of(type(event)), encode_event(event))


def test_f84_a_kill_switch_that_only_the_spool_holds_is_pulled_after_the_restart(
    home: Path,
) -> None:
    kill = trip(Cause.OPERATOR_KILL, Ns(7))
    spool(home, spooled(kill))
    play(process_of(home))
    (row,) = [row for row in rows(home, SafetyTripped) if row.source == SPOOL]
    assert (row.cause, row.event()) == (0, kill)
    found = look(process_of(home))
    safety = next(each for each in found.modules if isinstance(each, Safety))
    assert safety.state.latches[Cause.OPERATOR_KILL] == kill
    assert EmergencySpool(Home(home).spool).records == ()


def test_p2_a_merge_that_died_before_the_spool_was_emptied_merges_nothing_twice(
    home: Path,
) -> None:
    kill = spooled(trip(Cause.OPERATOR_KILL, Ns(7)))
    for _ in range(3):
        spool(home, kill)
        play(process_of(home))
    assert len([row for row in rows(home, SafetyTripped) if row.source == SPOOL]) == 1


def test_an_exit_that_the_journal_has_after_all_is_not_merged(home: Path) -> None:
    exits = [
        event
        for row in rows(home, OrderRequested)
        if isinstance(event := row.event(), OrderRequested) and event.leg is Leg.STOP
    ]
    spool(home, *(spooled(event) for event in exits[:3]))
    found = look(process_of(home))
    assert SPOOL not in found.bus.inputs
    orders = next(each for each in found.modules if isinstance(each, Orders))
    assert all(event.client_id not in orders.state.orders for event in exits[:3])


# a fault in the money path


class Fragile(Reactor[CountState]):
    """A part of the money path that breaks at its thousandth bar."""

    name = "risk.fragile"

    def __init__(self) -> None:
        super().__init__(CountState())

    def on_bars(self, event: MarketKlines) -> Iterator[AlertRaised]:
        self.state.marks += 1
        if self.state.marks in (100, 200):
            raise RuntimeError("too much")
        yield from ()


def test_p11_a_fault_in_the_money_path_restarts_through_recovery(tmp_path: Path) -> None:
    process = process_of(tmp_path / "home")
    again = msgspec.structs.replace(
        process,
        make_edges=lambda epoch: msgspec.structs.replace(
            process.make_edges(epoch), keepers=(Fragile(),)
        ),
    )
    ending, life = play(again)
    assert (ending.reason, ending.fault) == ("tape end", None)
    assert len(rows(tmp_path / "home", ProcessStarted)) == 3
    fragile = life.modules[-1]
    assert isinstance(fragile, Fragile)
    bars = len(rows(tmp_path / "home", MarketKlines))
    assert fragile.state.marks == bars, "it heard every bar, the one it broke on included"
    assert life.bus.faulted == {}
    assert (
        Cause.SAFETY_FAULT in next(m for m in life.modules if isinstance(m, Safety)).state.latches
    )


# replay


def test_a_lived_day_replays_to_the_same_events(lived: Path) -> None:
    said = quantum_os("replay", "--home", lived, "--verify", "--json")
    assert said.code == 0, said.err
    found = said.json()
    assert (found["mismatches"], found["first"]) == (0, None)
    assert found["events"] > 1_000


def test_a_stretch_is_played_from_the_nearest_snapshot(home: Path) -> None:
    said = quantum_os(
        *("replay", "--home", home, "--from", "2025-01-02T06:00Z", "--to", "2025-01-02T12:00Z"),
        *("--verify", "--json"),
    )
    found = said.json()
    assert (found["mismatches"], found["end"]) == (0, "2025-01-02T11:55:00Z")
    assert 0 < found["inputs"] < 700


def test_a_changed_past_is_named(home: Path) -> None:
    without_snapshots(home)
    file = sqlite3.connect(Home(home).journal)
    seq = rows(home, SafetyTripped)[0].seq if rows(home, SafetyTripped) else 0
    seq = seq or rows(home, MarketKlines)[5].seq + 1
    file.execute("UPDATE journal SET digest = x'0100000000000000' WHERE seq = ?", (seq,))
    file.commit()
    file.close()
    said = quantum_os("replay", "--home", home, "--verify", "--json")
    assert said.code == 1
    assert said.json()["first"]["seq"] == seq


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), "give either the FOLDER of a run or the --home"),
        (("--home", "nowhere"), "no journal.sqlite there"),
        (("somewhere", "--speed", "5"), "--from, --to and --speed go with --home"),
        (("--home", ".", "--from", "2025-02-01", "--to", "2025-01-01"), "--from must be before"),
    ],
)
def test_a_replay_that_cannot_be_is_refused_in_a_line(
    words: tuple[str, ...], complaint: str
) -> None:
    said = quantum_os("replay", *words)
    assert said.code == 2
    assert complaint in said.lines[-1]
