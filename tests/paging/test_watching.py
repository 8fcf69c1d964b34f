"""What midnight asks, and what is sent to it: strange answers end no run."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from chaos.paging import rules
from chaos.paging.ends import Ends
from chaos.paging.queries import interval
from chaos.paging.receiver import Notified, Receiver, block
from chaos.paging.server import NoAnswer, Server
from chaos.paging.watch import Watch
from chaos.record.event import Recorded
from chaos.record.events import WatchReached
from chaos.record.journal import Clock
from tests.accepting import answering


class Answering(BaseHTTPRequestHandler):
    status, body = 200, b""
    ahead = 0.0  # seconds of its clock
    headers_sent: Mapping[str, str] = {}

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string((timestamp or time.time()) + self.ahead)

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        for name, value in self.headers_sent.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def served() -> Iterator[tuple[type[Answering], Server]]:
    handler = type("Handler", (Answering,), {})
    with answering(handler) as url:
        yield handler, Server(url)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"<html>a login page</html>"),
        (200, b"[1, 2]"),
        (200, b'{"data": {"groups": [{"rules": [{"name": "x"}]}]}}'),
        (200, b'{"data": null}'),
        (401, b'{"error": "no"}'),
        (302, b"{}"),
        (200, b"[" * 100_000),
    ],
)
def test_what_is_no_answer_of_a_prometheus_is_said(
    status: int, body: bytes, served: tuple[type[Answering], Server]
) -> None:
    handler, server = served
    handler.status, handler.body = status, body
    with pytest.raises(NoAnswer, match="http://127"):
        rules.read(server)


@pytest.mark.parametrize(
    ("status", "headers", "body", "said"),
    [
        (401, {"Content-Type": "text/html"}, b"<html>log in</html>", "status 401"),
        (503, {}, b"", "status 503"),
        (400, {}, b'{"error": "bad\\nquery"}', "status 400: bad\\nquery"),
        (500, {}, json.dumps({"error": "x" * 9000}).encode(), "status 500: xxx"),
        (
            302,
            {"Location": "https://sso.example/login?state=secret"},
            b"<a>found</a>",
            "status 302: redirected to https://sso.example/login",
        ),
        (
            200,
            {"Content-Type": "text/html; charset=utf-8"},
            b"<html>log in</html>",
            "answered text/html; charset=utf-8, not JSON",
        ),
        (200, {}, b"", "answered text, not JSON"),
    ],
)
def test_a_login_page_or_a_proxy_in_between_is_named_in_one_line(
    status: int, headers: dict[str, str], body: bytes, said: str, served: tuple[type[Answering], Server]
) -> None:
    handler, server = served
    handler.status, handler.body, handler.headers_sent = status, body, headers
    with pytest.raises(NoAnswer) as refused:
        rules.read(server)
    told = str(refused.value).removeprefix(f"{server.url}/api/v1/rules: ")
    assert told.startswith(said) and len(told) < 300 and told.isprintable()
    assert "secret" not in told


def test_rules_and_their_alerts_are_read(served: tuple[type[Answering], Server]) -> None:
    handler, server = served
    alert = {
        "labels": {"alertname": "Down", "job": "api"},
        "state": "firing",
        "activeAt": "2026-11-27T00:00:00.123456789Z",
    }
    rule = {"name": "Down", "duration": 5, "lastEvaluation": "2026-11-27T00:00:07Z", "alerts": [alert]}
    group = {"interval": 1, "rules": [rule]}
    handler.body = json.dumps({"data": {"groups": [group]}}).encode()
    found = rules.read(server)
    (active,) = found.active
    assert (active.name, active.labels, active.state) == ("Down", {"job": "api"}, "firing")
    assert active.evaluated is not None and active.active_at is not None
    assert active.evaluated - active.active_at == pytest.approx(6.876544, abs=1e-3)
    assert found.waits == {"Down": 5.0} and found.intervals == {"Down": 1.0}


@pytest.mark.parametrize(
    ("waits", "told"), [((5, 5), 5.0), ((5, 300), None), ((0, 5, 0), None), ((5,), 5.0)], ids=str
)
def test_how_long_rules_of_one_name_wait_is_known_if_they_agree(
    waits: tuple[int, ...], told: float | None, served: tuple[type[Answering], Server]
) -> None:
    handler, server = served
    rules_of_it = [
        {"name": "Down", "duration": wait, "lastEvaluation": "2026-11-27T00:00:07Z", "alerts": []}
        for wait in waits
    ]
    handler.body = json.dumps({"data": {"groups": [{"interval": 1, "rules": rules_of_it}]}}).encode()
    assert rules.read(server).waits == {"Down": told}


def group(name: str, evaluated: float | None) -> dict[str, Any]:
    """A group of one alert; None: it was not evaluated yet, as Prometheus says it."""
    at = "0001-01-01T00:00:00Z" if evaluated is None else datetime.fromtimestamp(evaluated, UTC).isoformat()
    rule = {"name": name, "duration": 5, "lastEvaluation": at, "alerts": []}
    return {"interval": 1, "lastEvaluation": at, "rules": [rule]}


@pytest.mark.parametrize(
    ("ahead", "known"), [(0.0, True), (90.0, False)], ids=["same clock", "another clock"]
)
def test_when_each_alert_was_evaluated_is_journaled_if_the_clocks_agree(
    ahead: float, known: bool, served: tuple[type[Answering], Server]
) -> None:
    handler, server = served
    handler.ahead = ahead
    groups = [group("Down", time.time() - 3), group("NotYet", None)]
    handler.body = json.dumps({"data": {"groups": groups}}).encode()
    clock, heard, journaled = Clock(time.monotonic() - 100), threading.Event(), []

    def event(each: Recorded) -> None:
        journaled.append(each)
        heard.set()

    watch = Watch(Ends(server, None, None), clock, event)
    watch.start()
    assert heard.wait(10)
    watch.stop()
    reached = journaled[0]
    assert isinstance(reached, WatchReached)
    assert reached.evaluated == ({"Down": pytest.approx(97, abs=1)} if known else {})


@pytest.fixture
def receiver() -> Iterator[tuple[Receiver, list[Notified]]]:
    got: list[Notified] = []
    found = Receiver(got.extend)
    found.start(0)
    yield found, got
    found.stop()


def post(url: str, body: bytes) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_each_alert_of_a_notification_is_received(receiver: tuple[Receiver, list[Notified]]) -> None:
    found, got = receiver
    alert = {"status": "firing", "labels": {"alertname": "Down", "job": "api"}}
    assert post(found.url, json.dumps({"alerts": [alert, {**alert, "status": "resolved"}]}).encode()) == 200
    assert got == [Notified("Down", {"job": "api"}, each) for each in ("firing", "resolved")]


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"alerts": [1]}', b'{"alerts": [{"labels": 1}]}'])
def test_anything_else_is_refused(body: bytes, receiver: tuple[Receiver, list[Notified]]) -> None:
    found, got = receiver
    assert post(found.url, body) == 400 and got == []


def test_the_receiver_to_add_is_yaml_that_goes_on_to_the_others() -> None:
    from ruamel.yaml import YAML

    document = YAML(typ="safe").load(block(9095))
    (route,) = document["route"]["routes"]
    assert route["continue"] and route["receiver"] == document["receivers"][0]["name"] == "midnight"


def scraped_every(served: tuple[type[Answering], Server], *texts: str) -> Server:
    handler, server = served
    handler.body = json.dumps(
        {"data": {"activeTargets": [{"scrapeInterval": text} for text in texts]}}
    ).encode()
    return server


@pytest.mark.parametrize(("text", "seconds"), [("15s", 15), ("1m30s", 90), ("500ms", 0.5), ("1h", 3600)])
def test_durations_of_prometheus_are_read(
    text: str, seconds: float, served: tuple[type[Answering], Server]
) -> None:
    assert interval(scraped_every(served, text)) == seconds
    assert interval(scraped_every(served, "2h", text)) == seconds


@pytest.mark.parametrize("text", ["1.5s", "5 m", "soon"])
def test_what_is_no_duration_is_no_answer_of_a_prometheus(
    text: str, served: tuple[type[Answering], Server]
) -> None:
    with pytest.raises(NoAnswer, match="not the answer of a Prometheus"):
        interval(scraped_every(served, text))
