"""A stored run is judged again, also by other objectives than its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chaos.checks.rejudge import judge_run
from chaos.errors import FileError, UsageError
from chaos.record.hits import Outcome as Hit
from chaos.record.store import RunDir
from tests.checks.synthetic import Night

STRICT = """\
slos:
  - name: availability
    availability: 99.9%
"""


def stored(path: Path) -> RunDir:
    return Night(bad=[(40, 40.5, Hit.TIMEOUT)], slow=[]).write(path / "run")[1].run


def test_a_stored_run_is_judged_by_its_own_objectives(tmp_path: Path) -> None:
    found = judge_run(stored(tmp_path))
    assert (found.exit_code, found.experiment) == (0, "night")


def test_the_objectives_of_a_file_replace_its_own(tmp_path: Path) -> None:
    (tmp_path / "slo.yaml").write_text(STRICT)
    found = judge_run(stored(tmp_path), tmp_path / "slo.yaml")
    assert found.headline.startswith("FAIL: for 500 ms of 1m the service did not answer as it should; ")
    assert found.reasons[0].startswith("availability 99.166 % < 99.9 %")
    assert {finding.check for finding in found.findings}.isdisjoint({"latency", "pool"})


def test_limits_are_kept_unless_the_file_gives_them(tmp_path: Path) -> None:
    run, file = stored(tmp_path), tmp_path / "slo.yaml"
    file.write_text(STRICT)
    allowed = {finding.name: finding.allowed for finding in judge_run(run, file).findings}
    assert (allowed["recovery"], allowed["lost_writes"]) == (15, 0)
    file.write_text(f"{STRICT}limits:\n  recovery: 20s\n")
    allowed = {finding.name: finding.allowed for finding in judge_run(run, file).findings}
    assert (allowed["recovery"], allowed["lost_writes"]) == (20, None)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("slos:\n  - name: a\n    availability: 200%\n", 3, "must be a percentage"),
        ("slos:\n  - name: a\n    belwo: 3\n", 3, "unknown key"),
        (f"{STRICT}    window: 2m\n", 4, "window: 2m is longer than the play, 1m"),
        (f"{STRICT}    route: raed\n", 4, "'raed' is not a route of the mix; did you mean read?"),
        (f"{STRICT}    step: dorp\n", 4, "'dorp' is not a step of this experiment; did you mean drop?"),
        (
            f"{STRICT}  - apiVersion: openslo/v1\n    kind: SLA\n    metadata: {{name: a}}\n    spec: {{}}\n",
            5,
            "is not a kind",
        ),
        ("slos:\n  - file: nosuch.yaml\n", 2, "no such file"),
        (
            "slos:\n  - name: p99\n    latency: {percentile: 99, below: 5s}\n",
            3,
            "below: 5 s is not below the timeout, 5 s",
        ),
        (f"{STRICT}    window: 1s\n    min_hits: 100\n", 5, "no 1 s of this play has 100 hits"),
        (f"{STRICT}limits:\n  recovery: 5m\n", 5, "cannot be broken by this play"),
        (f"{STRICT}  - name: availability\n    availability: 99%\n", 4, "duplicate SLO name"),
        ("limits:\n  recovery: 5\n", 1, "is required"),
        ("- a\n", 1, "must be keys with values"),
    ],
)
def test_a_bad_file_names_its_line_and_rule(tmp_path: Path, text: str, line: int, message: str) -> None:
    file = tmp_path / "slo.yaml"
    file.write_text(text)
    with pytest.raises(FileError) as caught:
        judge_run(stored(tmp_path), file)
    assert caught.value.line == line
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "because"),
    [
        ("route: write", "availability of write 99.166 % < 99.9 % (119 of 120 hits good)"),
        ("step: drop", "availability while drop acted 100 % ≥ 99.9 % (20 of 20 hits good)"),
        ("window: 10s", "worst 10 s window, 30.5 s into the play: 95 of 100 hits good"),
        (
            "timeslices: {window: 10s, target: 99%}",
            "(5 of 6 slices of 10 s reach 99 %, worst 40 s into the play",
        ),
        ("burn_rate: {at_most: 14.4, window: 30s, short: 2s}", "burn rate 16.67 > 14.4 over 30 s and 2 s"),
    ],
)
def test_a_stored_run_is_judged_by_each_form_of_an_slo(keys: str, because: str, tmp_path: Path) -> None:
    (tmp_path / "slo.yaml").write_text(f"{STRICT}    {keys}\n")
    found = judge_run(stored(tmp_path), tmp_path / "slo.yaml").findings
    assert any(because in finding.because for finding in found)


def test_abort_conditions_that_name_its_own_objectives_do_not_matter(tmp_path: Path) -> None:
    night = Night(changed={"abort": [{"slo": "p99"}]})
    (tmp_path / "slo.yaml").write_text(STRICT)
    assert judge_run(night.write(tmp_path / "run")[1].run, tmp_path / "slo.yaml").exit_code == 0


def test_a_run_whose_experiment_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"version": 1}')
    with pytest.raises(UsageError):
        judge_run(RunDir(tmp_path))


@pytest.mark.parametrize("file", ["hits.npy", "events.jsonl"])
def test_a_run_whose_files_are_torn_or_foreign_is_refused_in_one_line(file: str, tmp_path: Path) -> None:
    _, journal = Night().write(tmp_path)
    if file == "hits.npy":
        os.truncate(journal.run.hits, 1000)
    else:
        journal.run.events.write_text('{"version": 99}\n')
    with pytest.raises(UsageError, match="cannot judge"):
        judge_run(journal.run)
