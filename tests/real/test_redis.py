"""A real Redis behind a proxy: faults act on it, and a crowd fills it, without a login."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.checks.finding import Outcome
from chaos.plugin.handles import Proxy
from chaos.plugin.probe import Answer
from chaos.toxiproxy import Toxiproxy
from tests.path.acting import made, played
from tests.path.conftest import Holders, handles, holders, toxiproxy  # noqa: F401  fixtures
from tests.stores import redis_server

CLIENTS = 40
pytestmark = pytest.mark.real


@pytest.fixture
def redis(toxiproxy: Toxiproxy, tmp_path: Path) -> Iterator[Proxy]:  # noqa: F811
    with redis_server(tmp_path, ["--maxclients", str(CLIENTS)]) as port:
        upstream = f"127.0.0.1:{port}"
        info = toxiproxy.create("cache", "127.0.0.1:0", upstream)
        yield Proxy(toxiproxy.url, info.name, info.listen, info.upstream, "redis", upstream)
        toxiproxy.delete("cache")


def test_idle_connections_to_redis_are_dropped(
    redis: Proxy,
    holders: Holders,  # noqa: F811
    tmp_path: Path,
) -> None:
    service = holders(redis.listen, 6)
    done = played(made("idle_drop", handles(redis, service)), tmp_path, lambda: service.tell("closed 6"))
    assert done.outcome is Outcome.PASS and done.held.dose["idle_sessions_closed"] == 6, done


def test_a_crowd_fills_redis_and_hears_that_there_is_no_room(
    redis: Proxy,
    holders: Holders,  # noqa: F811
    tmp_path: Path,
) -> None:
    storm = made("reconnect_storm", handles(redis, holders(redis.listen, 6)), burst=0, keep="1s", clients=100)
    assert [each.line for each in storm.probes() if each.answer is Answer.NO] == []
    done = played(storm, tmp_path, seconds=20.0, cut=False)
    crowd = done.held.evidence["crowd"]
    assert done.outcome is Outcome.PASS and done.held.dose["own_connections_dropped"] == 6, done
    assert crowd["connected"] <= CLIENTS and crowd["connected"] + crowd["refused"] == 100, crowd
    assert list(crowd["refused_with"]) == ["-ERR max number of clients reached"]
