"""Ten unchanged releases in a row are ten green gates, and a service that became 30 % slower is found.

It can be played in stretches: with MIDNIGHT_GATE_PLACE a directory that stays, and MIDNIGHT_GATES how many gates to
play this time, the next call goes on where the last one ended. A gate that is unknown, on a busy machine, fails the
test and is played again by the next call; one of the wrong colour fails it for good.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.full import tables
from tests.midnight import PROJECT, Done, Midnight
from tests.plugin.slow_worker import SHARE

pytestmark = [pytest.mark.full, pytest.mark.real, pytest.mark.alone, pytest.mark.timeout(3600)]

UNCHANGED, SLOWER, UNKNOWN = 10, 5, 3
STRETCH = int(os.environ.get("MIDNIGHT_GATES", UNCHANGED + SLOWER))
WORKER = "--worker-class=tests.plugin.slow_worker.SlowWorker"
HEADER = ("gate", "service", "runs compared with", "p50", "p95", "exit code")
DOCUMENT = PROJECT / "docs/gate.md"


@dataclass(frozen=True)
class Gates:
    """The gates of one series; what each came to stays in `place`."""

    place: Path

    @property
    def rows(self) -> list[list[Any]]:
        file = self.place / "rows.json"
        found: list[list[Any]] = json.loads(file.read_text()) if file.exists() else []
        return found

    def play(self, number: int) -> None:
        slower = number > UNCHANGED
        kept = self.place / "gate.json"
        kept.unlink(missing_ok=True)
        done = self._gate(kept, first=number == 1, slower=slower)
        document = json.loads(kept.read_text()) if kept.exists() else None
        assert document is not None, done.out + done.err
        (run,) = document["runs"]
        figures = run["verdict"]["figures"]
        shown = [f"{1000 * figures[name]:.1f} ms" if figures[name] else "-" for name in ("p50", "p95")]
        service = "30 % slower" if slower else "unchanged"
        row = [number, service, run["baseline_runs"], *shown, done.code]
        if done.code != UNKNOWN:  # it says nothing about the service: the machine was too busy to tell
            (self.place / "rows.json").write_text(json.dumps([*self.rows, row]))
            tables.write("gates", HEADER, self.rows, DOCUMENT)
        assert done.code == (1 if slower else 0), done.out + done.err

    def _gate(self, kept: Path, *, first: bool, slower: bool) -> Done:
        against = [] if first else ["--baseline", "latest-pass"]
        planted = {"GUNICORN_CMD_ARGS": WORKER, SHARE: "0.3"} if slower else {}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in planted.items():
                patch.setenv(name, value)
            return Midnight(self.place)(
                "gate", "smoke", "--profile", "hardened", *against, "--json-file", str(kept)
            )


@pytest.mark.usefixtures("nothing_left")
def test_ten_unchanged_gates_are_green_and_a_slow_down_of_30_percent_is_red_each_time(tmp_path: Path) -> None:
    given = os.environ.get("MIDNIGHT_GATE_PLACE")
    gates = Gates(Path(given) if given else tmp_path)
    gates.place.mkdir(parents=True, exist_ok=True)
    begin = len(gates.rows)
    assert [row[-1] for row in gates.rows] == [0 if row[0] <= UNCHANGED else 1 for row in gates.rows]
    for number in range(begin + 1, min(begin + STRETCH, UNCHANGED + SLOWER) + 1):
        gates.play(number)
