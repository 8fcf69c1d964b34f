from __future__ import annotations

import socket
from pathlib import Path

import numpy as np
import pytest

from chaos.record.hits import Outcome
from chaos.spec.routes import Expect, Route
from tests.load.playing import Playing, outcomes
from tests.load.server import Server

EVERY_OUTCOME = [
    (Route(path="/ok"), Outcome.GOOD, 200),
    (Route(path="/missing", expect=Expect(status=(404,))), Outcome.GOOD, 404),
    (Route(path="/ok", expect=Expect(status=(204,))), Outcome.BAD_STATUS, 200),
    (Route(path="/graphql"), Outcome.GOOD, 200),
    (Route(path="/graphql", expect=Expect(lacks=('"errors"',))), Outcome.BAD_BODY, 200),
    (Route(path="/graphql", expect=Expect(contains=("data",))), Outcome.GOOD, 200),
    (Route(path="/ok", expect=Expect(contains=("data",))), Outcome.BAD_BODY, 200),
    (Route(path="/error"), Outcome.BAD_STATUS, 500),
    (Route(path="/moved"), Outcome.BAD_STATUS, 302),
    (Route(path="/hang"), Outcome.TIMEOUT, 0),
    (Route(path="/reset"), Outcome.RESET, 0),
    (Route(path="/hang-up"), Outcome.RESET, 0),
    (Route(path="/truncated"), Outcome.RESET, 200),
    (Route(path="/garbage"), Outcome.BAD_BODY, 0),
    (Route(method="POST", path="/records", ledger=True), Outcome.GOOD, 201),
    (Route(method="POST", path="/not-json", ledger=True), Outcome.BAD_BODY, 200),
    (Route(method="POST", path="/wrong-seq", ledger=True), Outcome.BAD_BODY, 200),
    (Route(method="POST", path="/not-a-mapping", ledger=True), Outcome.BAD_BODY, 200),
    (Route(method="POST", path="/deep", ledger=True), Outcome.BAD_BODY, 200),
    (Route(method="POST", path="/error", ledger=True), Outcome.BAD_STATUS, 500),
]


def test_every_way_a_request_can_end_has_its_outcome_and_is_sent_once(
    playing: Playing, server: Server
) -> None:
    routes = [route for route, _, _ in EVERY_OUTCOME]
    table = playing.whole(routes, [0.01 * n for n in range(len(routes))])
    assert outcomes(table) == [outcome for _, outcome, _ in EVERY_OUTCOME]
    assert table["status"].tolist() == [status for _, _, status in EVERY_OUTCOME]
    assert sum(server.counts().values()) == len(routes)
    assert np.isfinite(table["done"]).all()


def test_a_port_without_a_listener_is_refused(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        playing = Playing(tmp_path, f"http://127.0.0.1:{unused.getsockname()[1]}")
        assert outcomes(playing.whole([Route(path="/ok")], [0.0, 0.1])) == [Outcome.REFUSED] * 2


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_a_kept_connection_that_drops_is_a_reset_and_nothing_is_sent_again(
    playing: Playing, server: Server, method: str
) -> None:
    route = Route.model_validate({"method": method, "path": "/reset-when-kept"})
    table = playing.whole([route], [0.0, 0.6, 1.2])
    assert [request.connection for request in server.requests] == [1, 1, 2]
    assert outcomes(table) == [Outcome.GOOD, Outcome.RESET, Outcome.GOOD]


def test_a_request_carries_its_route_and_a_write_its_record(playing: Playing, server: Server) -> None:
    search = Route(method="POST", path="/search/{item}", items=3, body={"q": "night"})
    write = Route(method="POST", path="/records", ledger=True)
    playing.whole([search, write], [0.0, 0.1, 0.2, 0.3])
    searches = [request for request in server.requests if request.path.startswith("/search/")]
    assert [request.body for request in searches] == [b'{"q": "night"}'] * 2
    assert {request.path for request in searches} <= {"/search/1", "/search/2", "/search/3"}
    written = [request.body for request in server.requests if request.path == "/records"]
    assert [b'"seq": 1, "payload": "midnight ' in written[0], b'"seq": 2' in written[1]] == [True, True]
    assert {request.headers["user-agent"] for request in server.requests} == {"midnight"}


def test_answers_to_head_have_no_body_and_their_connection_is_kept(playing: Playing, server: Server) -> None:
    table = playing.whole([Route(method="HEAD", path="/ok"), Route(path="/ok")], [0.0, 0.2, 0.4, 0.6])
    assert outcomes(table) == [Outcome.GOOD] * 4
    assert {request.connection for request in server.requests} == {1}
    assert "HEAD" in {request.method for request in server.requests}


def test_a_cookie_is_never_sent_back(playing: Playing, server: Server) -> None:
    playing.whole([Route(path="/moved")], [0.0, 0.1])
    assert ["cookie" in request.headers for request in server.requests] == [False, False]
