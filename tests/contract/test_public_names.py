"""What plug-ins import is a promise: this list changes only together with the CHANGELOG."""

from __future__ import annotations

import re
import subprocess
import sys

import chaos.checks
import chaos.plugin
import chaos.reports
from chaos.contract import fixtures, named
from chaos.contract.collecting import FIXTURES
from tests.midnight import PROJECT

PLUGIN = """
CONTAINERS FILES PROCESSES PROXIES SERVERS STAGING
Aborted Answer BrokenRule Claim ContainerRef Database Driver EngineAt Evidence Fault FaultError Handles Held Incident
Job LogFiles Model Name NoVerdict NotNegative Positive Probe ProcessRef Proxy Ratio Replication SamplingSource
Server Site Size Stanza Target TargetError TargetGone Undo UndoError UsageError Volume Wants Where no unknown
until_no yes
"""


def test_the_names_that_faults_drivers_and_sources_are_written_against() -> None:
    assert sorted(chaos.plugin.__all__) == sorted(PLUGIN.split())
    for name in chaos.plugin.__all__:
        assert getattr(chaos.plugin, name) is not None


def test_the_names_that_checks_figures_and_report_formats_are_written_against() -> None:
    assert {"Check", "Finding", "Judged", "Outcome"} <= set(chaos.checks.__all__)
    assert {"Figure", "Measured", "Room", "Tolerance", "of_finding"} <= set(chaos.checks.__all__)
    assert chaos.reports.__all__ == ["Format", "JudgedRun"]


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    assert not hasattr(chaos.plugin, "Registry")


def test_handles_are_imported_without_pydantic() -> None:
    code = "import sys, chaos.plugin.handles; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_page_lists_every_group_every_fixture_and_where_names_come_from() -> None:
    page = (PROJECT / "docs/contract.md").read_text()
    groups = [f"midnight.{kind}" for kind in named.registered()]
    assert sorted(groups) == sorted(re.findall(r"^\| `(midnight\.\w+)`", page, re.M))
    assert sorted(re.findall(r"^\| `(midnight_\w+)`", page, re.M)) == sorted(FIXTURES)
    assert set(FIXTURES) <= set(vars(fixtures))
