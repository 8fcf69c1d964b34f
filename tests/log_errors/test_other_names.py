"""Exceptions whose names do not say that they are errors, in Java and Node."""

from __future__ import annotations

import pytest

from tests.log_errors.reading_logs import groups_in, only, prints, sample

NODE = "{}\n    at {} (/srv/shop/{}.js:1:1)\n    at handle (/srv/shop/api.js:9:3)\n"
JAVA = "{}\n\tat com.acme.{}.run({}.java:1)\n"


def named(text: str) -> list[tuple[str, str]]:
    return [(group.stack.exception, str(group.stack.frame)) for group in groups_in(text)]


@pytest.mark.parametrize(
    "header", ["PaymentRefused: card declined", "PaymentRefused", "Uncaught PaymentRefused: no"]
)
def test_a_stack_after_another_is_an_error_whatever_its_name_in_node(header: str) -> None:
    text = NODE.format("Error: first", "a", "a") + NODE.format(header, "b", "b")
    assert named(text) == [("Error", "/srv/shop/a.js:1 in a"), ("PaymentRefused", "/srv/shop/b.js:1 in b")]


def test_two_errors_of_node_postgres_are_two() -> None:
    text = NODE.format('error: relation "x" does not exist', "a", "a") + NODE.format("error: no", "b", "b")
    assert named(text) == [("error", "/srv/shop/a.js:1 in a"), ("error", "/srv/shop/b.js:1 in b")]


@pytest.mark.parametrize("header", ["ScriptFailure: odd", 'Exception in thread "main" ScriptFailure: odd'])
def test_a_stack_after_another_is_an_error_whatever_its_name_in_java(header: str) -> None:
    text = JAVA.format("java.lang.RuntimeException: a", "A", "A") + JAVA.format(header, "B", "B")
    assert named(text) == [
        ("java.lang.RuntimeException", "A.java:1 in A.run"),
        ("ScriptFailure", "B.java:1 in B.run"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-27 00:00:01,123 INFO app: request n=4711 took 12 ms",
        "INFO:     127.0.0.1:51234 served",
        "Warning: slow",
        "listening: 3000",
        "Server listening on port: 3000",
        "  Served: /items",
        "Hibernate: select 1",
    ],
)
def test_a_line_of_another_writer_within_a_stack_ends_it_not(line: str) -> None:
    for text in (
        NODE.format("Error: first", "a", "a"),
        JAVA.format("x.Gone: first", "A", "A") + "\tat x.Y.z(Y.java:2)\n",
    ):
        begin, last = text.rstrip("\n").rsplit("\n", 1)
        assert prints(f"{begin}\n{line}\n{last}\n") == prints(text)


def test_a_name_without_a_frame_after_it_is_none() -> None:
    text = NODE.format("Error: first", "a", "a") + "Listening: on port 3000\nDone\n"
    assert prints(text) == prints(NODE.format("Error: first", "a", "a"))


def test_the_name_is_above_a_message_of_several_lines() -> None:
    assert named("MyErr: custom\nsecond line\nthird\n    at thrower (/srv/a.js:9:28)\n") == [
        ("MyErr", "/srv/a.js:9 in thrower")
    ]


def test_the_nearest_name_is_the_exception() -> None:
    text = "Listening: 3000\nerror: no\n    at a (/srv/a.js:9:28)\nListening: 3000\nGone\n    at b (/srv/b.js:9:28)\n"
    assert named(text) == [("error", "/srv/a.js:9 in a"), ("Gone", "/srv/b.js:9 in b")]


def test_an_error_in_the_properties_of_another_is_not_the_exception_of_the_next_stack() -> None:
    before = "{\n  errors: [\n    [Error: bare]\n  ]\n}\n"
    text = "PaymentRefused: no\nmoney\n    at a (/srv/a.js:9:28)\n"
    assert named(before + text) == [("PaymentRefused", "/srv/a.js:9 in a")]
    message = "Error: no row {\n  id: 3\n}\nbody: empty\n    at a (/srv/a.js:9:28)\n"
    assert named(message) == [("Error", "/srv/a.js:9 in a")]


def test_an_error_in_an_object_that_node_prints_is_an_error_of_its_own() -> None:
    frames = "at thrower (/srv/a.js:9:28)\n"
    text = (
        f"MyErr: custom\nsecond line\n    {frames[:-1]} {{\n  code: 'E1',\n  detail: {{ a: [ 1 ] }}\n}}\n"
        "{\n  level: 'error',\n  err: MyErr: custom\n  second line\n"
        f"      {frames[:-1]} {{\n    code: 'E1'\n  }}\n}}\n"
        f"MyErr: custom\nsecond line\n    {frames}"
    )
    group = only(text)
    assert (group.stack.exception, group.message.text, group.count) == ("MyErr", "custom", 3)


def test_a_trace_that_node_prints_is_no_error() -> None:
    trace = "Trace: here\n    at Object.<anonymous> (/srv/a.js:16:9)\n"
    assert not groups_in(trace + trace)
    assert prints(sample("node_uncaught") + trace) == prints(sample("node_uncaught"))


def test_a_suppressed_exception_may_have_a_message_of_several_lines() -> None:
    text = (
        "x.Gone: first\n\tat x.Y.z(Y.java:2)\n\tSuppressed: x.Closed: not closed\nDetail: late\n"
        "\t\tat x.Z.close(Z.java:3)\nCaused by: x.Root: why\n\tat x.R.r(R.java:4)\n"
    )
    assert named(text) == [("x.Root", "R.java:4 in R.r")]


def test_a_cause_may_have_any_name() -> None:
    text = "x.Gone: first\n\tat x.Y.z(Y.java:2)\nCaused by: ScriptFailure: odd\n\tat x.R.r(R.java:4)\n"
    assert named(text) == [("ScriptFailure", "R.java:4 in R.r")]


@pytest.mark.parametrize("word", ["Caused by", "Wrapped by"])
def test_a_cause_that_is_printed_already_is_none(word: str) -> None:
    text = (
        "java.lang.RuntimeException: a\n\tat com.acme.A.a(A.java:1)\nCaused by: java.lang.RuntimeException: b\n"
        f"\tat com.acme.B.b(B.java:2)\n\t... 1 more\n{word}: [CIRCULAR REFERENCE: java.lang.RuntimeException: a]\n"
    )
    group = only(text)
    assert (group.stack.exception, group.message.text) == ("java.lang.RuntimeException", "b")
    assert str(group.stack.frame) == "B.java:2 in B.b"
