"""A gate over real runs: played, compared with what was kept, refused when it became worse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.gate.test_junit import checked
from tests.midnight import Done, Midnight
from tests.real import broken

pytestmark = [pytest.mark.real, pytest.mark.full]

DROP = "{name: drop, fault: idle_drop, at: 2s, hold: 300ms, with: {min_closed: 1}}"


def second_of(midnight: Midnight, first: str) -> str:
    text = Path(first).read_text().replace("name: planted", "name: again")
    return midnight.file("again.yaml", text)


def test_a_release_like_the_last_passes_and_one_that_became_worse_is_refused(midnight: Midnight) -> None:
    target = broken.target(midnight.place / "t", "hardened", {})
    first = broken.experiment(midnight.place, DROP, play=14.0)
    kept, junit = midnight.place / "kept.json", midnight.place / "gate.xml"

    def gate(*options: str) -> Done:
        return midnight("gate", first, second_of(midnight, first), "--target", target, *options)

    assert "has passed a gate yet" in gate("--baseline", "latest-pass").err

    done = gate("--json-file", str(kept), "--junit-file", str(junit))
    assert done.code == 0, done.out + done.err
    assert [suite.attrib["name"] for suite in checked(junit.read_text())] == ["planted", "again"]
    runs = {run.parent.name for run in midnight.runs}

    done = gate("--baseline", "latest-pass", "--tolerance", "p99=2s", "--junit-file", str(junit))
    assert done.code == 0, done.out + done.err
    assert all(f"compared with run {run}" in done.out for run in runs)

    better = str(better_than_possible(kept))
    done = gate("--baseline", better, "--baseline-strict", "--tolerance", "p50=0%")
    assert done.code == 1, done.out + done.err
    assert "planted: p50" in done.out.splitlines()[-1]

    done = gate("--require-drill-within", "31d")
    assert done.code == 1, done.out + done.err
    assert "no drill" in done.out.splitlines()[-1]


def better_than_possible(kept: Path) -> Path:
    document: dict[str, Any] = json.loads(kept.read_text())
    for run in document["runs"]:
        run["verdict"]["figures"]["p50"] = 1e-6
    kept.write_text(json.dumps(document))
    return kept
