"""The CI examples are what their CI reads, and the gate they call is one that there is."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
from ruamel.yaml import YAML

from chaos import cli
from tests.midnight import PROJECT

CI = PROJECT / "docs/ci"


def read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load((CI / name).read_text())
    return document


def gate_options(script: str) -> set[str]:
    """The options with which a script calls the gate, each of them known to the command."""
    words = shlex.split(script[script.index(".venv/bin/midnight") :])
    assert words[1] == "gate"
    command: Any = typer.main.get_command(cli.app())
    known = {option for parameter in command.commands["gate"].params for option in parameter.opts}
    used = {word for word in words if word.startswith("--")}
    assert used <= known
    return used


def test_github_plays_the_gate_reports_it_and_keeps_what_it_wrote() -> None:
    document = read("github-actions.yaml")
    assert set(document) <= {"name", True, "on", "permissions", "concurrency", "jobs"}
    (job,) = document["jobs"].values()
    assert job["runs-on"]
    steps = {step.get("name", step.get("uses")): step for step in job["steps"]}
    assert all(("run" in step) != ("uses" in step) for step in steps.values())
    written = gate_options(steps["Gate"]["run"])
    assert {"--junit-file", "--markdown-file", "--json-file"} <= written
    assert steps["Write the job summary"]["if"] == steps["Keep the results"]["if"] == "always()"
    assert "$GITHUB_STEP_SUMMARY" in steps["Write the job summary"]["run"]
    assert "midnight.xml" in steps["Keep the results"]["with"]["path"]
    assert "steps.baseline.outputs.option" in steps["Gate"]["run"]
    assert "--baseline" in steps["Get the baseline of the last release"]["run"]
    assert "continue-on-error" not in str(document)
    for step in steps.values():
        shell = subprocess.run(
            ["bash", "-n"], input=step.get("run", ""), text=True, capture_output=True, check=False
        )
        assert (shell.returncode, shell.stderr) == (0, ""), step


def test_gitlab_plays_the_gate_and_reports_its_junit() -> None:
    document = read("gitlab-ci.yaml")
    job = document["midnight"]
    assert job["stage"] in document["stages"]
    used = gate_options(job["script"][-1])
    assert {"--baseline", "--tolerance", "--require-drill-within", "--junit-file"} <= used
    assert job["artifacts"]["reports"]["junit"] in job["script"][-1]
    assert job["artifacts"]["when"] == "always"
    assert job["retry"] == 0
    assert "allow_failure" not in job


@pytest.mark.parametrize("page", ["memory.md", "gate.md"])
def test_a_page_names_only_files_that_there_are(page: str) -> None:
    text = (PROJECT / "docs" / page).read_text()
    links = [part.partition(")")[0].partition("#")[0] for part in text.split("](")[1:]]
    assert all((PROJECT / "docs" / link).exists() for link in links), links
    assert Path(PROJECT / "docs" / page).stat().st_size > 1000
