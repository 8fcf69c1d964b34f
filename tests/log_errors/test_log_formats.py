"""Real formats of logs: what is an error in them, when it was, and what is none."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from tests.log_errors.reading_logs import errors_in, groups_in, only, sample

TRACEBACK = sample("python_noted").rstrip("\n")
PLACE = "/srv/app/chained.py:4 in read"


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("entry", "utc"),
    [
        ("2026-11-27 00:00:31,625 ERROR in app: Exception on /items [GET]", None),
        ("2026-11-27T00:00:31.625Z ERROR app Exception", "2026-11-27T00:00:31.625Z"),
        ("2026-11-27T01:00:31.625+01:00 ERROR app Exception", "2026-11-27T00:00:31.625Z"),
        ("2026-11-27 01:00:31.625 +0100 ERROR app Exception", "2026-11-27T00:00:31.625Z"),
        ("[2026-11-27 00:00:31 +0000] [42] [ERROR] Error handling request /items", "2026-11-27T00:00:31Z"),
        ("2026/11/27 00:00:31 [error] 7#7: *1 upstream failed", None),
        ('10.0.0.1 - - [27/Nov/2026:00:00:31 +0000] "GET /items" 500', "2026-11-27T00:00:31Z"),
        ("2026-11-27 00:00:31.625 UTC [7] LOG: x", "2026-11-27T00:00:31.625Z"),
    ],
)
def test_a_stack_is_dated_by_the_entry_before_it(entry: str, utc: str | None) -> None:
    group = only(f"{entry}\n{TRACEBACK}\n")
    local = datetime(2026, 11, 27, 0, 0, 31).timestamp()
    assert str(group.stack.frame) == PLACE
    assert group.first == pytest.approx(at(utc) if utc else local, abs=0.7 if utc is None else 0.001)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("time", 1795737631.625),
        ("time", 1795737631625),
        ("ts", 1795737631.625),
        ("timestamp", 1795737631625000),
        ("timestamp", 1795737631625000000),
        ("@timestamp", "2026-11-27T00:00:31.625Z"),
        ("asctime", "2026-11-27T00:00:31.625+00:00"),
    ],
)
def test_a_json_entry_is_dated_by_its_own_key(key: str, value: object) -> None:
    entry = {key: value, "level": "error", "msg": "failed", "exc_info": TRACEBACK}
    assert only(json.dumps(entry)).first == pytest.approx(at("2026-11-27T00:00:31.625Z"), abs=0.001)


def test_an_instant_without_a_year_is_the_latest_of_that_day() -> None:
    group = only(f"{datetime.now():%b} {datetime.now().day:2d} 00:00:31 web api[1]: ERROR gone\n")
    assert group.first is not None
    assert datetime.fromtimestamp(group.first).date() == datetime.now().date()


def test_count_first_and_last_are_those_of_all_occurrences() -> None:
    entries = [f"2026-11-27T00:00:{second:02d}Z ERROR app failed\n{TRACEBACK}\n" for second in (31, 9, 40)]
    group = only("".join(entries))
    assert (group.count, group.first, group.last) == (
        3,
        at("2026-11-27T00:00:09Z"),
        at("2026-11-27T00:00:40Z"),
    )


def test_a_stack_without_any_date_is_counted_all_the_same() -> None:
    group = only(TRACEBACK)
    assert (group.count, group.first, group.last) == (1, None, None)


def test_zaps_stack_without_a_goroutine_is_a_stack() -> None:
    trace = (
        "main.(*Server).handle\n\t/srv/app/server.go:41\nnet/http.HandlerFunc.ServeHTTP\n"
        "\t/usr/local/go/src/net/http/server.go:2166"
    )
    entry = {"level": "error", "ts": 1795737631.6, "msg": "no row", "error": "gone", "stacktrace": trace}
    group = only(json.dumps(entry))
    assert (group.stack.language, str(group.stack.frame)) == (
        "go",
        "/srv/app/server.go:41 in main.(*Server).handle",
    )
    assert group.message.text == "no row: gone"


def test_pinos_error_names_its_type_beside_a_stack_without_one() -> None:
    entry = {
        "level": 50,
        "time": 1795737631625,
        "err": {
            "type": "RowGone",
            "message": "no row",
            "stack": "    at find (/srv/app/rows.js:7:3)\n    at x (/srv/app/y.js:1:1)",
        },
    }
    stack = only(json.dumps(entry)).stack
    assert (stack.exception, stack.message) == ("RowGone", "no row")


def test_an_aggregate_error_of_node_is_known_by_its_first_member() -> None:
    text = (
        "AggregateError [ECONNREFUSED]: \n"
        "    at internalConnectMultiple (node:net:1122:18)\n"
        "    at afterConnectMultiple (node:net:1689:7) {\n"
        "  code: 'ECONNREFUSED',\n"
        "  [errors]: [\n"
        "    Error: connect ECONNREFUSED ::1:5432\n"
        "        at createConnectionError (node:net:1652:14)\n"
        "        at connect (/srv/app/db.js:9:3) {\n"
        "      errno: -111\n"
        "    },\n"
        "    Error: connect ECONNREFUSED 127.0.0.1:5432\n"
        "        at createConnectionError (node:net:1652:14)\n"
        "    }\n"
        "  ]\n"
        "}\n"
    )
    stack = only(text).stack
    assert (stack.exception, str(stack.frame)) == ("Error", "/srv/app/db.js:9 in connect")
    assert stack.raised == "AggregateError"


@pytest.mark.parametrize(
    ("line", "level", "message"),
    [
        ("2026-11-27 00:00:31,625 ERROR app: no route to shard 7", "ERROR", "app: no route to shard 7"),
        (
            "[2026-11-27 00:00:31,625: ERROR/ForkPoolWorker-1] Task shop.bill raised unexpected",
            "ERROR",
            "ForkPoolWorker-1] Task shop.bill raised unexpected",
        ),
        ("CRITICAL:root:disk is full", "CRITICAL", "root:disk is full"),
        (
            "[2026-11-27 00:00:31 +0000] [7] [CRITICAL] WORKER TIMEOUT (pid:12)",
            "CRITICAL",
            "WORKER TIMEOUT (pid:12)",
        ),
        ("2026-11-27T00:00:31Z [FATAL] gone", "FATAL", "gone"),
        ('time=2026-11-27T00:00:31Z level=error msg="no row"', "ERROR", 'msg="no row"'),
        ("2026/11/27 00:00:31 [crit] 7#7: *1 no space left", "CRIT", "7#7: *1 no space left"),
        ('{"level":"error","msg":"no row"}', "ERROR", "no row"),
        ('{"severity": "CRITICAL", "message": "no row"}', "CRITICAL", "no row"),
        ('{"level":60,"msg":"no row"}', "FATAL", "no row"),
    ],
)
def test_an_entry_with_the_level_of_an_error_is_an_error_without_a_stack(
    line: str, level: str, message: str
) -> None:
    group = only(f"{line}\n")
    assert (group.stack.language, group.stack.exception, group.message.text) == ("log", level, message)


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-27 00:00:31,625 INFO app: retry after ERROR from shard 7",
        "2026-11-27 00:00:31,625 WARNING app: error rate is high",
        '{"level":"info","msg":"ERROR is a word"}',
        '{"level":"info","error":null,"msg":"served"}',
        '10.0.0.1 - - [27/Nov/2026:00:00:31 +0000] "GET /ERROR HTTP/1.1" 200 12',
        "look  at the goroutine 7 of the panic: it is in the manual",
        "served at http://127.0.0.1:8000",
        "Errors: 0",
        '  File "/srv/app/x.py", line 3, in f',
    ],
)
def test_what_only_looks_like_an_error_is_none(line: str) -> None:
    assert groups_in(f"{line}\n") == []


@pytest.mark.parametrize(
    ("line", "severity", "message"),
    [
        (
            "2026-11-27 00:00:31.625 UTC [7] FATAL:  sorry, too many clients already",
            "FATAL",
            "sorry, too many clients already",
        ),
        (
            '2026-11-27 00:00:31.625 UTC [7] app@shop ERROR:  relation "x" does not exist at character 15',
            "ERROR",
            'relation "x" does not exist at character 15',
        ),
        ("PANIC:  could not write to file", "PANIC", "could not write to file"),
        ('{"error_severity":"FATAL","message":"the database system is shutting down"}', "FATAL", None),
    ],
)
def test_an_error_of_postgresql_is_known_by_its_severity_and_message(
    line: str, severity: str, message: str | None
) -> None:
    group = only(f"{line}\n")
    assert (group.stack.language, group.stack.exception) == ("postgresql", severity)
    assert message in (None, group.message.text)


def test_names_in_a_message_of_postgresql_make_no_groups_of_their_own() -> None:
    lines = [f'ERROR:  relation "t{n}" does not exist at character {n}\n' for n in range(5)]
    assert only("".join(lines)).count == 5


def test_stacks_are_ranked_by_count_and_entries_without_one_come_last() -> None:
    text = (
        f"{TRACEBACK}\n"
        + "2026-11-27 00:00:31,625 ERROR app: gone\n" * 9
        + "2026-11-27 00:00:31.625 UTC [7] FATAL:  sorry, too many clients already\n" * 4
    )
    assert [(group.stack.language, group.count) for group in groups_in(text)] == [
        ("postgresql", 4),
        ("python", 1),
        ("log", 9),
    ]


def test_messages_that_differ_in_numbers_are_one_and_a_sample_is_kept() -> None:
    ids = ("3f2a7c1e-0001-4a3b-9c4d-0123456789ab", "9b1d4e5f-0002-4a3b-9c4d-ba9876543210")
    text = "".join(
        f"2026-11-27T00:00:0{n}Z ERROR app: order {n} of {ids[n]} at 0x7f{n}a failed\n" for n in range(2)
    )
    group = only(text)
    assert group.count == 2
    assert [message.text for message in group.messages.values()] == [
        f"app: order 0 of {ids[0]} at 0x7f0a failed"
    ]


def test_a_group_shows_the_stack_of_its_most_frequent_message() -> None:
    other = TRACEBACK.replace("'id'", "'name'")
    group = only(f"{other}\n" + f"{TRACEBACK}\n" * 3)
    assert (group.count, group.message.count, group.message.text) == (4, 3, "'id'")
    assert "KeyError: 'id'" in group.message.logged and "'name'" not in group.message.logged
    assert group.stack.message == "'id'"


def test_an_entry_is_not_counted_beside_its_own_stack() -> None:
    entry = "2026-11-27T00:00:31Z ERROR app: failed"
    groups = groups_in(f"{entry}\n{TRACEBACK}\n{entry} again\n")
    assert [(group.stack.language, group.count) for group in groups] == [("python", 1), ("log", 1)]


def test_a_java_exception_after_its_own_entry_is_one_error() -> None:
    text = (
        "2026-11-27 00:00:31.625 ERROR 7 --- [nio-8080-exec-1] c.e.shop.Api : Servlet.service() failed\n"
        "\n"
        "java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available\n"
        "\tat com.zaxxer.hikari.pool.HikariPool.createTimeoutException(HikariPool.java:686)\n"
        "\tat com.example.shop.Rows.find(Rows.java:41)\n"
    )
    group = only(text)
    assert str(group.stack.frame) == "Rows.java:41 in Rows.find"
    assert group.stack.exception == "java.sql.SQLTransientConnectionException"
    assert group.first is not None


def test_secrets_in_messages_and_stacks_are_masked() -> None:
    text = (
        "Traceback (most recent call last):\n"
        '  File "/srv/app/db.py", line 3, in connect\n'
        '    connect("postgresql://api:hunter22@db/shop")\n'
        "ConnectionError: postgresql://api:hunter22@db/shop password=hunter23\n"
    )
    group = only(text)
    assert "hunter2" not in group.message.logged + group.message.text
    assert "connect" in group.message.logged


def test_the_errors_of_a_log_are_counted_whatever_is_left_out() -> None:
    lines = [
        f"2026-11-27T00:00:31Z ERROR app: {chr(97 + n % 26)}{'x' * (n // 26)} failed\n" for n in range(700)
    ]
    errors = errors_in("".join(lines))
    assert (len(errors.groups), errors.left_out, errors.count) == (500, 200, 700)
