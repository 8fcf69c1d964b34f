"""The race: two runs of the nightly job and the API add to one total, and what is lost is exact, or nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.midnight import PROJECT, Midnight
from tests.real import broken

pytestmark = [pytest.mark.real, pytest.mark.wide]

COUNTING = """
import json, os, sys
from pathlib import Path
import psycopg

run = Path(os.environ["MIDNIGHT_RUN"]).name
for each in Path("/proc").glob("[0-9]*"):
    try:
        environment = dict(line.split("=", 1) for line in (each / "environ").read_text().split("\\0") if "=" in line)
    except OSError:
        continue
    if environment.get("MIDNIGHT_MARK", "").startswith(run) and "REFERENCE_CONFIG" in environment:
        break
stack = json.loads(Path(environment["REFERENCE_CONFIG"]).read_text())["database"]
role = stack["roles"]["api"]
with psycopg.connect(
    host=stack["host"], port=stack["port"], dbname=stack["dbname"], user=role["user"], password=role["password"]
) as connection:
    counted = connection.execute("select coalesce(sum(n), 0)::bigint from usage_counted").fetchone()[0]
    total = connection.execute("select n from usage_totals").fetchone()[0]
Path(sys.argv[1]).write_text(json.dumps({"counted": counted, "total": total}))
print(counted - total)
"""
"""Counts in the database itself: this test's own code, and its own connection."""


def target(midnight: Midnight, profile: str) -> str:
    """A target whose file has one more invariant: a command of the test's own."""
    file = Path(broken.target(midnight.place / "t", profile, {}))
    command = [sys.executable, midnight.file("counting.py", COUNTING), str(midnight.place / "counted")]
    yaml = YAML(typ="safe", pure=True)
    document = yaml.load(file.read_text())
    document["invariants"] = [{"name": "counted", "command": command, "equals": 0}]
    with file.open("w") as output:
        yaml.dump(document, output)
    return str(file)


def short_race(midnight: Midnight) -> str:
    """The race that ships, with a shorter night and less work in it."""
    yaml = YAML(typ="safe", pure=True)
    document = yaml.load((PROJECT / "experiments/race.yaml").read_text())
    document["load"] |= {"timeout": "8s"}  # a busy machine leaves no request in doubt
    document["load"]["baseline"] |= {"for": "2s", "p99": "8s"}
    document["instrument"] = {"lag": "900ms", "run_delay": "100%"}
    lengths = {"warm": "1s", "night": "19s", "after": "2s"}
    for phase in document["load"]["phases"]:
        phase["for"] = lengths[phase["name"]]
    (step,) = document["steps"]
    step |= {"at": "1s", "hold": "20s"}
    step["with"] |= {"values": {"updates": 40, "rows": 500}, "cpu_seconds": 0.3, "min_together": "1s"}
    with (midnight.place / "race.yaml").open("w") as file:
        yaml.dump(document, file)
    return str(midnight.place / "race.yaml")


def invariants(midnight: Midnight) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in midnight.verdict["findings"] if each["check"] == "invariants"}


def test_without_a_lock_updates_are_lost_and_their_number_is_that_of_the_database(midnight: Midnight) -> None:
    done = midnight("run", short_race(midnight), "--target", target(midnight, "fragile"))

    found = invariants(midnight)
    assert done.code == 1, done.err + done.out
    counted = json.loads((midnight.place / "counted").read_text())
    in_all = counted["counted"] - counted["total"]
    lost = (
        in_all - found["usage_lost"]["evidence"]["before"]
    )  # the workers also race each other in the baseline
    assert lost > 0 and found["usage_total"]["measured"] == lost
    assert found["usage_lost"]["measured"] == in_all
    evidence = found["usage_total"]["evidence"]
    assert (evidence["after"], evidence["unsure"]) == (counted["total"], 0)
    assert evidence["reported"] == {"twice": 80}
    assert (
        f"usage_total: {lost} lost: expected {counted['total'] + lost}, found {counted['total']}" in done.out
    )
    assert found["counted"]["evidence"]["after"] == str(in_all)
    assert midnight.outcomes()["effect: twice"] == "pass"


@pytest.mark.full
def test_updates_in_one_statement_lose_nothing(midnight: Midnight) -> None:
    done = midnight("run", "race", "--target", target(midnight, "hardened"))

    found = invariants(midnight)
    assert done.code == 0, done.err + done.out
    counted = json.loads((midnight.place / "counted").read_text())
    assert counted["counted"] == counted["total"] == found["usage_total"]["evidence"]["after"]
    assert {name: each["outcome"] for name, each in found.items()} == dict.fromkeys(found, "pass")
    assert found["usage_total"]["evidence"]["reported"] == {"twice": 240}
    assert midnight.outcomes()["effect: twice"] == "pass"
