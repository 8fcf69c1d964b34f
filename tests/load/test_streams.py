"""Event streams, against a reader that goes line by line."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.load.expectations import Answer, Expectation
from chaos.load.streams import Event, events, last
from chaos.load.values import Values
from chaos.record.hits import Outcome
from chaos.spec.expect import Expect

LINES = st.lists(
    st.sampled_from(
        ["event: done", "event:error", "data: x", "data:[DONE]", "data", ": ping", "id: 7", "", "", "retry:"]
    ),
    max_size=12,
)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


def by_line(text: str) -> list[tuple[str, str]]:
    """The HTML standard's algorithm, one line after another; an event without data counts here, if it is named."""
    found, name, data, seen = [], "", "", False
    for line in re.split("\r\n|\r|\n", text)[:-1]:
        if line == "":
            if seen:
                found.append((name, data[:-1]))
            name, data, seen = "", "", False
        elif not line.startswith(":"):
            field, value = line.split(":", 1) if ":" in line else (line, "")
            value = value[1:] if value[:1] == " " else value
            if field == "event":
                name, seen = value, True
            if field == "data":
                data, seen = data + value + "\n", True
    return found


@given(LINES, ENDS, st.booleans())
def test_events_are_those_of_a_reader_by_line(lines: list[str], end: str, marked: bool) -> None:
    text = end.join(lines) + end
    body = ("\ufeff" if marked else "").encode() + text.encode()
    read = list(events(body))
    assert [(each.name.decode(), each.data.decode()) for each in read] == by_line(text)
    assert last(body) == (read[-1] if read else None)


def test_an_event_that_is_not_complete_is_none() -> None:
    assert list(events(b"event: done\ndata: x\n\nevent: more\ndata: y")) == [Event(b"done", b"x")]
    assert list(events(b"event: done\ndata: x\n")) == []


def outcome(body: str, **sse: object) -> Outcome:
    bad = Expectation(Expect.model_validate({"sse": sse}), Values()).broken(Answer(200, body.encode()))
    return Outcome.GOOD if bad is None else bad.outcome


@pytest.mark.parametrize(
    ("body", "good"),
    [
        ("data: {}\n\ndata: [DONE]\n\n", True),
        ("data: {}\n\ndata: [DONE]\n\n: bye\n\n", True),
        ("event: done\ndata: {}\n\n", True),
        ('data: {"type": "done"}\n\n', True),
        ('data: {"event": "done"}\n\n', True),
        ("event: done\r\n\r\n", True),
        ("data: {}\n\n", False),
        ("data: [DONE]\n\ndata: {}\n\n", False),
        ("data: [DONE]\n", False),
        ("event: error\ndata: x\n\ndata: [DONE]\n\n", False),
        ('data: {"error": {"message": "busy"}}\n\ndata: [DONE]\n\n', False),
        ('data: {"type": "error"}\n\ndata: [DONE]\n\n', False),
        ('data: {"error": null, "delta": "an error"}\n\ndata: [DONE]\n\n', True),
        ('data: {"error": false}\n\ndata: [DONE]\n\n', True),
        ('data: {"error": ""}\n\ndata: [DONE]\n\n', True),
        ('data: {"error": true}\n\ndata: [DONE]\n\n', False),
        ('data: {"error": "busy"}\n\ndata: [DONE]\n\n', False),
        ('data: {"text": "no error: done"}\n\ndata: [DONE]\n\n', True),
        ('{"error": "busy"}', False),
        ("", False),
    ],
)
def test_a_stream_ends_with_its_done_event_and_has_no_error(body: str, good: bool) -> None:
    assert outcome(body) is (Outcome.GOOD if good else Outcome.BAD_STREAM)


def test_the_events_have_the_names_that_the_file_says() -> None:
    body = "event: message_delta\ndata: {}\n\nevent: message_stop\ndata: {}\n\n"
    assert outcome(body, done="message_stop") is Outcome.GOOD
    assert outcome(body) is Outcome.BAD_STREAM
    assert outcome(body, done=["end", "message_stop"], error="message_delta") is Outcome.BAD_STREAM
