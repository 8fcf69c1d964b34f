"""Tracebacks as structlog's `dict_tracebacks` writes them."""

from __future__ import annotations

import json

from tests.log_errors.reading_logs import groups_in, only


def test_structlogs_dictionaries_are_a_stack() -> None:
    frames = [
        {"filename": "/srv/app/a.py", "lineno": 3, "name": "outer", "line": "inner()"},
        {"filename": "/srv/app/b.py", "lineno": 7, "name": "inner", "line": "raise"},
    ]
    entry = {
        "level": "error",
        "event": "failed",
        "timestamp": "2026-11-27T00:00:31Z",
        "exception": [
            {"exc_type": "Unavailable", "exc_value": "gone", "is_cause": False, "frames": frames[:1]},
            {"exc_type": "TimeoutError", "exc_value": "late", "is_cause": True, "frames": frames},
        ],
    }
    stack = only(json.dumps(entry)).stack
    assert (stack.exception, str(stack.frame), stack.raised) == (
        "TimeoutError",
        "/srv/app/b.py:7 in inner",
        "Unavailable",
    )


def test_each_member_of_a_group_in_structlogs_dictionaries_is_an_error() -> None:
    def raised(name: str, line: int, **more: object) -> dict[str, object]:
        frames = [{"filename": "/srv/app/a.py", "lineno": line, "name": "f"}] if line else []
        return {"exc_type": name, "exc_value": "", "frames": frames, "is_group": bool(more), **more}

    several = raised("ExceptionGroup", 3, exceptions=[[raised("KeyError", 5)], [raised("ValueError", 0)]])
    around = raised("ExceptionGroup", 2, exceptions=[[several], [raised("Late", 7), raised("Gone", 8)]])
    entry = {"level": "error", "event": "failed", "exception": [raised("Unavailable", 1), around]}
    groups = groups_in(json.dumps(entry))
    assert {(each.stack.exception, str(each.stack.frame), each.stack.raised) for each in groups} == {
        ("KeyError", "/srv/app/a.py:5 in f", "Unavailable"),
        ("ValueError", "/srv/app/a.py:3 in f", "Unavailable"),
        ("Gone", "/srv/app/a.py:8 in f", "Unavailable"),
    }
