"""A standby is made, waited for, promoted; the old primary is found unfenced, and rewound."""

from __future__ import annotations

import pytest

from chaos.errors import TargetError
from chaos.host.processes import marked
from chaos.postgres.access import Access, address
from chaos.postgres.cluster import Cluster
from chaos.postgres.connection import run_within
from chaos.postgres.following import NotFollowing, verify_following
from chaos.postgres.lag import heard, lag
from chaos.postgres.promote import is_in_recovery, promote, timeline
from chaos.postgres.rewind import CannotRewind, rejoin
from chaos.postgres.slots import slots
from chaos.postgres.standby import Standby, make_standby, remove_standby, start_following, wait_for_standbys
from chaos.postgres.writes import attempt_write, refuses_writes
from tests.postgres.servers import Servers, ask, dsn, execute, insert, rows

pytestmark = pytest.mark.real


class Pair:
    def __init__(self, servers: Servers) -> None:
        self.servers = servers
        self.primary, self.access = servers.primary()
        self.standby = servers.standby(self.primary, self.access)


@pytest.fixture(scope="module")
def pair(servers: Servers) -> Pair:
    return Pair(servers)


def wait_until_replayed(pair: Pair) -> None:
    verify_following(pair.primary, pair.standby, pair.access)


def test_a_standby_streams_and_follows_row_by_row(pair: Pair) -> None:
    insert(pair.primary, 1, 100)
    verify_following(pair.primary, pair.standby, pair.access)
    assert rows(pair.standby.cluster) == list(range(1, 101))
    assert is_in_recovery(pair.standby.cluster, pair.access)
    assert not is_in_recovery(pair.primary, pair.access)
    assert slots(pair.primary, pair.access) == [pair.standby.slot]
