"""New sessions are named by state and last query, and by the one that has been longest in its state."""

from __future__ import annotations

from typing import Any

from chaos.checks.leaks.places import of_sessions

HELD = "idle in transaction"


def session(pid: int, age: float | None, fd: int | None = None, **changed: Any) -> dict[str, Any]:
    holder = None if fd is None else {"pid": 4711, "fd": fd, "command": "gunicorn", "through": ""}
    return {"pid": pid, "state": HELD, "query": "SELECT 1", "age": age, "holder": holder, **changed}


def test_the_one_that_has_been_longest_in_its_state_is_told_with_its_holder() -> None:
    before = [session(1, 900.0, 3)]
    (row,) = of_sessions(before, [*before, session(2, 4.0, 14), session(3, 24.04, 15)])
    assert (row["resource"], row["count"], row["level"]) == (f"sessions:{HELD}", 2, 1)
    assert row["what"] == "last query: SELECT 1; for up to 24 s, held by process 4711, descriptor 15"


def test_what_the_server_does_not_show_is_left_out() -> None:
    (row,) = of_sessions([], [session(2, None, query="")])
    assert row["what"] == "last query: none yet"


def test_states_and_queries_are_told_apart() -> None:
    rows = of_sessions([], [session(2, 1.0), session(3, 1.0, query="COMMIT", state="idle"), session(4, 2.0)])
    assert [(row["resource"], row["count"]) for row in rows] == [
        (f"sessions:{HELD}", 2),
        ("sessions:idle", 1),
    ]
