"""A gate with `--audit`: errors fail it, warnings are shown, and nothing is played for an unreadable manifest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaos.gate.case import Case
from chaos.gate.verdict import judge
from chaos.play.gating import audit_manifests
from chaos.reports import junit, markdown
from tests.gate.planted import judged, played
from tests.gate.test_junit import checked
from tests.typed import refusal

AUDITS = Path(__file__).parents[1] / "audit"
RED = AUDITS / "fixtures/few-replicas/red.yaml"


def outcome(audit: list[Case]) -> tuple[int, str, str | None]:
    run = judged(played())
    verdict = judge([run], None, target="t", profile=None, seed=1, started="2026-11-23T23:00:00", audit=audit)
    document = json.loads(json.dumps(verdict.to_json(), allow_nan=False))
    assert [case["check"] for case in document["audit"]] == ["audit"] * len(audit)
    suites = [each.get("name") for each in checked(junit.render(verdict))]
    assert ("audit" in suites) == bool(audit)
    assert ("### Audit" in markdown.render(verdict)) == bool(audit)
    return verdict.exit_code, verdict.headline, verdict.runs[0].decision


def test_an_error_in_a_manifest_fails_the_gate_and_is_in_its_headline() -> None:
    code, headline, decision = outcome(audit_manifests([RED]))
    assert (code, decision) == (1, "refused")
    assert f"{RED}:21: Deployment api has 1 of at least 3 minReplicas" in headline


def test_well_made_manifests_pass() -> None:
    cases = audit_manifests([AUDITS / "projects/sound"])
    assert [(case.name, case.outcome) for case in cases] == [("manifests", "pass")]
    assert outcome(cases) == (0, "PASS: midnight", "passed")


def test_warnings_and_suppressed_findings_do_not_fail_it() -> None:
    cases = [
        *audit_manifests([AUDITS / "fixtures/argocd-no-self-heal/red.yaml"]),
        *audit_manifests([AUDITS.parents[1] / "targets/compose"]),
    ]
    assert {case.outcome for case in cases} == {"warning", "not exercised"}
    assert outcome(cases)[0] == 0


def test_without_audit_nothing_changes() -> None:
    assert audit_manifests([]) == []
    assert outcome([])[0] == 0


@pytest.mark.usefixtures("own_place")
def test_a_manifest_that_cannot_be_read_is_refused_before_the_play(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.yaml").write_text("a: [1\n")
    assert "bad.yaml:1: " in refusal(capsys, "gate", "smoke", "--audit", str(tmp_path))
