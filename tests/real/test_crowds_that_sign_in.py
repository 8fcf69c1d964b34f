"""A crowd signs in to a real MariaDB and a real Redis: the servers list its sessions, and all are closed afterwards."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import trustme

from chaos.checks.finding import Outcome
from chaos.host import stores
from chaos.plugin.handles import Handles, Login, Proxy
from chaos.plugin.kinds import Kind
from chaos.plugin.probe import Answer
from chaos.toxiproxy import Toxiproxy
from tests.path.acting import made, played
from tests.path.conftest import Holders, handles, holders, toxiproxy  # noqa: F401  fixtures
from tests.stores import as_root, mysql_server, redis_server
from tests.waiting import wait_until

pytestmark = pytest.mark.real

ROOM = 40  # connections that each server allows
LOGIN = Login("shop", "p@ss w/rd")
LIMITED = Login("limited", "p@ss w/rd")  # may not list sessions of Redis, and has five of MySQL
CROWD: dict[str, Any] = {"burst": 0, "min_attempted": 10, "keep": "60s"}


@dataclass(frozen=True)
class Store:
    proxy: Proxy
    sessions: Callable[[], int]  # of the crowd's login, by the server's own list
    aborted: Callable[[], int]  # clients that left without a word, as the server counts them

    def handles(self, service: Any, login: Login | None = LOGIN) -> Handles:
        return handles(replace(self.proxy, login=login), service)


@contextmanager
def mysql(_: Path) -> Iterator[tuple[int, Callable[[], int], Callable[[], int]]]:
    with mysql_server(f"--max-connections={ROOM}") as port, as_root(port) as root, root.cursor() as cursor:
        cursor.execute("create user 'shop'@'localhost' identified by 'p@ss w/rd'")
        cursor.execute("create user 'limited'@'localhost' identified by 'p@ss w/rd'")
        cursor.execute("alter user 'limited'@'localhost' with max_user_connections 5")

        def number(statement: str) -> int:
            cursor.execute(statement)
            return int(cursor.fetchall()[0][-1])

        listed = "select count(*) from information_schema.processlist where user in ('shop', 'limited')"
        aborted = "show global status like 'Aborted_connects'"
        yield port, lambda: number(listed), lambda: number(aborted)


@contextmanager
def redis(place: Path) -> Iterator[tuple[int, Callable[[], int], Callable[[], int]]]:
    default = Login("", "of-the-default-user")
    with redis_server(place, ["--requirepass", default.password, "--maxclients", str(ROOM)]) as port:
        root = stores.redis.Redis(socket.create_connection(("127.0.0.1", port)), default)
        root._ask("ACL", "SETUSER", "shop", "on", f">{LOGIN.password}", "+@all")
        few = ["+@connection", "-client|list", "+info"]
        root._ask("ACL", "SETUSER", "limited", "on", f">{LOGIN.password}", *few)
        yield port, lambda: root._ask("CLIENT", "LIST").count("user=shop"), lambda: 0
        root.close()


@pytest.fixture(scope="module", params=["mysql", "redis"])
def store(
    request: pytest.FixtureRequest,
    toxiproxy: Toxiproxy,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Store]:
    kind: Kind = request.param
    server = {"mysql": mysql, "redis": redis}[kind]
    with server(tmp_path_factory.mktemp(kind)) as (port, sessions, aborted):
        upstream = f"127.0.0.1:{port}"
        info = toxiproxy.create(kind, "127.0.0.1:0", upstream)
        yield Store(Proxy(toxiproxy.url, info.name, info.listen, upstream, kind, upstream), sessions, aborted)
        toxiproxy.delete(kind)


def test_a_crowd_holds_sessions_that_the_server_lists_and_closes_them(
    store: Store,
    holders: Holders,  # noqa: F811
    tmp_path: Path,
) -> None:
    storm = made("reconnect_storm", store.handles(holders(store.proxy.listen, 4)), clients=20, **CROWD)
    probed = {each.what: each for each in storm.probes()}
    assert probed["the crowd: signs in"].answer is Answer.YES
    assert f"{ROOM} connections allowed" in probed["floor: connections_attempted"].because
    wait_until(lambda: store.sessions() == 0, "the probe's session is closed")
    aborted = store.aborted()

    one_watches = 21
    done = played(
        storm, tmp_path, lambda: wait_until(lambda: store.sessions() == one_watches, "20 of a crowd")
    )
    crowd = done.held.evidence["crowd"]
    assert (crowd["connected"], crowd.get("refused", 0), crowd["dropped"]) == (20, 0, 0), crowd
    assert done.outcome is Outcome.PASS and done.held.dose["crowd_sessions_listed"] == 20, done
    assert 21 <= done.held.evidence["peak_connections"] <= done.held.evidence["max_connections"] == ROOM
    wait_until(lambda: store.sessions() == 0, "no session of the crowd is left")
    assert store.aborted() - aborted <= 4, "only those of the service that the drop closed"


def test_a_full_server_has_no_room_and_a_wrong_password_is_no_lack_of_room(
    store: Store,
    holders: Holders,  # noqa: F811
    tmp_path: Path,
) -> None:
    service = holders(store.proxy.listen, 2)
    full = played(
        made("reconnect_storm", store.handles(service), clients=60, **{**CROWD, "keep": "1s"}),
        tmp_path,
        seconds=30.0,
        cut=False,
    )
    crowd, said = full.held.evidence["crowd"], {"mysql": "1040", "redis": "max number of clients"}
    assert full.outcome is Outcome.PASS and crowd["connected"] + crowd["refused"] == 60, crowd
    assert [said[store.proxy.kind] in each for each in crowd["refused_with"]] == [True], crowd

    wait_until(lambda: store.sessions() == 0)
    wrong = made(
        "reconnect_storm", store.handles(service, Login("shop", "not-this-one")), clients=20, **CROWD
    )
    (no,) = [each for each in wrong.probes() if each.answer is Answer.NO]
    told = {"mysql": "1045 Access denied", "redis": "-WRONGPASS"}[store.proxy.kind]
    assert told in no.because and "`crowd` of the proxy" in no.remedy
    done = played(wrong, tmp_path, seconds=30.0, cut=False)
    crowd = done.held.evidence["crowd"]
    assert (crowd["failed"], crowd["refused_with"]) == (20, {}) and told in next(iter(crowd["failed_with"]))
    assert done.outcome is Outcome.UNKNOWN and done.held.dose["connections_attempted"] == 0, done


def test_a_login_with_few_rights_is_a_crowd_all_the_same(
    store: Store,
    holders: Holders,  # noqa: F811
    tmp_path: Path,
) -> None:
    service = holders(store.proxy.listen, 2)
    storm = made("reconnect_storm", store.handles(service, LIMITED), clients=20, **{**CROWD, "keep": "1s"})
    done = played(storm, tmp_path, seconds=30.0, cut=False)
    crowd = done.held.evidence["crowd"]
    assert done.outcome is Outcome.PASS, done
    if store.proxy.kind == "mysql":  # one of its five sessions is that which counts
        assert crowd["most_at_once"] <= 4 and set(crowd["refused_with"]) == {"1226 a limit of the user"}, (
            crowd
        )
        assert done.held.dose["crowd_sessions_listed"] >= 1, done
    else:
        assert crowd["connected"] == 20 and "crowd_sessions_listed" not in done.held.dose, crowd
        assert "NOPERM" in done.held.evidence["peak"] and done.held.evidence["max_connections"] == ROOM


def test_without_a_login_the_crowd_only_greets_and_says_so(
    store: Store,
    holders: Holders,  # noqa: F811
    tmp_path: Path,
) -> None:
    storm = made(
        "reconnect_storm",
        store.handles(holders(store.proxy.listen, 2), None),
        clients=20,
        **{**CROWD, "keep": "1s"},
    )
    (floor,) = [each for each in storm.probes() if each.what == "floor: connections_attempted"]
    assert "they only greet it, because the proxy has no `crowd`" in floor.because
    done = played(storm, tmp_path, seconds=30.0, cut=False)
    assert done.outcome is Outcome.PASS and "crowd_sessions_listed" not in done.held.dose, done


def test_a_crowd_that_comes_through_the_proxy_comes_when_the_drop_is_over(
    store: Store,
    holders: Holders,  # noqa: F811
    tmp_path: Path,
) -> None:
    behind = replace(store, proxy=replace(store.proxy, entry=store.proxy.listen))
    storm = made("reconnect_storm", behind.handles(holders(store.proxy.listen, 4)), clients=20, **CROWD)
    done = played(storm, tmp_path, lambda: wait_until(lambda: store.sessions() == 21, "20 of a crowd"))
    crowd = done.held.evidence["crowd"]
    assert (crowd["connected"], crowd["dropped"]) == (20, 0), crowd
    assert done.outcome is Outcome.PASS and done.held.dose["crowd_sessions_listed"] == 20, done


@pytest.fixture
def certified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Files of a certificate of localhost that this machine trusts."""
    signing, files = trustme.CA(), {each: str(tmp_path / each) for each in ("ca", "cert", "key")}
    signing.cert_pem.write_to_path(files["ca"])
    issued = signing.issue_cert("localhost")
    issued.private_key_pem.write_to_path(files["key"])
    issued.cert_chain_pems[0].write_to_path(files["cert"])
    monkeypatch.setenv("SSL_CERT_FILE", files["ca"])
    return files


def test_a_session_over_tls_stays_until_it_is_closed(certified: dict[str, str], tmp_path: Path) -> None:
    tls = [f"--tls-{each}-file" if each != "ca" else "--tls-ca-cert-file" for each in certified]
    options = [part for pair in zip(tls, certified.values(), strict=True) for part in pair]
    with redis_server(
        tmp_path, ["--requirepass", "secret"], tls=[*options, "--tls-auth-clients", "no"]
    ) as port:
        at = f"127.0.0.1:{port}"
        session = stores.sign_in("redis", at, Login("", "secret", "localhost"))
        assert session.id in session.listed()
        assert select.select([session.fileno()], [], [], 0.2)[0] == []
        session.close()
        with pytest.raises(stores.Denied, match="not valid for 'elsewhere'"):
            stores.sign_in("redis", at, Login("", "secret", "elsewhere"))
    files = [f"--ssl-{each}={certified[each]}" for each in ("ca", "cert", "key")]
    with mysql_server(*files, "--require-secure-transport=on") as port:
        session = stores.sign_in("mysql", f"127.0.0.1:{port}", Login("root", ""))
        assert session.id in session.listed()
        assert select.select([session.fileno()], [], [], 0.2)[0] == []
        session.close()
