"""The sessions of a crowd are counted where the server lists them, and only there."""

from __future__ import annotations

import socket
import threading

import pytest

from chaos.errors import FaultError
from chaos.faults import reconnect_storm
from chaos.faults.shared.crowds import SignedIn
from chaos.plugin.handles import Handles, Login, Proxy
from tests.accepting import accepting
from tests.host.test_stores import answering

INFO = b"connected_clients:3\r\nmaxclients:9\r\n"


def counted(listed: bytes) -> tuple[int | None, str]:
    """How many of the sessions 7, 8 and 9 the server has listed, and what is said of it; the watcher is 7."""
    answers = {b"AUTH": b"+OK\r\n", b"INFO": b"$%d\r\n%s\r\n" % (len(INFO), INFO)}
    answers |= {b"LIST": b"$%d\r\n%s\r\n" % (len(listed), listed), b"CLIENT": b":7\r\n"}
    with accepting(answering(answers)) as port:
        at = f"127.0.0.1:{port}"
        crowd = SignedIn(Proxy("", "cache", "127.0.0.1:1", at, "redis", at), Login("", "secret"))
        crowd.open()
        seen = crowd.watch(lambda: True, 9.0, threading.Event())
        assert (seen["peak_connections"], seen["max_connections"]) == (3, 9)
        return crowd.listed([7, 8, 9]), str(seen["peak"])


def test_the_session_that_counts_is_closed_if_no_crowd_can_be_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left = threading.Event()

    def deal(connection: socket.socket) -> None:
        answering({b"AUTH": b"+OK\r\n", b"CLIENT": b":7\r\n"})(connection)
        left.set()

    def no_worker(*_: object) -> None:
        raise FaultError("no process can be started")

    monkeypatch.setattr(reconnect_storm, "Worker", no_worker)
    with accepting(deal) as port:
        at = f"127.0.0.1:{port}"
        proxy = Proxy("http://127.0.0.1:1", "cache", "127.0.0.1:1", at, "redis", at, Login("", "secret"))
        params = reconnect_storm.ReconnectStormParams(proxy="cache", burst=0, drop=0)
        handles = Handles(base_url="http://127.0.0.1:1", proxies={"cache": proxy})
        storm = reconnect_storm.ReconnectStorm(params, handles, "run/storm")
        with pytest.raises(FaultError, match="no process"):
            storm.inject()
        assert left.wait(60)


def test_what_the_server_lists_is_counted() -> None:
    assert counted(b"id=7 addr=a\nid=8 addr=b\nid=80 addr=c\n") == (2, "sampled to the end")


def test_a_list_of_sessions_with_other_numbers_is_not_counted() -> None:
    """As from a server behind another proxy, which has sessions of its own."""
    told = "not counted: the server does not list midnight's own session"
    assert counted(b"id=1 addr=a\nid=2 addr=b\n") == (None, told)
