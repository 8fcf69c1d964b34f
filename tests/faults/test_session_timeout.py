"""A setting counts as set once the server has it in force: what is counted before that is not its doing."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from chaos.errors import TargetGone, UndoError
from chaos.faults.shared import session_timeout
from chaos.faults.shared.session_timeout import await_in_force
from chaos.plugin import registry
from chaos.plugin.handles import Handles
from chaos.postgres import Cluster, connect
from tests.postgres.servers import ask, dsn, execute

pytestmark = pytest.mark.real

NOT_READ = r"idle_session_timeout not in force within 0\.1 s of a reload: it has not read its files"


@pytest.fixture(autouse=True)
def as_it_was(primary: Cluster) -> Iterator[None]:
    yield
    execute(primary, "alter role all reset idle_session_timeout")
    session_timeout.write(dsn(primary), None)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_timeout, "IN_FORCE_WITHIN", 0.1)


def set_without_a_reload(primary: Cluster) -> float:
    execute(primary, "alter system set idle_session_timeout = '345s'")
    return float(ask(primary, "select extract(epoch from clock_timestamp())"))


def test_sessions_that_were_there_before_have_it_from_their_next_statement_on(primary: Cluster) -> None:
    with psycopg.connect(dsn(primary), autocommit=True) as before:
        since = session_timeout.write(dsn(primary), "345s")
        await_in_force(dsn(primary), 345_000, since)
        row = before.execute("show idle_session_timeout").fetchone()
    assert row == ("345s",)


def test_a_server_that_has_not_read_its_files_again_does_not_have_it(primary: Cluster, hurried: None) -> None:
    del hurried
    since = set_without_a_reload(primary)
    with pytest.raises(TargetGone, match=NOT_READ):
        await_in_force(dsn(primary), 345_000, since)


def test_a_server_that_reads_them_later_is_waited_for(
    primary: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    since, looked = set_without_a_reload(primary), list[str]()

    def reloaded_after_the_second_look(where: str) -> psycopg.Connection[tuple[object, ...]]:
        looked.append(where)
        if len(looked) == 3:
            execute(primary, "select pg_reload_conf()")
        return connect(where)

    monkeypatch.setattr(session_timeout, "connect", reloaded_after_the_second_look)
    await_in_force(dsn(primary), 345_000, since)
    assert len(looked) >= 3 and ask(primary, "show idle_session_timeout") == "345s"


def test_an_administrator_with_a_value_of_its_own_sees_by_the_reload_that_others_have_it(
    primary: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A team may keep its administrators' sessions from ending; the service's still do."""
    execute(primary, "create role steady superuser login password 'steady'")
    execute(primary, "alter role steady set idle_session_timeout = 0")
    steady = make_conninfo(dsn(primary), user="steady", password="steady")
    since = set_without_a_reload(primary)
    with monkeypatch.context() as hurried, pytest.raises(TargetGone, match=NOT_READ):
        hurried.setattr(session_timeout, "IN_FORCE_WITHIN", 0.1)
        await_in_force(steady, 345_000, since)
    execute(primary, "select pg_reload_conf()")
    await_in_force(steady, 345_000, since)
    assert ask(primary, "show idle_session_timeout") == "345s"


def test_a_value_that_every_role_overrides_is_not_in_force_and_nothing_is_counted(
    primary: Cluster, handles: Handles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_timeout, "IN_FORCE_WITHIN", 3.0)  # the server has read its files by then
    execute(primary, "alter role all set idle_session_timeout = '1h'")
    kind = registry.fault("idle_drop")
    fault = kind(kind.Params.model_validate({"by": "server"}), handles, "run/drop")
    undo = fault.prepare()
    with pytest.raises(TargetGone, match=r"within 3 s of a reload: a new session has 3600000 ms \(global\)"):
        fault.inject()
    assert kind.undo(undo) == {"idle_session_timeout": "reset"}


def test_the_setting_counts_as_put_back_only_once_the_server_has_read_it(
    primary: Cluster, handles: Handles, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = registry.fault("idle_drop")
    fault = kind(kind.Params.model_validate({"by": "server", "after_idle": "345s"}), handles, "run/drop")
    undo = fault.prepare()
    fault.inject()
    with monkeypatch.context() as patch:
        patch.setattr(session_timeout, "IN_FORCE_WITHIN", 0.1)
        patch.setattr(session_timeout, "_RELOAD", "select 1")
        with pytest.raises(UndoError, match=r"has not read its files; by hand: ALTER SYSTEM reset"):
            kind.undo(undo)
    kind.undo(undo)
    assert ask(primary, "show idle_session_timeout") == "0"
