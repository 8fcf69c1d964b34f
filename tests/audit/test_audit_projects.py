"""Whole projects: a chart with a stampede, a Compose file, an Argo CD application, and two that are well made."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.audit.auditing import audit
from chaos.audit.rule import Severity
from chaos.audit.show import as_text
from chaos.errors import ExitCode
from tests.midnight import PROJECT

PROJECTS = Path(__file__).parent / "projects"
BAD = ("argocd", "chart", "compose")


@pytest.mark.parametrize("name", BAD)
def test_a_project_gets_the_findings_that_were_judged_by_hand(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To accept a change: `cd tests/audit/projects; midnight audit NAME > NAME.txt`, and read the difference."""
    monkeypatch.chdir(PROJECTS)
    found = audit([Path(name)])
    assert as_text(found, Severity.ERROR) == (PROJECTS / f"{name}.txt").read_text().splitlines()
    assert found.exit_code(Severity.ERROR) is ExitCode.VIOLATED


def test_a_well_made_project_gets_none() -> None:
    found = audit([PROJECTS / "sound"])
    assert [f"{each.where} {each.because}" for each in found.findings] == []
    assert found.items == 18


def test_the_reference_stack_passes_with_each_exception_explained() -> None:
    found = audit([PROJECT / "targets/compose"])
    assert found.exit_code(Severity.WARNING) is ExitCode.PASS
    assert {each.rule for each in found.suppressed} == {
        "compose-no-restart",
        "compose-logs-unrotated",
        "secret-in-env",
    }


def test_without_its_exceptions_the_reference_stack_fails(tmp_path: Path) -> None:
    path = tmp_path / "compose.yaml"
    lines = (PROJECT / "targets/compose/compose.yaml").read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "midnight-audit" not in line))
    assert audit([path]).exit_code(Severity.ERROR) is ExitCode.VIOLATED
