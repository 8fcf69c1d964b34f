"""The queued log writes from a native thread, and never makes a request wait."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from targets.reference import metrics
from targets.reference.queued_file import QueuedFile
from tests.waiting import wait_until


def record(text: str) -> logging.LogRecord:
    """A line to log."""
    return logging.LogRecord("tested", logging.INFO, __file__, 1, text, None, None)


@pytest.fixture
def stuck(tmp_path: Path) -> Iterator[QueuedFile]:
    """A handler whose file cannot be opened yet, as if the disk stood still: a pipe that nobody reads."""
    os.mkfifo(tmp_path / "log")
    yield QueuedFile(tmp_path / "log", queue_size=3, fsync_every=None)


def dropped() -> float:
    """Lines dropped so far."""
    return float(metrics.LOG_LINES_DROPPED._value.get())


def test_lines_wait_up_to_the_bound_while_the_disk_stalls_and_the_rest_is_counted(
    stuck: QueuedFile, tmp_path: Path
) -> None:
    before = dropped()
    for number in range(5):
        stuck.emit(record(f"line {number}"))
    assert dropped() - before == 2
    with (tmp_path / "log").open() as reader:
        stuck.close()
        assert reader.read().splitlines() == ["line 0", "line 1", "line 2"]


def test_reopened_it_goes_on_in_a_new_file_and_loses_nothing(tmp_path: Path) -> None:
    log, rotated = tmp_path / "log", tmp_path / "log.1"
    handler = QueuedFile(log, queue_size=100, fsync_every=1)
    handler.emit(record("before"))
    wait_until(log.exists, "the thread has opened the file")
    log.rename(rotated)
    handler.emit(record("between"))
    handler.reopen()
    handler.emit(record("after"))
    handler.close()
    assert rotated.read_text() == "before\nbetween\n"
    assert log.read_text() == "after\n"
