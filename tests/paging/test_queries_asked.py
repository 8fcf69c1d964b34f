"""What is asked for the SLOs of a play, and where the values of an answer belong."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from chaos.paging import queries
from chaos.paging.server import Server
from chaos.record.events import QuerySampled
from chaos.record.journal import Clock, Span
from chaos.spec.slo import Slo
from tests.accepting import answering

PLAY = Span(5.0, 8.5)
SLO = Slo.model_validate(
    {"name": "x", "prometheus": {"share": 0.9, "good": "good", "total": "sum(all)"}},
)


class Prometheus(BaseHTTPRequestHandler):
    """Answers each query with the number of the instant, at the instants that were asked for."""

    asked: list[dict[str, str]]
    scrapes: ClassVar[list[dict[str, str]]] = [{"scrapeInterval": "1s"}]
    series = 1
    spoiled: ClassVar[dict[int, Any]] = {}
    status = 200

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        data: dict[str, Any] = {"activeTargets": self.scrapes}
        if parts.path == "/api/v1/query_range":
            given = {key: values[0] for key, values in parse_qs(parts.query).items()}
            self.asked.append(given)
            start, end, step = (round(float(given[key]) * 1000) for key in ("start", "end", "step"))
            values = [
                [at / 1000, self.spoiled.get(index, str(index))]
                for index, at in enumerate(range(start, end + 1, step))
                if self.spoiled.get(index, "") is not None
            ]
            data["result"] = [{"metric": {}, "values": values}] * self.series
        body = json.dumps({"data": data}).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def prometheus() -> Iterator[tuple[type[Prometheus], Server]]:
    handler = type("Handler", (Prometheus,), {"asked": []})
    with answering(handler) as url:
        yield handler, Server(url)


def ask(server: Server) -> list[QuerySampled]:
    return [
        each
        for each in queries.ask(server, SLO, PLAY, Clock(time.monotonic()))
        if isinstance(each, QuerySampled)
    ]


def test_every_query_is_asked_for_the_same_instants_from_the_start_of_the_play_to_its_end(
    prometheus: tuple[type[Prometheus], Server],
) -> None:
    handler, server = prometheus
    good, total = ask(server)
    assert [(each.promql, each.asked) for each in (good, total)] == [("good", "good"), ("sum(all)", "all")]
    first, second = handler.asked
    assert first | {"query": ""} == second | {"query": ""}
    assert float(first["end"]) - float(first["start"]) == pytest.approx(3.5, abs=0.01)
    assert float(first["start"]) == pytest.approx(time.time() + PLAY.start, abs=60)  # the run has just begun
    assert (good.start, good.step, good.count) == (PLAY.start, 0.875, 5)  # no longer than a scrape interval
    assert good.series == ((0.0, 1.0, 2.0, 3.0, 4.0),)


def test_what_is_missing_or_no_number_has_no_value_and_an_infinite_one_is_the_largest(
    prometheus: tuple[type[Prometheus], Server],
) -> None:
    handler, server = prometheus
    handler.spoiled = {0: None, 2: "NaN", 3: "+Inf"}
    assert ask(server)[0].series == ((None, 1.0, None, 1.7e308, 4.0),)


@pytest.mark.parametrize(
    ("changed", "because"),
    [
        ({"status": 503}, "status 503"),
        ({"spoiled": {1: "many"}}, "not the answer of a Prometheus"),
        ({"scrapes": [{"scrapeInterval": "soon"}]}, "not the answer of a Prometheus"),
    ],
)
def test_an_answer_that_cannot_be_used_says_why(
    changed: dict[str, Any], because: str, prometheus: tuple[type[Prometheus], Server]
) -> None:
    handler, server = prometheus
    for name, value in changed.items():
        setattr(handler, name, value)
    assert [because in each.because and each.series == () for each in ask(server)] == [True, True]


def test_an_answer_with_more_values_than_are_kept_says_what_to_do(
    prometheus: tuple[type[Prometheus], Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    handler, server = prometheus
    handler.series = 5000
    monkeypatch.setattr(queries, "MOST_VALUES", 20_000)  # of four instants and more
    found = ask(server)
    assert all("its answer has 5,000 series: too many; aggregate it" in each.because for each in found), found
