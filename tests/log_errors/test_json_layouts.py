"""Stacks in JSON that are no text of their own: ECS, python-json-logger, Log4j, Logback, OpenTelemetry, causes."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from tests.log_errors.reading_logs import errors_in, groups_in, only, prints, sample

FRAMES = (
    '  File "/srv/app/api.py", line 10, in handle\n    work()\n'
    '  File "/srv/app/work.py", line 20, in work\n    raise ValueError("bad thing")\n'
)
TRACEBACK = f"Traceback (most recent call last):\n{FRAMES}ValueError: bad thing\n"
PLACE = "/srv/app/work.py:20 in work"
INSTANT = datetime.fromisoformat("2026-11-28T00:00:01.500Z").timestamp()


def failed(**more: Any) -> str:
    return json.dumps({"level": "ERROR", "message": "failed", **more})


def named(text: str) -> tuple[str, str, str, str]:
    stack = only(text).stack
    return stack.exception, stack.message, str(stack.frame), stack.raised


@pytest.mark.parametrize(
    "more",
    [
        {"error": {"type": "ValueError", "message": "bad thing", "stack_trace": FRAMES}},
        {"error.type": "ValueError", "error.message": "bad thing", "error.stack_trace": FRAMES},
        {"exc_info": TRACEBACK.splitlines()},
        {"exc_info": TRACEBACK.splitlines(keepends=True)},
    ],
)
def test_frames_without_a_header_and_lists_of_lines_are_a_stack(more: dict[str, Any]) -> None:
    assert named(failed(**more)) == ("ValueError", "bad thing", PLACE, "")


@pytest.mark.parametrize(
    "more", [{"stack": FRAMES}, {"tags": ["a", "b"]}, {"rows": [{"class": "A", "method": "b"}]}]
)
def test_frames_without_an_exception_and_lists_of_other_texts_are_no_stack(more: dict[str, Any]) -> None:
    assert named(failed(**more)) == ("ERROR", "failed", "None", "")


@pytest.mark.parametrize("name", ["java_caused", "node_thrown", "python_noted", "go_index"])
def test_a_list_of_lines_is_what_its_text_is(name: str) -> None:
    assert prints(failed(stack=sample(name).splitlines())) == prints(sample(name))


def element(name: str, line: int) -> dict[str, Any]:
    return {"class": f"com.acme.{name}", "method": "run", "file": f"{name}.java", "line": line, "exact": True}


def step(name: str, line: int) -> dict[str, Any]:
    return {
        "className": f"com.acme.{name}", "methodName": "run", "fileName": f"{name}.java", "lineNumber": line,
    }  # fmt: skip


def test_log4js_json_layout_has_its_stack_cause_and_instant() -> None:
    cause = {"name": "java.sql.SQLException", "message": "late", "extendedStackTrace": [element("Dao", 44)]}
    thrown = {
        "commonElementCount": 0, "name": "java.lang.IllegalStateException", "message": "outer",
        "extendedStackTrace": [{**element("Api", 10), "class": "java.lang.Thread"}, element("Api", 10)],
    }  # fmt: skip
    instant = {"epochSecond": int(INSTANT), "nanoOfSecond": 500_000_000}
    group = only(failed(instant=instant, loggerName="x", thrown=thrown))
    assert (group.stack.exception, group.message.text) == ("java.lang.IllegalStateException", "outer")
    assert str(group.stack.frame) == "Api.java:10 in Api.run"
    assert group.first == pytest.approx(INSTANT, abs=0.001)
    caused = failed(thrown={**thrown, "cause": cause})
    assert named(caused) == (
        "java.sql.SQLException", "late", "Dao.java:44 in Dao.run", "java.lang.IllegalStateException",
    )  # fmt: skip


def test_logbacks_json_encoder_has_its_stack_and_its_cause() -> None:
    cause = {"className": "java.io.IOException", "message": "disk", "stepArray": [step("Disk", 3)]}
    throwable = {"className": "java.lang.RuntimeException", "message": "boom", "stepArray": [step("A", 3)]}
    assert named(failed(throwable=throwable)) == (
        "java.lang.RuntimeException",
        "boom",
        "A.java:3 in A.run",
        "",
    )
    assert named(failed(throwable={**throwable, "cause": cause})) == (
        "java.io.IOException", "disk", "Disk.java:3 in Disk.run", "java.lang.RuntimeException",
    )  # fmt: skip


def test_a_cause_of_libraries_alone_has_the_place_of_the_outer_exception() -> None:
    cause = {"className": "java.io.IOException", "stepArray": [{**step("A", 1), "className": "java.io.File"}]}
    throwable = {"className": "java.lang.RuntimeException", "stepArray": [step("A", 3)], "cause": cause}
    assert named(failed(throwable=throwable))[2:] == ("A.java:3 in A.run", "java.lang.RuntimeException")


def record(level: str = "ERROR") -> dict[str, Any]:
    return {
        "severityText": level,
        "severityNumber": 17,
        "timeUnixNano": f"{int(INSTANT * 1000)}000000",
        "body": {"stringValue": "failed"},
        "attributes": [
            {"key": "exception.type", "value": {"stringValue": "ValueError"}},
            {"key": "exception.stacktrace", "value": {"stringValue": TRACEBACK}},
        ],
    }


def test_opentelemetrys_record_has_its_stack_and_its_instant() -> None:
    group = only(json.dumps(record()))
    assert (group.stack.exception, str(group.stack.frame)) == ("ValueError", PLACE)
    assert group.first == pytest.approx(INSTANT, abs=0.001)


def test_opentelemetrys_record_without_a_stack_is_an_entry() -> None:
    assert named(json.dumps({**record(), "attributes": []})) == ("ERROR", "failed", "None", "")
    assert not groups_in(json.dumps({**record("INFO"), "attributes": [], "body": {"stringValue": "ERROR"}}))


def test_each_record_in_one_of_opentelemetrys_collector_is_an_error() -> None:
    records = [record(), {**record(), "attributes": []}, {**record("INFO"), "attributes": []}]
    batch = {"resourceLogs": [{"resource": {}, "scopeLogs": [{"scope": {}, "logRecords": records}]}]}
    assert [group.stack.exception for group in groups_in(json.dumps(batch))] == ["ValueError", "ERROR"]


def node(name: str, line: int, **more: Any) -> dict[str, Any]:
    return {"message": name, "stack": f"{name}: {name}\n    at f (/srv/{name}.js:{line}:1)", **more}


def test_the_cause_beside_a_stack_is_the_root_cause() -> None:
    entry = failed(**node("OuterError", 1, cause=node("Inner", 2, cause=node("Root", 3))))
    assert named(entry) == ("Root", "Root", "/srv/Root.js:3 in f", "OuterError")
    assert named(failed(**node("OuterError", 1, cause={"code": 3}))) == (
        "OuterError", "OuterError", "/srv/OuterError.js:1 in f", "",
    )  # fmt: skip


def test_each_member_beside_a_stack_is_an_error() -> None:
    err = node("AggregateError", 1, aggregateErrors=[node("One", 2), node("Two", 3)])
    groups = groups_in(failed(err=err))
    assert {(group.stack.exception, group.stack.raised) for group in groups} == {
        ("One", "AggregateError"),
        ("Two", "AggregateError"),
    }


@pytest.mark.parametrize(
    "time",
    ["1" + "0" * 400, '"' + "9" * 400 + '"', '{"epochSecond": 1' + "0" * 400 + "}", '{"epochSecond": "x"}'],
)
def test_a_number_that_is_no_instant_is_none(time: str) -> None:
    (group,) = errors_in(f'{{"level":"error","msg":"x","time":{time}}}').groups
    assert group.first is None
