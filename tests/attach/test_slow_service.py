"""A service that takes its time is waited for, and judged at its own timeout."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import numpy as np
import pytest

from chaos.plugin.driver import Site
from chaos.record.journal import Journal
from chaos.targets.attach import ready
from chaos.targets.attach.ready import wait_until_ready
from tests.accepting import answering
from tests.attach.files import CONSENT
from tests.midnight import Midnight
from tests.typed import typed

EXPERIMENT = """\
name: slow
title: Answers that take longer than the pause after the baseline
load:
  timeout: 8s
  mix: {read: 1}
  baseline: {for: 2s, rate: 10, p99: 8s}
  phases: [{name: play, for: 2s, rate: 10}]
slos: [{name: availability, availability: 99%}]
instrument: {lag: 900ms, run_delay: 100%}
"""
EVENTS = (b'data: {"answer":"a"}\n\n', b"event: end\ndata: {}\n\n")


class _Slow(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    takes = 1.2  # seconds

    def do_GET(self) -> None:
        if self.path == "/stream":
            self._stream()
            return
        time.sleep(self.takes)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in EVENTS:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(event), event))
            time.sleep(self.takes / 2)
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def slow() -> Iterator[str]:
    """The address of the service."""
    with answering(_Slow) as url:
        yield url


@pytest.mark.real
@pytest.mark.usefixtures("own_place")
@pytest.mark.parametrize("path", ["/slow", pytest.param("/stream", marks=pytest.mark.full)])
def test_a_request_in_flight_at_the_end_of_the_baseline_is_not_a_bad_answer(
    midnight: Midnight, slow: str, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    routes = f'routes: {{read: {{path: "{path}"}}}}\n'
    target = f'name: slow\ndriver: attach\n{CONSENT}{routes}options: {{base_url: "{slow}"}}\n'
    arguments = midnight.file("slow.yaml", EXPERIMENT), "--target", midnight.file("target.yaml", target)
    done = typed(capsys, "run", *arguments)
    assert done.code == 0, done.printed
    at = {(event.name, event.phase): event.at for event in midnight.events() if event.source == "run"}
    hits = np.concatenate(list(Journal(midnight.run).hits.pieces()))
    baseline = hits[hits["due"] < at["baseline", "ended"]]
    assert (baseline["done"] > at["baseline", "ended"]).any(), "some were in flight"
    assert (baseline["done"] <= at["play", "begun"]).all(), "it waited for the last ones"
    assert midnight.outcomes()["steady: baseline"] == "pass"


def test_a_look_that_lasts_too_long_is_given_more_time(slow: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready, "ANSWER_WITHIN", 0.3)
    site = Site("mark", lambda _what, _undo: None, threading.Event())
    wait_until_ready(slow, {}, 60.0, site, any_answer=True)
