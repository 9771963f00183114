"""Two runs have one hash exactly when they said the same events in the same order."""

from decimal import Decimal

from hypothesis import assume, given
from hypothesis import strategies as st

from quantum_os.events.catalog import EVENTS
from quantum_os.events.market import FeedWatermark
from quantum_os.events.system import ProcessStarted, SafetyFault
from quantum_os.events.units import Mode, Ns, Usd
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.digest import (
    DECISION_STREAMS,
    RunDigest,
    RunningHash,
    digest_of,
    hashed_payload,
    tag_of,
)
from quantum_os.kernel.envelope import encode_event
from tests.events.examples import example_of
from tests.kernel.fakes import bus_of, mark

hashes = st.lists(st.integers(0, 2**64 - 1), max_size=8)


def _folded(digests: list[int]) -> RunningHash:
    running = RunningHash()
    for digest in digests:
        running.add(digest)
    return running


@given(hashes, hashes)
def test_the_fold_tells_sequences_apart(first: list[int], second: list[int]) -> None:
    assume(first != second)
    assert _folded(first) != _folded(second)


@given(hashes)
def test_the_fold_can_be_interrupted(digests: list[int]) -> None:
    half = _folded(digests[: len(digests) // 2])
    for digest in digests[len(digests) // 2 :]:
        half.add(digest)
    assert half == _folded(digests)


def test_order_matters() -> None:
    assert _folded([1, 2]) != _folded([2, 1])


def test_a_hash_is_shown_in_32_hex_digits() -> None:
    assert len(str(_folded([1]))) == 32
    assert int(str(_folded([1])), 16)


def test_the_stream_is_part_of_an_events_hash() -> None:
    assert digest_of(tag_of("a"), b"x") != digest_of(tag_of("b"), b"x")
    assert digest_of(tag_of("a"), b"x") != digest_of(tag_of("a"), b"y")


def _run(*times: int) -> Bus:
    bus, _ = bus_of()
    for time in times:
        bus.process(1, mark(time), "tape")
    return bus


def test_every_event_takes_part() -> None:
    assert _run(1, 2).digest == _run(1, 2).digest
    assert _run(1, 2).digest != _run(2, 1).digest
    assert _run(1).digest != _run(1, 1).digest


def test_source_time_and_number_take_no_part() -> None:
    here, there = bus_of()[0], Bus([], bus_of()[1], first_seq=50)
    here.process(1, mark(), "tape")
    there.process(9, mark(), "feed")
    assert here.digest == there.digest


def _started(build: str, epoch: int, seed: int = 1) -> ProcessStarted:
    return ProcessStarted(
        epoch, build, "hash", Mode.BACKTEST, "sim:v", "n", seed, Usd(Decimal(10)), Ns(0)
    )


def test_the_marks_of_the_run_itself_take_no_part() -> None:
    def digest(event: ProcessStarted) -> RunDigest:
        bus, _ = bus_of()
        bus.process(1, event, "kernel")
        return bus.digest

    assert digest(_started("one", 0)) == digest(_started("two", 9))
    assert digest(_started("one", 0)) != digest(_started("one", 0, seed=2))


def test_a_faults_traceback_takes_no_part() -> None:
    def hashed(trail: str) -> bytes:
        fault = SafetyFault("m", True, 1, "s", "error", trail)
        return hashed_payload(fault, encode_event(fault))

    assert hashed("line 1") == hashed("line 2")


def test_an_event_without_such_marks_is_hashed_as_it_is_written() -> None:
    payload = encode_event(mark(3))
    assert hashed_payload(mark(3), payload) is payload


def test_decisions_have_a_hash_of_their_own() -> None:
    quiet, deciding = _run(1), _run(1)
    deciding.process(2, example_of(EVENTS["risk.refusal"]), "test")
    assert quiet.digest.decisions == RunningHash()
    assert deciding.digest.decisions != RunningHash()
    assert set(EVENTS) >= DECISION_STREAMS
    assert FeedWatermark not in {EVENTS[stream] for stream in DECISION_STREAMS}
