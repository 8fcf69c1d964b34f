"""Each kind of event goes through a journal unharmed, whatever its fields hold; newer and older journals are read."""

from __future__ import annotations

import json
from dataclasses import asdict, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.record import events
from chaos.record.event import NOW, Event, Recorded, only_name
from chaos.record.events import KINDS
from chaos.record.fields import keys_of
from chaos.record.journal import Journal, Writer
from chaos.record.store import RunDir

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: st.integers(),
    float: NUMBERS,
    str: TEXTS,
    NoneType: st.none(),
    Any: st.none() | st.booleans() | NUMBERS | TEXTS,
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Everything that a field of this type may hold."""
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return st.one_of(*(values(each) for each in get_args(hint)))
    if origin is tuple:
        return st.lists(values(get_args(hint)[0]), max_size=3).map(tuple)
    if is_dataclass(hint) and isinstance(hint, type):
        return st.builds(hint, **{one.field: values(one.type) for one in keys_of(hint)})
    return PLAIN[hint] if hint in PLAIN else st.dictionaries(TEXTS, JSON, max_size=3)


def recorded(kind: type[Recorded]) -> st.SearchStrategy[Recorded]:
    """Events of one kind."""
    name = only_name(kind)
    names = st.just(name) if name else TEXTS.filter(lambda text: text not in _taken(kind))
    fields = {one.field: values(one.type) for one in keys_of(kind)}
    return st.builds(kind, at=st.floats(0, 1e6), name=names, **fields)


def _taken(kind: type[Recorded]) -> set[str | None]:
    """The names that mean another kind, of the same source and phase."""
    return {only_name(one) for one in KINDS if (one.source, one.phase) == (kind.source, kind.phase)}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=40)
@given(data=st.data())
def test_an_event_that_is_written_is_read_as_it_was(kind: type[Recorded], data: st.DataObject) -> None:
    event = data.draw(recorded(kind))
    line = json.loads(json.dumps(asdict(event.event())))
    assert events.known(Event(**line)) == event


def test_no_two_kinds_are_written_alike() -> None:
    assert len({(kind.source, only_name(kind), kind.phase) for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_event_without_any_key_is_read_and_proves_nothing(kind: type[Recorded]) -> None:
    found = events.known(Event(1.0, kind.source, only_name(kind) or "x", kind.phase))
    assert type(found) is kind
    good = [one.key for one in keys_of(kind) if getattr(found, one.field) is True]
    assert good == []


def test_a_key_of_another_type_counts_as_missing() -> None:
    damaged = {"complete": "yes", "lost": "none", "expected": True, "because": None}
    found = events.LogsRead.of(Event(1.0, "run", "logs", "read", damaged))
    assert found == events.LogsRead(1.0)


def test_keys_that_a_newer_program_has_added_are_kept() -> None:
    line = Event(1.0, "run", "play", "begun", {"length": 60, "moon": "full"})
    found = events.PlayBegun.of(line)
    assert found is not None and found.event() == line


def test_an_event_added_by_a_newer_program_is_not_a_known_one_and_left_alone(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    writer = Writer(run.events)
    writer.event(Event(1.0, "run", "moon", "risen", {"full": True}))
    writer.event(events.PlayBegun(2.0, length=60))
    writer.close()
    journal = Journal(run)
    assert [events.known(event) for event in journal.events] == [None, events.PlayBegun(2.0, length=60)]
    assert journal.damaged == 0


def test_events_are_found_by_their_kind_and_name_and_in_order(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    writer = Writer(run.events)
    for event in (
        events.StepFailed(3.0, "a", because="second"),
        events.StepFailed(1.0, "a", because="first"),
        events.StepFailed(2.0, "b"),
        events.StepSkipped(4.0, "a"),
    ):
        writer.event(event)
    writer.close()
    journal = Journal(run)
    assert [each.because for each in journal.every(events.StepFailed, "a")] == ["first", "second"]
    assert journal.latest(events.StepFailed) == events.StepFailed(3.0, "a", because="second")
    assert journal.latest(events.StepHeld) is None


def test_a_current_event_gets_the_time_it_is_written_and_others_keep_theirs() -> None:
    assert events.PlayBegun(NOW).timed(lambda: 7.0).at == 7.0
    assert events.PlayBegun(3.0).timed(lambda: 7.0).at == 3.0


@pytest.mark.parametrize("phase", ["injecting", "creating"])
def test_an_opening_event_of_a_newer_version_is_recognised_with_its_undo(phase: str) -> None:
    undo = {"moon": "full"}
    found = events.opening(Event(1.0, "moon", "x", phase, {"by": "fault:moon", "undo": undo}))
    assert found == events.Opening("fault:moon", undo)


@pytest.mark.parametrize("detail", [{}, {"by": "fault:x"}, {"undo": {}}, {"by": 1, "undo": {}}])
def test_an_event_without_an_undo_opens_nothing(detail: dict[str, Any]) -> None:
    assert events.opening(Event(1.0, "step", "x", "injecting", detail)) is None
