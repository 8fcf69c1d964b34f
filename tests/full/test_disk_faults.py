"""The database and the log writer on a disk that fails or stands still: what was lost, and how long it was down."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.full import tables
from tests.midnight import PROJECT, Midnight

pytestmark = [pytest.mark.full, pytest.mark.timeout(3600)]

HEADER = ("step", "profile", "effect", "hits", "worst outage", "lost writes", "lost log lines")
LOGS = {"fragile": "{volume: data, path: log}", "hardened": "{volume: logs}"}
STEPS = {
    "a write of the WAL fails": "{fault: disk_error, hold: 2s, with: {path: postgresql/pg_wal, at_most: 1}}",
    "all writes of the logs fail": "{fault: disk_error, hold: 5s, with: LOGS}",
    "the disk stalls": "{fault: disk_stall, hold: 6s}",
    "each flush takes 200 ms": "{fault: disk_delay, hold: 8s, with: {flush: 200ms}}",
}
EXPERIMENT = """
name: disk-fault
title: One fault of the disk
load:
  timeout: 5s
  mix: {read: 6, write: 3}
  baseline: {for: 4s, rate: 20, availability: 99%, p99: 500ms}
  phases: [{name: play, for: 35s, rate: 30}]
steps: [STEP]
slos: [{name: availability, availability: 1%}]
outage: {below: 95%, window: 1s, sustained: 3s}
limits: {lost_writes: 0}
"""


@pytest.mark.usefixtures("nothing_left")
def test_nothing_acknowledged_is_lost_when_the_disk_fails(tmp_path: Path) -> None:
    rows: list[list[object]] = []
    seen = []
    for said, step in STEPS.items():
        for profile in ("fragile", "hardened"):
            verdict = played(tmp_path / f"{len(rows)}", step.replace("LOGS", LOGS[profile]), profile)
            rows.append(row(said, profile, verdict))
            seen.append((said, profile, verdict["verdict"], verdict["figures"]["lost_writes"]))
            tables.write("disk faults", HEADER, rows, PROJECT / "docs/faults.md")
    assert seen == [(said, profile, "pass", 0) for said in STEPS for profile in ("fragile", "hardened")]


def played(place: Path, step: str, profile: str) -> dict[str, Any]:
    place.mkdir()
    file = place / "disk-fault.yaml"
    file.write_text(EXPERIMENT.replace("STEP", "{name: disk, at: 8s, " + step.removeprefix("{")))
    done = Midnight(place)("run", str(file), "--profile", profile, "--seed", "1", "--json", timeout=300)
    verdict: dict[str, Any] = json.loads(done.out)
    return verdict


def row(said: str, profile: str, verdict: dict[str, Any]) -> list[object]:
    figures, found = verdict["figures"], {each["name"]: each for each in verdict["findings"]}
    availability = found["availability"]["because"]
    return [
        said,
        profile,
        found["disk"]["because"].removeprefix("disk: "),
        availability[availability.index("(") + 1 : availability.index(")")],
        f"{figures.get('worst_outage') or 0:.2f} s",
        figures["lost_writes"],
        found["lost_log_lines"]["because"].partition(" log lines")[0],
    ]
