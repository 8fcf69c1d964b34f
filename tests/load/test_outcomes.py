"""Every way in which a request can end has its own outcome, and nothing is sent twice."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import numpy as np
import pytest

from chaos.record.hits import Outcome
from chaos.spec.expect import Expect
from chaos.spec.routes import Route
from tests.load.playing import Playing, outcomes
from tests.load.server import Server
from tests.load.writing import writing

EVERY_OUTCOME = [
    (Route(path="/ok", query={"n": "{seq}"}), Outcome.GOOD, 200),
    (
        Route(path="/graphql", expect=Expect.model_validate({"json": {"$.errors": "absent"}})),
        Outcome.BAD_JSON,
        200,
    ),
    (Route(path="/ok", expect=Expect.model_validate({"headers": {"x": "present"}})), Outcome.BAD_HEADER, 200),
    (Route(path="/ok", expect=Expect(min_size=3)), Outcome.BAD_SIZE, 200),
    (Route(path="/ok", expect=Expect(first_byte=1e-9)), Outcome.LATE_BEGIN, 200),
    (Route(path="/ok", expect=Expect.model_validate({"sse": {}})), Outcome.BAD_STREAM, 200),
    (Route(path="/ok"), Outcome.GOOD, 200),
    (Route(path="/missing", expect=Expect(status=(404,))), Outcome.GOOD, 404),
    (Route(path="/ok", expect=Expect(status=(204,))), Outcome.BAD_STATUS, 200),
    (Route(path="/graphql"), Outcome.GOOD, 200),
    (Route(path="/graphql", expect=Expect(lacks=('"errors"',))), Outcome.BAD_BODY, 200),
    (Route(path="/graphql", expect=Expect(contains=("data",))), Outcome.GOOD, 200),
    (Route(path="/ok", expect=Expect(contains=("data",))), Outcome.BAD_BODY, 200),
    (Route(path="/packed", expect=Expect(lacks=("error",))), Outcome.BAD_BODY, 200),
    (Route(path="/packed", expect=Expect(max_size=3)), Outcome.GOOD, 200),
    (Route(path="/error"), Outcome.BAD_STATUS, 500),
    (Route(path="/moved"), Outcome.BAD_STATUS, 302),
    (Route(path="/hang"), Outcome.TIMEOUT, 0),
    (Route(path="/reset"), Outcome.RESET, 0),
    (Route(path="/hang-up"), Outcome.RESET, 0),
    (Route(path="/truncated"), Outcome.RESET, 200),
    (Route(path="/truncated", disconnect_after=5), Outcome.GOOD, 200),
    (Route(path="/ok", disconnect_after=1), Outcome.BAD_SIZE, 200),
    (Route(path="/garbage"), Outcome.BAD_BODY, 0),
    (writing("/records"), Outcome.GOOD, 201),
    (writing("/not-json"), Outcome.BAD_JSON, 200),
    (writing("/wrong-seq"), Outcome.BAD_JSON, 200),
    (writing("/not-a-mapping"), Outcome.BAD_JSON, 200),
    (writing("/deep"), Outcome.BAD_JSON, 200),
    (writing("/error"), Outcome.BAD_STATUS, 500),
]


def test_every_way_a_request_can_end_has_its_outcome_and_is_sent_once(
    playing: Playing, server: Server
) -> None:
    server.said["/packed"] = (200, "Content-Encoding: gzip\r\n", "{}")
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
    search = Route(method="POST", path="/search/{item}", items=3, json={"q": "night"})
    write = writing()
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


def test_rows_are_sent_in_order_and_again_from_the_first(
    playing: Playing, server: Server, tmp_path: Path
) -> None:
    rows = tmp_path / "users.jsonl"
    rows.write_text('{"name": "a b", "n": 1}\n{"name": "c", "n": 2}\n')
    asking = Route(
        method="POST", path="/ok", rows=rows, json={"who": "{row.name}", "n": "{row.n}", "u": "{uuid}"}
    )
    table = playing.whole([asking, Route(path="/other")], [0.01 * n for n in range(6)])
    assert set(outcomes(table)) == {Outcome.GOOD}
    bodies = [json.loads(each.body) for each in server.requests if each.path == "/ok"]
    assert sorted((each["who"], each["n"]) for each in bodies) == [("a b", 1), ("a b", 1), ("c", 2)]
    assert len({each["u"] for each in bodies}) == 3
