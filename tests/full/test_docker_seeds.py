"""Five seeds in containers: the same two verdicts as on the embedded target, and the table that sets them beside it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.docker.conftest import (  # noqa: F401  the engine, or the reason why there is none
    client,
    engine_at,
    nothing_on_the_engine,
)
from tests.full import tables
from tests.full.test_seeds import HEADER, row
from tests.midnight import PROJECT, Midnight

pytestmark = [pytest.mark.full, pytest.mark.timeout(7200)]

SEEDS = range(1, 1 + int(os.environ.get("MIDNIGHT_DOCKER_SEEDS", "5")))
TARGETS = ("embedded", "docker")
DOCUMENT = PROJECT / "docs/docker.md"


@pytest.mark.usefixtures("nothing_left", "nothing_on_the_engine")
def test_the_same_seeds_give_the_same_two_verdicts(tmp_path: Path) -> None:
    rows, codes = [], []
    for seed in SEEDS:
        for profile in ("fragile", "hardened"):
            for target in TARGETS:
                code, verdict = played(tmp_path / f"{profile}-{seed}-{target}", profile, seed, target)
                rows.append([target, *row(seed, profile, code, verdict)])
                codes.append((seed, profile, target, code))
                tables.write("docker seeds", ("target", *HEADER), rows, DOCUMENT)
    wanted = {"fragile": 1, "hardened": 0}
    assert codes == [(seed, profile, target, wanted[profile]) for seed, profile, target, _ in codes]


def played(place: Path, profile: str, seed: int, target: str) -> tuple[int, dict[str, Any]]:
    place.mkdir()
    arguments = ("--target", target, "--profile", profile, "--seed", str(seed), "--json")
    done = Midnight(place)("run", "midnight", *arguments, timeout=600)
    return done.code, json.loads(done.out)
