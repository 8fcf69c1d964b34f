"""A hundred hardened smoke runs: on a busy machine one may be unknown, but none is ever failed."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from pathlib import Path

import pytest

from tests.full import tables
from tests.midnight import Midnight

pytestmark = [pytest.mark.full, pytest.mark.real, pytest.mark.timeout(3 * 3600)]

FIRST = int(os.environ.get("MIDNIGHT_FIRST_SMOKE", "1"))  # the seed to go on with
SMOKES = int(os.environ.get("MIDNIGHT_SMOKES", "100"))
HEADER = ("exit", "times", "availability, at least", "first line of the last one")


@pytest.mark.usefixtures("nothing_left")
def test_a_hundred_hardened_smoke_runs_never_fail(tmp_path: Path) -> None:
    ratios: dict[int, list[float]] = defaultdict(list)
    lines: dict[int, str] = {}
    for seed in range(FIRST, SMOKES + 1):
        place = tmp_path / str(seed)
        place.mkdir()
        done = Midnight(place)("run", "smoke", "--profile", "hardened", "--seed", str(seed), "--json")
        assert done.out, done.err
        verdict = json.loads(done.out)
        # none where nothing was played, as without a steady state
        ratios[done.code].append(verdict["figures"]["availability"] or 0.0)
        lines[done.code] = verdict["headline"].replace("|", "/")
        rows = [(code, len(some), f"{min(some):.2%}", lines[code]) for code, some in sorted(ratios.items())]
        tables.write("smokes", HEADER, rows)
    assert {0} <= set(ratios) <= {0, 3}, lines
