"""Stored runs and a morning page to be drawn where nothing was played. Each function returns the path of a report."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from chaos.checks.rejudge import judge_run
from chaos.history.drills import Earlier
from chaos.record.journal import Event, Writer
from chaos.record.store import RunDir
from chaos.reports.drill_page import write_suite_report
from chaos.reports.html import write_report
from tests.checks.drills import drill as planned_drill
from tests.checks.drills import night, step
from tests.checks.synthetic import Night
from tests.history.stored import Stored
from tests.midnight import Midnight
from tests.reports.stored_run import BASELINE, write_run
from tests.test_suite import judged, stored
from tests.waiting import wait_until

_BUSY = (60, 120)  # seconds of the run in which the load generator waits for a CPU
_RUNBOOKS = {
    "failover": ("detect", "fence", "promote", "repoint", "verify", "repair", "rejoin"),
    "restore": ("detect", "restore", "repoint", "verify"),
    "cut_off": ("detect", "verify"),
    "delete": ("detect", "restore"),
    "frozen": ("detect", "fence", "promote", "repoint", "verify", "repair", "rejoin"),
}
_SAID = 'unreachable: connection failed: connection to server at "127.0.0.1", port 18704 failed: Connection refused'
_BACKUP = {
    "label": "nightly",
    "format": "plain",
    "bytes": 56_294_802,
    "started": "2026-11-25T01:58:12+00:00",
    "ended": "2026-11-25T01:58:13.354253+00:00",
    "from": "0/2300028",
    "to": "0/2300120",
    "taking_seconds": 0.337,
    "manifest_sha256": "73151d44d09766fe9f7354f16a9088e258919997179f28f8bb40b852b0ec2a4e",
}
_VERIFIED = (
    "midnight, file by file; pg_verifybackup crashes on this machine, which says nothing about the backup: "
    "midnight itself verified every file"
)
_EVIDENCE: dict[str, dict[str, Any]] = {
    "detect": {
        "probe": "write",
        "rule": "3 failures in a row, 1 s apart",
        "probes": 16,
        "failing_seconds": 2.0,
        "said": _SAID,
    },
    "fence": {"powered_off": False, "marked_as_standby": True},
    "promote": {"promoted": 0.118, "writable": 0.129, "timeline": 2},
    "repoint": {"proxy": "20261127T172127Z-cea509-database", "upstream": "127.0.0.1:28036"},
    "verify": {"asked": 5, "good_in_a_row": 5, "seconds": 0.88},
    "repair": {
        "took_a_write": False,
        "write": "refused",
        "said": "cannot execute CREATE TABLE in a read-only transaction",
        "only_here": 22,
    },
    "rejoin": {"rewound": True, "rewinding": 0.165, "starting": 2.36, "verifying": 0.00275},
    "restore": {
        "backup": _BACKUP,
        "end_of_archive": "0/280B3F0",
        "checked": "not checked: PostgreSQL 18.4 here has no amcheck",
        "archive_segments": 34,
        "archive_newest": "000000010000000000000028",
        "target": "lsn 0/280B3F0",
        "verified_by": _VERIFIED,
        "verified_files": 1296,
        "verifying_seconds": 0.141,
        "copying_seconds": 0.185,
        "replaying_seconds": 0.321,
        "copied_bytes": 56_294_802,
        "stopped": 'recovery stopping after WAL location (LSN) "0/280B3F0"',
        "last_transaction": "2026-11-25T02:00:39.491920+00:00",
    },
}


def fragile(place: Path) -> Path:
    return _reported(write_run(place))


def starved(place: Path) -> Path:
    """A night on a machine that others keep busy: most of it cannot be judged."""
    run = write_run(place, pain=0.0)
    lines = [{"start": float(t), "end": t + 1.0, **_late(t)} for t in range(12, 147)]
    run.instrument.write_text("\n".join(map(json.dumps, [{"version": 1}, *lines])) + "\n")
    writer = Writer(run.events)
    writer.event(Event(BASELINE - 1, "run", "machine", "looked", {"busy": 0.97}))
    writer.close()
    return _reported(run)


def _reported(run: RunDir) -> Path:
    return write_report(run, judge_run(run))


def _late(second: int) -> dict[str, float]:
    busy = _BUSY[0] <= second < _BUSY[1]
    return {"lag": 1.4 if busy else 0.004, "run_delay": 0.9 if busy else 0.01}


def drill(place: Path) -> Path:
    """A suite of five scenarios with long runbooks and backups, and a year of earlier drills."""
    run = stored(place, **{name: _scenario(steps) for name, steps in _RUNBOOKS.items()})
    verdict, parts = judged(run)
    earlier = [Earlier(f"2025{n:02d}01T020000Z-abc123", f"2025-{n:02d}-01T02:00:00+00:00", "pass", 12.4, 3.1, 0.0)
               for n in range(12, 0, -1)]  # fmt: skip
    return write_suite_report(run, replace(verdict, run=run.id), parts, earlier)


def _scenario(steps: tuple[str, ...]) -> Night:
    """The first step ends 24 s into the play, each further one 0.2 s later."""
    ends = [24.0 + number / 5 for number in range(len(steps))]
    begins = [0.0, *ends]
    runbook = [
        step(name, begun, ended, evidence=_EVIDENCE[name])
        for name, begun, ended in zip(steps, begins, ends, strict=False)
    ]
    planned = [{"name": name, "after": before} for before, name in pairwise(steps)]
    return night(*runbook, plan=planned_drill(runbook=[{"name": steps[0], "at": 0}, *planned]))


@contextmanager
def web(place: Path) -> Iterator[str]:
    """The address of a morning page over some weeks of nights."""
    place.mkdir()
    midnight = Midnight(place)
    first = datetime.now(UTC) - timedelta(days=20)
    for number in range(18):
        failed = number in (7, 15)
        started = (first + timedelta(days=number)).isoformat(timespec="seconds")
        verdict = "fail" if failed else "pass"
        Stored(number, verdict=verdict, exit_code=int(failed), about={"started": started}).write(
            place / "reports"
        )
    midnight.start("web", "--listen", "127.0.0.1:0")
    output = place / "output"
    wait_until(lambda: "http://" in output.read_text(), "the address of the server")
    (found,) = re.findall(r"(http://127\.0\.0\.1:\d+)/", output.read_text())[:1]
    try:
        yield str(found)
    finally:
        (server,) = midnight.started
        server.send_signal(signal.SIGTERM)
        server.wait(60)
