"""What waits for a disk is found among processes that come and go."""

from __future__ import annotations

import os
from typing import Any

import pytest

from chaos.host import proc, write_watch


def test_a_process_that_ends_while_its_threads_are_listed_waits_for_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listed = os.scandir

    def gone(place: Any = ".") -> Any:
        if str(place).endswith("/task"):
            raise ProcessLookupError(place)
        return listed(place)

    monkeypatch.setattr(os, "scandir", gone)
    assert not write_watch.waits(os.getpid())


def test_a_thread_that_waits_is_found_unless_it_is_of_the_process_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine = f"/proc/{os.getpid()}/"

    def stat(place: str) -> list[bytes]:
        return [proc.DISK_WAIT if place.startswith(mine) else b"S"]

    monkeypatch.setattr(proc, "stat", stat)
    assert write_watch.waits(1)
    assert not write_watch.waits(os.getpid())
