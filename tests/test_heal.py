"""The one undo: in the right order, to the end, and from the journal alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from chaos.errors import UndoError
from chaos.plugin import registry
from chaos.plugin.fault import Evidence, Undo
from chaos.record import store
from chaos.record.journal import Event, Journal, Writer
from chaos.record.store import RunDir
from chaos.undo.heal import heal_elsewhere, keep, outstanding, playing
from chaos.undo.locks import hold_lock, is_locked


@pytest.fixture
def undone(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What was undone, in order; an undo fails `fails` times, and until what it `waits_for` is undone."""
    done: list[str] = []
    left: dict[str, int] = {}

    def taken_back(undo: Undo) -> Evidence:
        name = str(undo["name"])
        if left.setdefault(name, int(undo.get("fails", 0))):
            left[name] -= 1
            raise UndoError("planted")
        if undo.get("waits_for", name) not in {name, *done}:
            raise UndoError("it stands still")
        done.append(name)
        return {}

    monkeypatch.setattr(registry, "undo_of", lambda _by: taken_back)
    yield done


def journal(run: RunDir, *entries: tuple[str, str, dict[str, object]]) -> None:
    writer = Writer(run.events)
    writer.listen(keep(run))
    for at, (name, phase, undo) in enumerate(entries):
        writer.event(Event(float(at), "step", name, phase, {"by": "fault:x", "undo": {"name": name, **undo}}))
    writer.close()


def test_the_newest_is_undone_first_but_what_others_wait_for_before_all(
    run: RunDir, undone: list[str]
) -> None:
    journal(run, ("old", "injecting", {}), ("limit", "creating", {"urgent": True}), ("new", "injecting", {}))
    heal_elsewhere(run, "test", wait=0)
    assert undone == ["limit", "new", "old"]
    assert outstanding(run) == []


def test_an_undone_fault_is_not_undone_again_unless_it_was_begun_again(
    run: RunDir, undone: list[str]
) -> None:
    journal(
        run,
        ("a", "injecting", {}),
        ("a", "restored", {}),  # its old name
        ("b", "injecting", {}),
        ("b", "undone", {}),
        ("b", "injecting", {}),
    )
    heal_elsewhere(run, "test", wait=0)
    assert undone == ["b"]


def test_a_single_failure_does_not_keep_the_rest_from_being_undone(run: RunDir, undone: list[str]) -> None:
    store.mark_unhealed(run)
    journal(run, ("first", "injecting", {}), ("stubborn", "injecting", {"fails": 99}))
    healed = heal_elsewhere(run, "test", wait=0)
    assert undone == ["first"]
    assert [result.error for result in healed] == ["planted", None]
    assert [left.name for left in outstanding(run)] == ["stubborn"]
    assert store.unhealed_runs() == [run]


def test_the_patient_healer_tries_again(run: RunDir, undone: list[str]) -> None:
    journal(run, ("busy", "injecting", {"fails": 1}))
    healed = heal_elsewhere(run, "test", wait=0, patience=20)
    assert undone == ["busy"] and [result.error for result in healed] == [None]


def test_an_undo_that_waits_for_an_older_one_is_retried_after_it(run: RunDir, undone: list[str]) -> None:
    journal(run, ("pause", "injecting", {}), ("job", "injecting", {"waits_for": "pause"}))
    healed = heal_elsewhere(run, "test", wait=0)
    assert undone == ["pause", "job"] and outstanding(run) == []
    assert [result.error for result in healed] == [None, None]


def test_a_line_torn_by_a_kill_is_left_out(run: RunDir, undone: list[str]) -> None:
    journal(run, ("whole", "injecting", {}))
    with run.events.open("a") as file:
        file.write('{"at": 9, "source": "step", "na')
    heal_elsewhere(run, "test", wait=0)
    assert undone == ["whole"]


def test_only_one_heals_at_a_time(run: RunDir, undone: list[str]) -> None:
    journal(run, ("a", "injecting", {}))
    assert not is_locked(run)
    with hold_lock(run):
        assert is_locked(run)
        with pytest.raises(UndoError, match="by another process"):
            heal_elsewhere(run, "test", wait=0)
    assert undone == []


def test_a_run_whose_directory_was_deleted_is_healed_from_its_second_copy(
    run: RunDir, undone: list[str]
) -> None:
    with playing(run):
        journal(run, ("a", "injecting", {}), ("b", "injecting", {}), ("a", "undone", {}))
        shutil.rmtree(run.path)
        (listed,) = store.unhealed_runs()
        assert is_locked(listed)
        assert [left.name for left in outstanding(run)] == ["b"]
    assert not is_locked(listed)
    heal_elsewhere(run, "watchdog", wait=0)
    assert undone == ["b"]
    assert store.unhealed_runs() == []


def test_a_run_of_which_nothing_is_known_is_not_dropped_but_says_what_to_do_by_hand(run: RunDir) -> None:
    store.mark_unhealed(run)
    shutil.rmtree(run.path)
    shutil.rmtree(store.kept(run).path)
    with pytest.raises(UndoError, match=f"By hand: .*MIDNIGHT_MARK={run.id}.*delete .*/{run.id}.json"):
        heal_elsewhere(store.unhealed_runs()[0], "test", wait=0)
    assert len(store.unhealed_runs()) == 1


@pytest.mark.parametrize("line", [b"\xff\xfe", b"5", b"[]", b"{}", b'{"at": "soon", "source": "step"}', b"{"])
def test_a_damaged_line_does_not_keep_the_rest_from_being_undone(
    line: bytes, run: RunDir, undone: list[str]
) -> None:
    journal(run, ("a", "injecting", {}))
    with run.events.open("ab") as file:
        file.write(line + b"\n")
    heal_elsewhere(run, "test", wait=0)
    assert undone == ["a"]
    assert Journal(run).damaged == 1


def test_a_fault_begun_in_a_damaged_line_is_undone(run: RunDir, undone: list[str]) -> None:
    store.mark_unhealed(run)
    journal(run, ("a", "injecting", {}))
    run.events.write_bytes(run.events.read_bytes().replace(b"injecting", b"inj\xff"))
    heal_elsewhere(run, "test", wait=0)
    assert undone == ["a"]
