"""Tracebacks of what `logging` could not log, and of exceptions with lower-case names."""

from __future__ import annotations

import io
import logging
import sys
from datetime import UTC, datetime

import pytest

from chaos.log_errors.instants import Instants
from tests.log_errors.reading_logs import groups_in, only

NOW = datetime(2026, 11, 28, tzinfo=UTC)
LOWER = (
    'Traceback (most recent call last):\n  File "/srv/app/a.py", line 3, in f\n    raise error("x")\n{}: x\n'
)
UNLOGGED = """\
--- Logging error ---
Traceback (most recent call last):
  File "/usr/lib/python3.11/logging/__init__.py", line 1110, in emit
    msg = self.format(record)
          ^^^^^^^^^^^^^^^^^^^
{}TypeError: not all arguments converted during string formatting
Call stack:
  File "/srv/app/main.py", line 9, in <module>
    run()
  File "/srv/app/a.py", line 3, in run
    log.info("x", 1)
Message: 'x'
Arguments: (1,)
"""


def test_what_could_not_be_logged_is_at_the_call() -> None:
    group = only(UNLOGGED.format("") * 2)
    assert (group.stack.exception, group.stack.raised, group.count) == ("TypeError", "", 2)
    assert list(map(str, group.stack.frames)) == [
        "/srv/app/a.py:3 in run",
        "/srv/app/main.py:9 in <module>",
    ]
    assert group.message.text == "not all arguments converted during string formatting"


def test_what_fails_in_the_application_while_it_is_logged_is_there() -> None:
    text = UNLOGGED.format('  File "/srv/app/row.py", line 7, in __str__\n    return self.name + 1\n')
    assert str(only(text).stack.frame) == "/srv/app/row.py:7 in __str__"


def test_what_python_prints_of_a_call_that_it_could_not_log_is_one_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    printed = io.StringIO()
    monkeypatch.setattr(sys, "stderr", printed)
    handler = logging.StreamHandler(io.StringIO())
    handler.handle(logging.LogRecord("app", logging.INFO, __file__, 1, "x", (1,), None))
    group = only(printed.getvalue())
    assert (group.stack.exception, group.count) == ("TypeError", 1)
    assert "test_odd_tracebacks.py" in str(group.stack.frame)


@pytest.mark.parametrize("name", ["error", "connection_timeout", "parse_error"])
def test_an_exception_may_have_a_lower_case_name(name: str) -> None:
    group = only(LOWER.format(name) + "2026-11-27 00:00:02,000 INFO after\n")
    assert (group.stack.exception, group.message.text) == (name, "x")


def test_another_word_with_a_colon_is_no_exception() -> None:
    (group,) = groups_in(LOWER.format("listening"))
    assert group.stack.exception == "(cut off)"


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("Nov 27, 2026 12:00:01 AM com.acme.Api handle", 0),
        ("Nov 27, 2026 1:00:01 AM com.acme.Api handle", 1),
        ("Nov 27, 2026 12:00:01 PM com.acme.Api handle", 12),
        ("Nov 27, 2026, 11:00:01\u202fPM com.acme.Api handle", 23),
        ("Nov 27, 2026 14:00:01 com.acme.Api handle", 14),
    ],
)
def test_an_entry_of_java_util_logging_is_dated(text: str, hour: int) -> None:
    assert (
        Instants(NOW.timestamp(), UTC).of(text) == datetime(2026, 11, 27, hour, 0, 1, tzinfo=UTC).timestamp()
    )


@pytest.mark.parametrize(
    "text", ["Foo 27, 2026 12:00:01 AM x", "Nov 31, 2026 12:00:01 AM x", "Nov 27, 2026 x"]
)
def test_what_only_looks_like_such_a_date_is_none(text: str) -> None:
    assert Instants(NOW.timestamp(), UTC).of(text) is None
