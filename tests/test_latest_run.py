"""`latest` is the newest run that is not being played; one that is played is not judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.errors import UsageError
from chaos.play import stored
from chaos.undo.locks import hold_lock
from tests.checks.synthetic import Night


def test_latest_is_the_newest_run_that_has_ended(own_place: Path) -> None:
    _, one = Night().write(own_place / "reports/night/20260101T000000Z-aaaaaa")
    _, two = Night().write(own_place / "reports/night/20260102T000000Z-bbbbbb")
    old, new = one.run, two.run
    assert stored.ended("latest").id == stored.ended("latest:night").id == new.id
    with hold_lock(new):
        assert stored.ended("latest").id == stored.ended("latest:night").id == old.id
        with pytest.raises(UsageError, match=f"run {new.id} is in progress"):
            stored.ended(new.id)
        with hold_lock(old), pytest.raises(UsageError, match="is in progress"):
            stored.ended("latest")
