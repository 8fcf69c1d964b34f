"""A gate over real runs against a small service: played, compared with what was kept, refused when worse."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.attach.files import experiment, target
from tests.attach.service import Service
from tests.gate.test_junit import checked
from tests.midnight import PROJECT, Done, Midnight

pytestmark = pytest.mark.real

COMMAND = "from chaos.cli import main; main()"


@pytest.fixture
def place(midnight: Midnight, service: Service) -> Midnight:
    """A place with two experiments and a target, a service that is up."""
    tiny = Path(experiment(midnight)).read_text().replace("rate: 20", "rate: 5")
    midnight.file("tiny.yaml", tiny)
    midnight.file("dr-tiny.yaml", tiny.replace("name: tiny", "name: dr-tiny"))
    target(midnight, service.url)
    return midnight


def gate(midnight: Midnight, *arguments: str, slowly: str = "p99=off") -> Done:
    """The command with files of `midnight.place`; nothing is asked of the slowest answers on this machine."""
    argv = [sys.executable, "-P", "-c", COMMAND, "gate", *arguments, "--target", "mine.yaml"]
    environment = {**midnight.environment, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        [*argv, "--tolerance", slowly],
        capture_output=True,
        text=True,
        timeout=240,
        env=environment,
        cwd=midnight.place,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def test_two_experiments_a_baseline_and_a_drill_pass_in_one_process(place: Midnight) -> None:
    both = ("tiny.yaml", "dr-tiny.yaml")
    kept, junit, summary = (place.place / name for name in ("kept.json", "gate.xml", "gate.md"))

    done = gate(place, *both, "--json-file", str(kept), "--require-drill-within", "31d")
    assert done.code == 0, done.out + done.err
    assert done.out.splitlines()[-1] == "gate PASS: tiny, dr-tiny"
    played = {run.parent.name for run in place.runs}
    assert {run["run"] for run in json.loads(kept.read_text())["runs"]} == played

    written = ("--junit-file", str(junit), "--markdown-file", str(summary))
    done = gate(place, "tiny.yaml", "--baseline", "latest-pass", *written)
    assert done.code == 0, done.out + done.err
    assert [run for run in played if f"compared with run {run}" in done.out]
    assert [suite.attrib["failures"] for suite in checked(junit.read_text())] == ["0"]
    assert summary.read_text().startswith("## midnight gate: PASS")


@pytest.mark.full
def test_a_worse_figure_is_refused_and_a_violation_is_a_failure(place: Midnight, service: Service) -> None:
    kept, junit = place.place / "kept.json", place.place / "gate.xml"
    experiment(place)  # with hits enough for a median
    assert gate(place, "tiny.yaml", "--json-file", str(kept)).code == 0

    done = gate(
        place, "tiny.yaml", "--baseline", faster_than_possible(kept), "--baseline-strict", slowly="p50=0%"
    )
    assert done.code == 1, done.out + done.err
    assert "gate FAIL: tiny: p50" in done.out.splitlines()[-1]

    service.bad_after = service.items + 25  # after the baseline
    done = gate(place, "tiny.yaml", "--junit-file", str(junit), "--require-drill-within", "31d")
    assert done.code == 1, done.out + done.err
    run, drill = checked(junit.read_text())
    assert "availability" in [case.attrib["name"] for case in run.findall("testcase/failure/..")]
    assert drill.attrib["failures"] == "1"


@pytest.mark.full
def test_ten_unchanged_gates_are_green_and_a_service_that_is_30_percent_slower_is_red_at_each_try(
    place: Midnight, service: Service
) -> None:
    experiment(place)
    service.takes = 0.1

    def once(*options: str) -> Done:
        service.records.clear()
        return gate(place, "tiny.yaml", *options, slowly="recovery=2s")

    first = once()
    assert first.code == 0, first.out + first.err
    for number in range(2, 11):
        done = once("--baseline", "latest-pass")
        assert done.code == 0, (number, done.out + done.err)
    assert "compared with 9 runs, the newest " in done.out

    service.takes = 0.13
    for _ in range(3):
        slower = once("--baseline", "latest-pass")
        assert slower.code == 1, slower.out + slower.err
        assert "tiny: p50 13" in slower.out.splitlines()[-1]
        assert "compared with 10 runs, the newest " in slower.out

    service.takes = 0.1
    assert once("--baseline", "latest-pass").code == 0


def faster_than_possible(kept: Path) -> str:
    document: dict[str, Any] = json.loads(kept.read_text())
    document["runs"][0]["verdict"]["figures"] |= {"p50": 1e-6, "hits": 1000}
    kept.write_text(json.dumps(document))
    return str(kept)
