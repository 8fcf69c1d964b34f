"""`midnight audit PATH...` as a user types it: exit codes, text, JSON, SARIF, JUnit."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from chaos.audit.registered import RULES
from tests.audit.reading_audits import FIXTURES
from tests.history.stored import Stored
from tests.typed import refusal, typed

RED = FIXTURES / "few-replicas" / "red.yaml"
WARNINGS = FIXTURES / "cronjob-time-zone" / "red.yaml"
PROJECTS = Path(__file__).parent / "projects"


@pytest.mark.parametrize(
    ("path", "arguments", "code"),
    [
        (PROJECTS / "sound", ["--fail-on", "warning"], 0),
        (RED, [], 1),
        (FIXTURES / "suppression" / "red.yaml", [], 1),
        (PROJECTS / "argocd" / "deploy", ["--fail-on", "warning"], 0),
        (FIXTURES / "cronjobs-same-minute" / "red.yaml", ["--fail-on", "warning"], 1),
    ],
)
def test_the_exit_code_is_1_for_a_finding_at_or_above_the_given_severity(
    capsys: pytest.CaptureFixture[str], path: Path, arguments: list[str], code: int
) -> None:
    assert typed(capsys, "audit", str(path), *arguments).code == code


def test_a_warning_fails_only_if_it_is_asked_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "app.yaml"
    path.write_text((FIXTURES / "argocd-no-self-heal" / "red.yaml").read_text())
    assert typed(capsys, "audit", str(path)).code == 0
    assert typed(capsys, "audit", str(path), "--fail-on", "warning").code == 1


def test_a_note_fails_only_if_it_is_asked_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "job.yaml"
    path.write_text((FIXTURES / "argocd-prunes-state" / "green.yaml").read_text().split("---\n")[0])
    assert ": note: " in typed(capsys, "audit", str(path), "--fail-on", "warning").out
    assert typed(capsys, "audit", str(path), "--fail-on", "warning").code == 0
    assert typed(capsys, "audit", str(path), "--fail-on", "note").code == 1


def test_the_text_says_place_severity_rule_why_and_fix(capsys: pytest.CaptureFixture[str]) -> None:
    lines = typed(capsys, "audit", str(RED)).out.splitlines()
    at = next(number for number, line in enumerate(lines) if "[few-replicas]" in line)
    because = "Deployment api has 1 of at least 3 minReplicas of its autoscaler"
    assert lines[at] == f"{RED}:21: error: {because} [few-replicas]"
    assert lines[at + 1].startswith("    why: with two, a drained node")
    assert lines[at + 2] == "    fix: replicas: 3, or minReplicas: 3 in the HorizontalPodAutoscaler"
    assert lines[-1].startswith("FAIL: ")


def test_a_manifest_that_cannot_be_read_ends_with_2_and_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.yaml").write_text("a: [1\n")
    done = typed(capsys, "audit", str(tmp_path), str(RED))
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert f"{tmp_path}/bad.yaml:1: " in done.err
    assert "[few-replicas]" in done.out


def test_wrong_arguments_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no Kubernetes object" in refusal(capsys, "audit", str(tmp_path))
    assert "not a stored run" in refusal(capsys, "audit", str(RED), "--run", "nothing")
    mapped = tmp_path / "names.yaml"
    mapped.write_text("pool_sizes: [A]\n")
    assert "names.yaml:1: pool_sizes" in refusal(capsys, "audit", str(RED), "--map", str(mapped))


def test_json_has_every_finding_and_the_suppressed_ones(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(typed(capsys, "audit", str(PROJECTS / "compose"), "--json").out)
    assert (found["kind"], found["exit_code"], found["fail_on"], found["unread"]) == ("audit", 1, "error", [])
    (suppressed,) = [each for each in found["findings"] if each["suppressed"]]
    assert suppressed["rule"] == "compose-no-memory-limit"
    assert suppressed["suppressed"] == "it has a maxmemory of its own"
    assert {"rule", "severity", "file", "line", "object", "because", "why", "fix"} <= suppressed.keys()


def test_sarif_has_every_rule_every_result_and_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(PROJECTS)
    file = tmp_path / "audit.sarif"
    typed(capsys, "audit", "compose", "--sarif-file", str(file))
    log = json.loads(file.read_text())
    assert (log["version"], log["$schema"]) == ("2.1.0", "https://json.schemastore.org/sarif-2.1.0.json")
    (run,) = log["runs"]
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert ids == [rule.id for rule in RULES]
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "compose/compose.yaml"
        assert place["region"]["startLine"] >= 1
    suppressed = [each["suppressions"] for each in run["results"] if "suppressions" in each]
    assert suppressed == [[{"kind": "inSource", "justification": "it has a maxmemory of its own"}]]
    assert run["invocations"][0]["executionSuccessful"]


def test_junit_has_a_failure_for_each_error_and_a_pass_for_each_rule_without_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.yaml").write_text("a: [1\n")
    file = tmp_path / "audit.xml"
    typed(capsys, "audit", str(PROJECTS / "compose"), str(tmp_path), "--junit-file", str(file))
    (suite,) = ET.fromstring(file.read_text())
    kinds = [[part.tag for part in case] for case in suite]
    assert suite.get("failures") == str(kinds.count(["failure"])) == "10"
    assert suite.get("errors") == str(kinds.count(["error"])) == "1"
    assert suite.get("skipped") == str(kinds.count(["skipped"])) == "6"
    passed = {case.get("name") for case in suite if not len(case)}
    assert "few-replicas" in passed
    assert "connections" not in passed


def test_a_report_that_cannot_be_written_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    done = typed(capsys, "audit", str(RED), "--sarif-file", "/nowhere/at/all.sarif")
    assert done.code == 2
    assert "/nowhere/at/all.sarif: cannot be written" in done.err


@pytest.mark.usefixtures("own_place")
def test_a_stored_run_says_what_the_probe_and_the_limit_have_to_bear(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Stored(figures={"p99": 4.2}).write(tmp_path / "reports")
    samples = ['{"version": 1}', *(_sample(at, rss) for at, rss in ((0.0, 4e8), (0.25, 9e8), (0.5, 5e8)))]
    run.samples.write_text("\n".join(samples) + "\n")
    for rule, number in (("liveness-against-run", "4.2 s"), ("memory-limit-against-run", "858 MiB")):
        red, green = (str(FIXTURES / rule / f"{colour}.yaml") for colour in ("red", "green"))
        (line,) = [
            line
            for line in typed(capsys, "audit", red, "--run", str(run.path)).out.splitlines()
            if f"[{rule}]" in line
        ]
        assert number in line
        assert run.id in line
        assert f"[{rule}]" not in typed(capsys, "audit", green, "--run", str(run.path)).out
        assert f"[{rule}]" not in typed(capsys, "audit", red).out


def _sample(at: float, rss: float) -> str:
    return json.dumps({"at": at, "values": {"process:api": {"rss": rss}, "process:database": {"rss": 1e9}}})


@pytest.mark.usefixtures("own_place")
def test_a_run_without_verdict_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = Stored(verdict=None).write(tmp_path / "reports")
    assert "has no verdict" in refusal(capsys, "audit", str(RED), "--run", str(run.path))
