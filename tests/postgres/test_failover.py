"""The primary is lost, its standby promoted; the old primary comes back, unfenced at first."""

from __future__ import annotations

import shutil

import psutil
import pytest

from chaos.errors import TargetError
from chaos.postgres.access import Access, address
from chaos.postgres.cluster import Cluster
from chaos.postgres.connection import Unanswered
from chaos.postgres.following import NotFollowing, verify_following
from chaos.postgres.promote import is_in_recovery, promote, timeline
from chaos.postgres.rewind import CannotRewind, rejoin
from chaos.postgres.slots import create_slot, drop_slot
from chaos.postgres.standby import Standby, follower_settings, make_standby
from chaos.postgres.writes import refuses_writes
from tests.postgres.servers import Servers, ask, dsn, insert, rows, slots

pytestmark = [pytest.mark.real, pytest.mark.full]


class SplitBrain:
    """A promoted standby, and an old primary that went on writing and was then killed."""

    def __init__(self, servers: Servers) -> None:
        self.old, self.access = servers.primary()
        standby = servers.describe(self.old)
        # Waited for before it is copied, so that the copy's configuration names itself.
        self.old.override({"synchronous_standby_names": standby.application_name})
        self.old.reload()
        make_standby(self.old, standby, self.access, synchronous=True)
        insert(self.old, 1, 100)
        verify_following(self.old, standby, self.access)
        self.new = standby.cluster
        self.promotion = promote(self.new, self.access)
        # Its own writes are flushed by no standby any more; not waiting, as an unfenced one would not.
        self.old.override({"synchronous_standby_names": ""})
        self.old.reload()
        insert(self.old, 1001, 1100)
        insert(self.new, 2001, 2100)
        self.refused_while_unfenced = refuses_writes(dsn(self.old))
        self.old_timeline = timeline(self.old, self.access)
        self.postmaster = psutil.Process(int((self.old.data / "postmaster.pid").read_text().split()[0]))
        self.old.kill()

    def returning(self) -> Standby:
        return Standby(self.old, address(self.new), "slot_returning", "returning")


@pytest.fixture(scope="module")
def split(servers: Servers) -> SplitBrain:
    return SplitBrain(servers)


def test_a_promoted_synchronous_standby_acknowledges_writes_without_waiting_for_itself(
    split: SplitBrain,
) -> None:
    assert split.promotion.timeline == timeline(split.new, split.access) == 2
    assert 0 < split.promotion.promoted <= split.promotion.writable
    assert not is_in_recovery(split.new, split.access)
    assert rows(split.new) == [*range(1, 101), *range(2001, 2101)]


def test_an_unfenced_old_primary_takes_writes_and_the_check_sees_it(split: SplitBrain) -> None:
    assert not split.refused_while_unfenced
    assert split.old_timeline == 1


def test_a_killed_server_is_reaped_and_leaves_no_pid_file_or_child(split: SplitBrain) -> None:
    assert not psutil.pid_exists(split.postmaster.pid)
    assert not (split.old.data / "postmaster.pid").exists()
    with pytest.raises(TargetError, match="is not running"):
        split.old.kill()


def test_a_server_that_is_down_is_not_known_to_refuse_writes(split: SplitBrain) -> None:
    with pytest.raises(Unanswered, match="unknown whether"):
        refuses_writes(dsn(split.old))


def test_a_server_that_is_not_a_standby_cannot_be_promoted(split: SplitBrain) -> None:
    with pytest.raises(TargetError, match="not in standby mode"):
        promote(split.new, split.access)


def test_an_old_primary_let_back_in_without_a_rewind_is_found_out(split: SplitBrain) -> None:
    naive = split.returning()
    create_slot(split.new, split.access, naive.slot)
    copy = split.old.data.with_name("naive")
    shutil.copytree(split.old.data, copy, symlinks=True)
    try:
        naive.cluster.override(follower_settings(naive, split.access))
        (naive.cluster.data / "standby.signal").touch()
        # It starts, and refuses writes: nothing of that is a proof.
        naive.cluster.start()
        assert refuses_writes(dsn(naive.cluster))
        assert rows(naive.cluster)[-1] == 1100
        with pytest.raises(NotFollowing, match=r"'returning' (receives|has replayed)"):
            verify_following(split.new, naive, split.access, timeout=2)
    finally:
        naive.cluster.stop()
        drop_slot(split.new, split.access, naive.slot)
        shutil.rmtree(split.old.data)
        shutil.copytree(copy, split.old.data, symlinks=True)
        own(split.old)
        shutil.rmtree(copy)


def own(cluster: Cluster) -> None:
    for path in (cluster.data, *cluster.data.rglob("*")):
        if cluster.user is not None:
            shutil.chown(path, cluster.user.uid, cluster.user.gid)


def test_an_old_primary_that_cannot_even_recover_by_itself_is_refused_with_the_reason(
    split: SplitBrain,
) -> None:
    away = split.old.data.with_name("away")
    away.mkdir()
    for file in (split.old.data / "pg_wal").glob("0000*"):
        shutil.move(file, away)
    try:
        with pytest.raises(CannotRewind, match="its own crash recovery failed"):
            rejoin(split.returning(), split.new, split.access)
        assert not split.old.running()
        assert "slot_returning" not in slots(split.new)
    finally:
        for file in away.iterdir():
            shutil.move(file, split.old.data / "pg_wal")


def test_the_old_primary_is_rewound_and_follows_and_its_own_rows_are_gone(split: SplitBrain) -> None:
    returning = split.returning()
    done = rejoin(returning, split.new, split.access)
    assert done.rewound
    assert min(done.rewinding, done.starting, done.verifying) > 0
    insert(split.new, 3001, 3010)
    verify_following(split.new, returning, split.access)
    assert rows(split.old) == [*range(1, 101), *range(2001, 2101), *range(3001, 3011)]
    assert refuses_writes(dsn(split.old))
    # The slot it kept for its own standby would have it keep WAL for ever.
    assert slots(split.old) == []
    assert ask(split.old, "SHOW primary_slot_name") == returning.slot


def test_a_server_that_runs_is_not_rewound(split: SplitBrain) -> None:
    with pytest.raises(CannotRewind, match="stop it first"):
        rejoin(split.returning(), split.new, split.access)
    assert split.old.running()


def test_a_server_that_never_diverged_rejoins_without_a_rewind(split: SplitBrain) -> None:
    split.old.stop()
    drop_slot(split.new, split.access, "slot_returning")
    assert not rejoin(split.returning(), split.new, split.access).rewound


@pytest.mark.full
def test_a_server_of_another_system_is_refused_and_leaves_no_slot(
    servers: Servers, split: SplitBrain
) -> None:
    stranger, _ = servers.primary()
    stranger.stop()
    other = Standby(stranger, address(split.new), "slot_stranger", "stranger")
    with pytest.raises(CannotRewind, match="different system identifiers"):
        rejoin(other, split.new, split.access)
    assert "slot_stranger" not in slots(split.new)


def failed_over(servers: Servers, old: Cluster, access: Access) -> Cluster:
    """The new primary; the old one has gone on for some segments and was stopped."""
    new = servers.standby(old, access).cluster
    promote(new, access)
    for first in range(1, 40, 10):
        insert(old, first, first + 9)
        ask(old, "SELECT pg_switch_wal()")
    old.stop()
    return new


def test_a_rewind_without_the_wal_since_the_fork_fails_with_the_reason(servers: Servers) -> None:
    old, access = servers.primary()
    new = failed_over(servers, old, access)
    segments = sorted((old.data / "pg_wal").glob("0000*[0-9A-F]"))
    said = old.programs.must("pg_controldata", old.data, timeout=10)
    newest = next(line.split()[-1] for line in said.splitlines() if "REDO WAL file" in line)
    for segment in segments:
        if segment.name < newest:
            segment.unlink()
    with pytest.raises(CannotRewind, match="the WAL since the fork is gone from the old primary"):
        rejoin(Standby(old, address(new), "slot_old", "old"), new, access)


def without_hints(servers: Servers) -> tuple[Cluster, Access]:
    cluster, access = servers.primary({"wal_log_hints": "off"})
    cluster.stop()
    if "Data page checksum version:           0" not in cluster.programs.must(
        "pg_controldata", cluster.data, timeout=10
    ):
        cluster.programs.must("pg_checksums", "--disable", "-D", cluster.data, timeout=60)
    cluster.start()
    return cluster, access


@pytest.mark.full
def test_a_rewind_without_checksums_or_hints_fails_with_the_reason(servers: Servers) -> None:
    old, access = without_hints(servers)
    new = failed_over(servers, old, access)
    with pytest.raises(CannotRewind, match="needs data checksums or wal_log_hints"):
        rejoin(Standby(old, address(new), "slot_old", "old"), new, access)
