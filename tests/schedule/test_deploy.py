"""What ships for systemd and for containers does what its comments say."""

from __future__ import annotations

import configparser
import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.midnight import PROJECT

FAKE = """#!/bin/sh
if [ "$1" = schedule ]; then
    trap 'echo stopped >> "$BOOK"; exit 3' TERM
    trap 'echo read again >> "$BOOK"' HUP
fi
echo "$*" >> "$BOOK"
while [ "$1" = schedule ]; do sleep 0.1; done
"""


def test_the_unit_undoes_however_the_scheduler_ended() -> None:
    unit = configparser.ConfigParser(strict=True, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(PROJECT / "deploy/midnight-schedule.service")
    service = unit["Service"]
    assert service["ExecStart"].endswith("midnight schedule run --file /srv/midnight/schedules.yaml")
    assert service["ExecStopPost"].endswith("midnight undo")
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert service["KillMode"] == "mixed" and int(service["TimeoutStopSec"]) >= 120


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_container_undoes_before_and_after_and_ends_with_the_schedulers_code(
    number: signal.Signals, tmp_path: Path
) -> None:
    fake, book = tmp_path / "midnight", tmp_path / "book"
    fake.write_text(FAKE)
    fake.chmod(0o755)
    process = subprocess.Popen(
        # Run by nohup or in the background the tests ignore signals, and what is ignored no shell can trap.
        ["env", "--default-signal=HUP,INT,TERM", PROJECT / "deploy/entrypoint.sh", "--file", "x.yaml"],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "BOOK": str(book)},
        start_new_session=True,
    )
    try:
        _until(book, "schedule run --file x.yaml")
        process.send_signal(signal.SIGHUP)
        _until(book, "read again")
        process.send_signal(number)
        assert process.wait(30) == 3
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert book.read_text().splitlines() == [
        "undo",
        "schedule run --file x.yaml",
        "read again",
        "stopped",
        "undo",
    ]


def _until(book: Path, line: str) -> None:
    end = time.monotonic() + 30
    while not (book.exists() and line in book.read_text().splitlines()):
        assert time.monotonic() < end
        time.sleep(0.05)
