"""The catalogue names every stream once, keeps the original names, and hides no stand-in."""

import re

from quantum_os.events import catalog
from quantum_os.events.base import Event, redis_key_of, stream_of
from quantum_os.events.catalog import EVENTS, ORIGINAL_STREAMS, PLANNED
from quantum_os.events.exits import ExitbrainAdaptiveLevels
from quantum_os.events.sizing import TradeIntent


def _all_events(root: type[Event] = Event) -> list[type[Event]]:
    return [
        kind
        for child in root.__subclasses__()
        for kind in (child, *_all_events(child))
        if child.__module__.startswith("quantum_os.")
    ]


def test_every_event_class_stands_under_its_own_stream() -> None:
    assert sorted(EVENTS) == sorted(stream_of(kind) for kind in _all_events())
    for stream, kind in EVENTS.items():
        assert stream_of(kind) == stream


def test_no_two_classes_share_a_stream() -> None:
    assert len(EVENTS) == len(_all_events())


def test_the_21_original_streams_are_built_or_planned() -> None:
    assert len(set(ORIGINAL_STREAMS)) == 21
    assert set(ORIGINAL_STREAMS) <= {*EVENTS, *PLANNED}
    assert not {*PLANNED} & {*EVENTS}


def test_what_is_planned_belongs_to_learning_alone() -> None:
    assert all(re.match(r"(rl_v3|learning|model)\.", stream) for stream in PLANNED)


def test_names_are_dotted_words() -> None:
    assert all(re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)*", stream) for stream in EVENTS)


def test_the_stream_follows_from_the_class_or_is_declared() -> None:
    assert stream_of(TradeIntent) == "trade.intent"
    assert stream_of(ExitbrainAdaptiveLevels) == "exitbrain.adaptive_levels"
    assert redis_key_of(TradeIntent) == "quantum:stream:trade.intent"


def test_unhashed_fields_exist() -> None:
    for kind in EVENTS.values():
        assert set(kind.UNHASHED) <= set(kind.__struct_fields__)


def test_every_domain_file_is_read() -> None:
    domains = {kind.__module__ for kind in EVENTS.values()}
    assert domains == {domain.__name__ for domain in catalog._DOMAINS}
