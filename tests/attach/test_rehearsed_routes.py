"""A rehearsal tries each route that only reads with one request, and says which it does not send."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from chaos.errors import LONGEST
from tests.attach.files import experiment, target
from tests.attach.service import Service
from tests.midnight import Midnight
from tests.typed import typed

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("own_place")]

Rehearse = Callable[[int], dict[str, dict[str, str]]]


@pytest.fixture
def rehearse(midnight: Midnight, service: Service, capsys: pytest.CaptureFixture[str]) -> Rehearse:
    def rehearsed(code: int) -> dict[str, dict[str, str]]:
        where = ("--target", target(midnight, service.url))
        done = typed(capsys, "run", experiment(midnight), *where, "--rehearse", "--json")
        assert done.code == code, done.err
        rows = json.loads(done.out)
        return {row["what"].split("'")[1]: row for row in rows if row["what"].startswith("route ")}

    return rehearsed


def test_a_route_that_only_reads_is_sent_once_and_one_that_writes_is_not(
    rehearse: Rehearse, service: Service
) -> None:
    routes = rehearse(0)
    assert routes["read"]["answer"] == "yes"
    assert routes["read"]["because"].startswith("GET /items/{item} sent once, first byte after ")
    assert routes["write"]["answer"] == "unknown"
    assert routes["write"]["because"] == "not sent: POST /records may change something"
    assert [path for path, _ in service.asked if path.startswith("/items")] == ["/items/1"]
    assert "/records" not in service.paths() and not service.records


def test_a_route_that_is_not_answered_well_is_named_with_its_answer_and_what_to_correct(
    rehearse: Rehearse, service: Service
) -> None:
    service.bad_after = 0
    routes = rehearse(2)
    row = routes["read"]
    assert row["answer"] == "no"
    assert row["because"] == "GET /items/{item}: it was answered with 500 (status 500): {}"
    assert row["remedy"] == "correct the route in the target file, or its `expect`"
    assert len(f"{row['what']}: {row['because']}; {row['remedy']}") <= LONGEST
