"""One scaffold for all that acts: locked, watched, journalled, undone, ended."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from chaos.checks.verdict import Verdict
from chaos.errors import ExitCode, NoVerdict, Refused, UndoError
from chaos.plugin import registry
from chaos.plugin.fault import Evidence, Undo
from chaos.record import store
from chaos.record.journal import Event, Journal
from chaos.record.store import RunDir
from chaos.run import session as sessions
from chaos.run.session import Session, new_run
from chaos.undo.locks import is_locked


class Dog:
    """The watchdog, and how it was sent away."""

    ends: list[str]

    def __init__(self, run: RunDir, undoes: Iterable[str]) -> None:
        assert list(undoes) == ["target:planted", "fault:pause"]
        assert is_locked(run), "nothing is watched that another could still play"
        self.ends = []
        Dog.last = self

    last: Dog

    def wait_until_ready(self) -> None: ...

    def dismiss(self) -> None:
        self.ends.append("dismissed")

    def abandon(self) -> None:
        self.ends.append("left to heal")


@pytest.fixture(autouse=True)
def dog(own_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del own_place
    monkeypatch.setattr(sessions, "Watchdog", Dog)


@pytest.fixture
def undone(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    done: list[str] = []

    def restore(undo: Undo) -> Evidence:
        if undo.get("stuck"):
            raise UndoError("stuck")
        done.append(str(undo["what"]))
        return {}

    monkeypatch.setattr(registry, "undo_of", lambda _by: restore)
    return done


@pytest.fixture
def session(tmp_path: Path) -> Session:
    (tmp_path / "run").mkdir()
    return Session(RunDir(tmp_path / "run"), "planted", ["pause", "pause"])


def judged_never() -> Verdict:
    raise ValueError("no evidence")


def told(run: RunDir) -> list[tuple[str, str]]:
    return [(event.name, event.phase) for event in Journal(run).events]


def test_a_created_thing_is_journalled_first_and_undone_at_the_end(
    session: Session, undone: list[str]
) -> None:
    heard: list[Event] = []
    with session.held():
        assert store.unhealed_runs() == [session.run]
        session.record(heard.append)
        session.watched()
        session.begin()
        session.creating("servers", {"what": "servers"})
        session.sweep()
        session.end()
    assert undone == ["servers"]
    assert told(session.run) == [
        ("run", "begun"),
        ("servers", "creating"),
        ("servers", "removed"),
        ("run", "ended"),
    ]
    assert told(store.kept(session.run)) == [], "what is healed is kept no second time"
    assert [event.phase for event in heard] == ["begun", "creating", "removed", "ended"]
    assert (Dog.last.ends, store.unhealed_runs(), is_locked(session.run)) == (["dismissed"], [], False)


def test_an_exception_before_the_sweep_leaves_the_healing_to_the_watchdog(
    session: Session, undone: list[str]
) -> None:
    with pytest.raises(KeyboardInterrupt), session.held():
        session.record()
        session.creating("servers", {"what": "servers"})
        raise KeyboardInterrupt
    assert (Dog.last.ends, undone) == (["left to heal"], [])
    assert store.unhealed_runs() == [session.run]


@pytest.mark.usefixtures("undone")
@pytest.mark.parametrize(("stuck", "end"), [(False, "dismissed"), (True, "left to heal")])
def test_an_exception_after_the_sweep_leaves_the_watchdog_only_what_is_not_undone(
    session: Session, stuck: bool, end: str
) -> None:
    with pytest.raises(ZeroDivisionError), session.held():
        session.record()
        session.creating("servers", {"what": "servers", "stuck": stuck})
        session.sweep()
        raise ZeroDivisionError
    assert Dog.last.ends == [end]


@pytest.mark.usefixtures("undone")
def test_a_failed_undo_outweighs_how_the_run_ended(session: Session) -> None:
    with session.held():
        session.record()
        session.creating("servers", {"what": "servers", "stuck": True})
        session.course.end("no steady state", NoVerdict("sick"))
        session.sweep()
        session.end()
    result = session.judged(judged_never)
    assert (result.exit_code, result.verdict) == (ExitCode.NOT_UNDONE, None)
    assert result.errors[:2] == ("sick", "not undone: servers: stuck")


def test_a_stack_has_no_watchdog_and_no_second_copy(session: Session) -> None:
    session.record()
    session.begin()
    session.writer.close()
    assert told(session.run) == [("run", "begun")]
    assert not store.kept(session.run).path.exists()


def test_a_new_run_holds_the_lock_of_its_aim() -> None:
    with new_run("night", "shop", "shop:1", lambda run: run.run_file.touch()) as run:
        assert run.run_file.exists()
        with pytest.raises(Refused, match=run.id), new_run("other", "shop", "shop:1", lambda _: None):
            pass
    with new_run("other", "shop", "shop:1", lambda _: None) as after:
        assert after.path.parent.name == "other"


def test_a_run_that_cannot_be_recorded_is_refused_and_leaves_no_directory(tmp_path: Path) -> None:
    def full(_: RunDir) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(Refused, match="the disk is full"), new_run("night", "shop", "shop", full):
        pass
    assert list((tmp_path / "reports").glob("*/*")) == []


def test_a_target_that_is_refused_leaves_no_directory(tmp_path: Path) -> None:
    def refuse() -> None:
        raise Refused("not this one")

    with (
        pytest.raises(Refused, match="not this one"),
        new_run("night", "shop", "shop", lambda _: None, refuse),
    ):
        pass
    assert not (tmp_path / "reports").exists()
