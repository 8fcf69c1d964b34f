"""Ten seeds: the fragile profile fails, the hardened one passes, each time, for the stated reasons."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.full import tables
from tests.midnight import Midnight

pytestmark = [pytest.mark.full, pytest.mark.timeout(7200)]

SEEDS = range(1, 1 + int(os.environ.get("MIDNIGHT_SEEDS", "10")))
HEADER = (
    "seed",
    "profile",
    "exit",
    "availability",
    "p99",
    "worst outage",
    "recovery",
    "lost",
    "margin",
    "disk",
    "pool out",
    "down",
)


@pytest.mark.usefixtures("nothing_left")
def test_ten_seeds_give_the_same_two_verdicts(tmp_path: Path) -> None:
    rows, codes = [], []
    for seed in SEEDS:
        for profile in ("fragile", "hardened"):
            place = tmp_path / f"{profile}-{seed}"
            place.mkdir()
            midnight = Midnight(place)
            done = midnight(
                "run", "midnight", "--profile", profile, "--seed", str(seed), "--json", timeout=600
            )
            rows.append(row(seed, profile, done.code, json.loads(done.out)))
            codes.append((seed, profile, done.code))
            tables.write("seeds", HEADER, rows)
    assert codes == [
        (seed, profile, code) for seed in SEEDS for profile, code in (("fragile", 1), ("hardened", 0))
    ]


def row(seed: int, profile: str, code: int, verdict: dict[str, Any]) -> list[object]:
    """One line of the table; the instants of the chain are seconds into the play."""
    figures = verdict["figures"]
    links = {link["name"]: link for link in verdict["links"]}

    def moved(name: str) -> str:
        link = links[name]
        return str(link["because"]).split(" into")[0] if link["moved"] else "–"

    return [
        seed,
        profile,
        code,
        f"{figures['availability']:.2%}",
        seconds(figures["p99"]),
        seconds(figures["worst_outage"]),
        seconds(figures["recovery"]),
        figures["lost_writes"],
        margin(figures),
        moved("disk"),
        moved("pool_exhausted"),
        moved("api_down"),
    ]


def margin(figures: dict[str, Any]) -> str:
    """How far below 99 %; else what is left of the limit that came nearest to being broken."""
    missed = 0.99 - figures["availability"]
    if missed > 0:
        return f"{100 * missed:.1f} points below 99 %"
    spent = {"the 1 % that may be bad": (1 - figures["availability"]) / 0.01}
    for name, figure, limit in (("2 s of p99", "p99", 2.0), ("30 s of recovery", "recovery", 30.0)):
        spent[name] = (float("inf") if figures[figure] is None else figures[figure]) / limit
    nearest = max(spent, key=lambda name: spent[name])
    return f"{1 - spent[nearest]:.0%} left of {nearest}"


def seconds(value: float | None) -> str:
    return "∞" if value is None else f"{value:.2f} s"
