"""OpenSLO v1 is accepted wherever SLOs stand, and becomes SLOs of ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaos.checks.finding import Outcome
from chaos.checks.rejudge import judge_run
from chaos.record.hits import Outcome as Hit
from chaos.spec import experiment as experiments
from chaos.spec.slo import LatencyObjective, Slo, Timeslices
from tests.checks.synthetic import Night
from tests.openslo_documents import (
    EXPERIMENT,
    POLICY,
    RATIO,
    SLI,
    SOURCE,
    THRESHOLD,
    documents,
    item_of,
    slos,
)
from tests.typed import typed

CHECKOUT = Slo(name="checkout", availability=0.99, route="read", period=28 * 86400.0)
FAST = Slo(name="fast", latency=LatencyObjective(share=0.95, below=0.5))


def test_an_item_of_the_list_may_be_written_as_openslo(tmp_path: Path) -> None:
    ours = "{name: ours, availability: 99%}"
    assert slos(tmp_path, RATIO, ours) == (CHECKOUT, Slo(name="ours", availability=0.99))


def test_a_file_of_several_documents_may_replace_a_list_item(tmp_path: Path) -> None:
    documents(tmp_path / "openslo.yaml", SOURCE, SLI, RATIO, POLICY, THRESHOLD)
    ours = "{name: ours, availability: 99%}"
    found = slos(tmp_path, "{file: openslo.yaml}", ours)
    assert found == (CHECKOUT, FAST, Slo(name="ours", availability=0.99))


def test_items_of_the_list_may_refer_to_each_other(tmp_path: Path) -> None:
    assert slos(tmp_path, THRESHOLD, SLI, SOURCE) == (FAST,)


def test_a_file_of_objectives_is_validated_by_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    openslo, ours, broken = (tmp_path / name for name in ("openslo.yaml", "ours.yaml", "broken.yaml"))
    documents(openslo, SOURCE, SLI, RATIO, POLICY, THRESHOLD)
    ours.write_text("slos: [{name: ours, availability: 99%}]\n")
    documents(broken, SOURCE, SLI, THRESHOLD.replace("target: 0.95", "target: 1.95"))
    said = typed(capsys, "validate", str(openslo), str(ours), str(broken))
    assert said.code == 2
    assert said.out.splitlines() == [f"{file}: valid SLO file" for file in (openslo, ours)]
    assert said.err.count("\n") == 1 and f"{broken}:" in said.err and "1.95" in said.err


def test_a_run_keeps_what_they_were_translated_to(tmp_path: Path) -> None:
    path = tmp_path / "experiment.yaml"
    documents(tmp_path / "openslo.yaml", SOURCE, SLI, RATIO, THRESHOLD)
    path.write_text(EXPERIMENT + item_of("{file: openslo.yaml}"))
    read = experiments.load(path)
    kept = json.loads(json.dumps(read.model_dump(by_alias=True, mode="json")))
    assert experiments.Experiment.model_validate(kept) == read


def test_bad_hits_of_all_are_the_same_ratio(tmp_path: Path) -> None:
    [found] = slos(tmp_path, RATIO.replace("good:\n", "bad:\n").replace("good_hits", "bad_hits"))
    assert found == CHECKOUT


def test_several_objectives_are_numbered(tmp_path: Path) -> None:
    more = RATIO.replace("  alertPolicies", "    - {target: 0.9}\n  alertPolicies")
    assert [(each.name, each.availability) for each in slos(tmp_path, more)] == [
        ("checkout-1", 0.99),
        ("checkout-2", 0.9),
    ]


def test_less_than_leaves_out_the_threshold_itself(tmp_path: Path) -> None:
    run = Night(slow=[(0, 60, 0.5)]).write(tmp_path / "run")[1].run
    for op, outcome in (("lte", Outcome.PASS), ("lt", Outcome.FAIL)):
        document = THRESHOLD.replace("op: lte, value: 0.5", f"op: {op}, value: {HALF}")
        file = documents(tmp_path / f"{op}.yaml", SOURCE, SLI, document)
        [found] = [each for each in judge_run(run, file).findings if each.check == "latency"]
        assert found.outcome is outcome


HALF = (20.25 + 0.5) - 20.25
"""A latency that a clock of binary seconds can show."""


def test_timeslices_become_slices(tmp_path: Path) -> None:
    text = RATIO.replace("Occurrences", "Timeslices").replace(
        "targetPercent: 99", "target: 0.9, timeSliceTarget: 0.95, timeSliceWindow: 0.25"
    )
    [found] = slos(tmp_path, text)
    assert (found.availability, found.timeslices) == (0.9, Timeslices(window=15.0, target=0.95))
    [found] = slos(tmp_path, text.replace("timeSliceWindow: 0.25", "timeSliceWindow: 1m"))
    assert found.timeslices == Timeslices(window=60.0, target=0.95)


@pytest.mark.parametrize(
    ("written", "period"), [("30m", 1800.0), ("12h", 43200.0), ("1M", 30 * 86400.0), ("1Q", 90 * 86400.0)]
)
def test_a_rolling_window_is_the_period_of_the_budget(written: str, period: float, tmp_path: Path) -> None:
    [found] = slos(tmp_path, RATIO.replace("4w", written))
    assert found.period == period


def test_a_stored_run_is_judged_by_an_openslo_file(tmp_path: Path) -> None:
    run = Night(bad=[(40, 41, Hit.TIMEOUT)], slow=[(10, 14, 0.6)]).write(tmp_path / "run")[1].run
    file = documents(tmp_path / "openslo.yaml", RATIO, THRESHOLD, SLI, SOURCE)
    found = {each.name: each for each in judge_run(run, file).findings}
    assert (found["checkout"].outcome, found["checkout"].measured) == (Outcome.FAIL, 472 / 480)
    assert found["fast"].because == "share within 500 ms 91.666 % < 95 % (550 of 600 hits good within 500 ms)"
