"""A standby is made, told how far it is behind, waited for or not, and removed."""

from __future__ import annotations

import os
import signal

import pytest

from chaos.errors import TargetError
from chaos.host.ports import free_port
from chaos.host.processes import marked
from chaos.postgres.cluster import Cluster
from chaos.postgres.connection import StatementRefused
from chaos.postgres.following import NotFollowing, verify_following
from chaos.postgres.lag import Lag, heard, lag
from chaos.postgres.promote import is_in_recovery
from chaos.postgres.slots import drop_slot
from chaos.postgres.standby import Standby, make_standby, remove_standby, start_following, wait_for_standbys
from chaos.postgres.writes import attempt_write, refuses_writes
from tests.postgres.servers import Servers, ask, dsn, execute, insert, rows, slots

pytestmark = [pytest.mark.real, pytest.mark.full]


class Pair:
    def __init__(self, servers: Servers) -> None:
        self.primary, self.access = servers.primary()
        self.standby = servers.standby(self.primary, self.access)

    def lag(self) -> Lag:
        found = lag(self.primary, self.access, self.standby.application_name)
        assert found is not None
        return found


@pytest.fixture(scope="module")
def pair(servers: Servers) -> Pair:
    return Pair(servers)


def test_a_standby_streams_and_holds_the_same_rows(pair: Pair) -> None:
    insert(pair.primary, 1, 100)
    verify_following(pair.primary, pair.standby, pair.access)
    assert rows(pair.standby.cluster) == list(range(1, 101))
    assert is_in_recovery(pair.standby.cluster, pair.access)
    assert not is_in_recovery(pair.primary, pair.access)
    assert slots(pair.primary) == [pair.standby.slot]


def test_no_password_is_in_any_command_line_or_in_what_the_servers_log(pair: Pair) -> None:
    (line,) = pair.access.passfile.read_text().splitlines()
    secret = line.rpartition(":")[2]
    assert pair.access.passfile.stat().st_mode & 0o077 == 0
    for process in marked(pair.primary.mark) + marked(pair.standby.cluster.mark):
        assert secret not in " ".join(process.cmdline())
    assert secret not in pair.primary.log.read_text() + pair.standby.cluster.log.read_text()
    settings = (pair.standby.cluster.data / "postgresql.auto.conf").read_text()
    assert secret not in settings
    assert secret not in repr(pair.access)


def test_a_held_back_stream_shows_in_flush_and_in_the_age_of_the_last_word(pair: Pair) -> None:
    before = pair.lag()
    assert (before.state, before.sync_state) == ("streaming", "async")
    os.kill(before.pid, signal.SIGSTOP)
    try:
        insert(pair.primary, 101, 1100)
        behind = pair.lag()
        assert behind.flush is not None
        assert behind.flush > 50_000
        known = heard(pair.standby.cluster, pair.access)
        assert known is not None
        assert (known.status, known.timeline) == ("streaming", 1)
        later = heard(pair.standby.cluster, pair.access)
        assert later is not None
        assert later.age > known.age
    finally:
        os.kill(before.pid, signal.SIGCONT)
    verify_following(pair.primary, pair.standby, pair.access)
    assert pair.lag().replay == 0


def test_a_standby_that_is_not_connected_has_no_lag(pair: Pair) -> None:
    assert lag(pair.primary, pair.access, "nobody") is None


def test_waited_for_a_frozen_standby_keeps_commits_unanswered_until_it_is_waited_for_no_more(
    pair: Pair,
) -> None:
    wait_for_standbys(pair.primary, pair.access, pair.standby.application_name)
    assert pair.lag().sync_state == "sync"
    pair.standby.cluster.freeze()
    try:
        assert attempt_write(dsn(pair.primary), commit=True, deadline=0.5).outcome == "unanswered"
        # It took the write all the same: a fence it is not.
        assert attempt_write(dsn(pair.primary), commit=False, deadline=3).outcome == "accepted"
        wait_for_standbys(pair.primary, pair.access)
        assert attempt_write(dsn(pair.primary), commit=True, deadline=3).outcome == "accepted"
    finally:
        pair.standby.cluster.thaw()


def test_a_standby_refuses_writes_and_a_primary_takes_them_and_keeps_nothing(pair: Pair) -> None:
    assert refuses_writes(dsn(pair.standby.cluster))
    assert not refuses_writes(dsn(pair.primary))
    assert attempt_write(dsn(pair.primary), commit=True).outcome == "accepted"
    assert ask(pair.primary, "SELECT count(*) FROM pg_class WHERE relname LIKE 'midnight_probe%'") == 0
    said = attempt_write(dsn(pair.standby.cluster), commit=True).said
    assert "read-only transaction" in said


def test_a_role_that_may_not_write_proves_nothing_about_the_server(pair: Pair) -> None:
    execute(pair.primary, "CREATE ROLE reader LOGIN PASSWORD 'reads'")
    execute(pair.primary, "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    with pytest.raises(StatementRefused, match="permission denied"):
        refuses_writes(pair.primary.dsn("reader", password="reads"))


def test_rows_that_differ_are_found_though_the_standby_streams(servers: Servers, pair: Pair) -> None:
    standby = servers.standby(pair.primary, pair.access)
    (path,) = [ask(standby.cluster, "SELECT pg_relation_filepath('kept')")]
    standby.cluster.stop()
    os.truncate(standby.cluster.data / path, 0)
    start_following(pair.primary, standby, pair.access)
    with pytest.raises(
        NotFollowing, match=r"has different rows in postgres\.public\.kept: 0 rows .* primary 1100"
    ):
        verify_following(pair.primary, standby, pair.access)
    remove_standby(pair.primary, standby, pair.access)


def test_a_primary_is_not_a_standby(pair: Pair) -> None:
    impostor = Standby(pair.primary, pair.standby.upstream, "none", "impostor")
    with pytest.raises(NotFollowing, match="accepts writes"):
        verify_following(pair.primary, impostor, pair.access)


def left_of(standby: Standby, primary: Cluster) -> tuple[bool, int, bool]:
    cluster = standby.cluster
    return cluster.data.exists(), len(marked(cluster.mark)), standby.slot in slots(primary)


def test_a_standby_that_cannot_stream_leaves_no_server_slot_or_directory(
    servers: Servers, pair: Pair
) -> None:
    standby = servers.describe(pair.primary, upstream=f"127.0.0.1:{free_port()}")
    with pytest.raises(TargetError, match="did not stream within 1 s: not connected"):
        make_standby(pair.primary, standby, pair.access, timeout=1)
    assert left_of(standby, pair.primary) == (False, 0, False)


def test_a_directory_that_holds_something_is_refused_and_kept(servers: Servers, pair: Pair) -> None:
    standby = servers.describe(pair.primary)
    standby.cluster.make_directory()
    kept = standby.cluster.data / "somebody's"
    kept.touch()
    with pytest.raises(TargetError, match="needs an empty directory"):
        make_standby(pair.primary, standby, pair.access)
    assert kept.exists()


def test_a_slot_in_use_is_dropped_and_a_missing_one_is_not_an_error(servers: Servers, pair: Pair) -> None:
    standby = servers.standby(pair.primary, pair.access)
    drop_slot(pair.primary, pair.access, standby.slot)
    drop_slot(pair.primary, pair.access, standby.slot)
    assert standby.slot not in slots(pair.primary)
    remove_standby(pair.primary, standby, pair.access)
    assert left_of(standby, pair.primary) == (False, 0, False)
