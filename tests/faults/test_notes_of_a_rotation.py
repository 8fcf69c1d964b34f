"""A plan names the floors that a rotation takes by default, and none that its step states."""

from __future__ import annotations

from typing import Any

import pytest

from chaos.faults.logrotate import Logrotate, LogrotateParams

NO_ROTATED = "by default it needs a sync of 50ms; on a target that midnight did not start, at most twice"
NO_SYNC = (
    "by default it needs 10MB rotated; on a target that midnight did not start, at most half of its logs"
)


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({}, "by default it needs 10MB rotated and a sync of 50ms"),
        ({"min_rotated": 1}, NO_ROTATED),
        ({"min_sync": 0.0}, NO_SYNC),
    ],
)
def test_only_floors_that_are_not_stated_are_named(params: dict[str, Any], says: str) -> None:
    (note,) = Logrotate.plan_notes(LogrotateParams(**params))
    assert note.startswith(says)


def test_nothing_is_named_if_all_are_stated() -> None:
    assert Logrotate.plan_notes(LogrotateParams(min_rotated=1, min_sync=0.0)) == []
