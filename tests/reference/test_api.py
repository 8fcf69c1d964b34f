"""What the API promises, it keeps in both profiles."""

from __future__ import annotations

import re

import psycopg
import pytest

from tests.reference.offered_load import offer, record
from tests.reference.stack import DOCUMENTS, Stack
from tests.waiting import wait_until

pytestmark = pytest.mark.real

METRICS = [
    "reference_pool_size",
    "reference_pool_checked_out",
    "reference_pool_waiters",
    "reference_pool_waits_timed_out_total",
    "reference_requests_total",
    "reference_in_flight",
    "reference_breaker_state",
    "reference_log_lines_total",
    "reference_log_queue_depth",
    "reference_cache_entries",
]


def test_a_document_is_read_and_an_unknown_one_is_404(either: Stack) -> None:
    assert either.http.get("/api/documents/7").json()["title"] == "Document 7"
    assert either.http.get(f"/api/documents/{DOCUMENTS + 1}").status_code == 404


def test_a_record_is_appended_once_and_another_under_its_number_is_refused(either: Stack) -> None:
    with psycopg.connect(either.admin, autocommit=True) as admin:
        admin.execute("TRUNCATE records")
    other = record(6) | {"seq": 5}
    wrong = record(6) | {"checksum": "0" * 16}
    statuses = [either.http.post("/api/records", json=sent).status_code for sent in (record(5),) * 2]
    statuses += [
        either.http.post("/api/records", json=sent).status_code for sent in (other, wrong, {"seq": 9})
    ]
    assert statuses == [201, 200, 409, 400, 400]


def test_records_are_listed_in_order_with_the_checksum_of_what_is_stored(either: Stack) -> None:
    with psycopg.connect(either.admin, autocommit=True) as admin:
        admin.execute("TRUNCATE records")
        for seq in (3, 1, 2):
            assert either.http.post("/api/records", json=record(seq)).status_code == 201
        admin.execute("UPDATE records SET payload = 'altered' WHERE seq = 2")
    first = either.http.get("/api/records?after=0&limit=2").json()
    rest = either.http.get("/api/records?after=2&limit=2").json()
    assert [row["seq"] for row in first["records"]] == [1, 2]
    assert [row["checksum"] == record(row["seq"])["checksum"] for row in first["records"]] == [True, False]
    assert (first["last"], rest["last"]) == (False, True)
    assert rest["records"] == [{"seq": 3, "checksum": record(3)["checksum"]}]


def test_a_conversation_goes_on_under_its_name(either: Stack) -> None:
    begun = either.http.post("/api/complete", json={"prompt": "who is awake?"}).json()
    again = {"prompt": "and why?", "conversation": begun["conversation"]}
    assert either.http.post("/api/complete", json=again).json()["conversation"] == begun["conversation"]
    assert begun["text"].startswith("who is awake?")


def test_the_openapi_page_names_every_resource(either: Stack) -> None:
    described = either.http.get("/swagger.json").json()["paths"]
    documents = {"/api/documents", "/api/documents/{number}"}
    assert set(described) == {*documents, "/api/records", "/api/complete", "/api/usage"}
    assert either.http.get("/docs").is_success


def test_the_exporter_gives_every_metric_of_all_workers_and_the_api_gives_the_same(either: Stack) -> None:
    api = either.config["profile"]["api"]
    of_all = api["workers"] * (api["pool_size"] + api["max_overflow"])
    wait_until(
        lambda: either.gauge("reference_pool_size") == of_all, "both workers have told their pool's size"
    )
    said = either.metrics()
    assert [name for name in METRICS if f"\n{name}" not in said] == []
    names = set(re.findall(r"^# TYPE (\S+)", said, re.MULTILINE))
    assert set(re.findall(r"^# TYPE (\S+)", either.http.get("/metrics").text, re.MULTILINE)) == names


def test_a_steady_load_sees_no_failure(either: Stack) -> None:
    assert [hit for hit in offer(either.url, 50, 2.0, DOCUMENTS) if not hit.good] == []
