"""The report format of docs/extend/report.md: installed, it writes its file from a stored run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.extend.installing import Installed, install
from tests.reports.stored_run import write_run


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return install("report", tmp_path_factory.mktemp("installed"))


@pytest.fixture
def midnight(installed: Installed, tmp_path: Path) -> Installed:
    return installed.used_in(tmp_path)


def test_it_writes_its_file_only_once_it_is_installed(midnight: Installed) -> None:
    run = write_run(midnight.place / "reports/midnight/20261101T020000Z-abcdef").path
    done = midnight("report", str(run), "--format", "prometheus")
    assert (done.code, done.out.strip()) == (0, str(run / "report.prom")), done.err
    lines = (run / "report.prom").read_text().splitlines()
    assert 'midnight_exit_code{experiment="midnight",target="reference",profile="fragile"} 1.0' in lines
    assert any(line.startswith("midnight_availability{") for line in lines)
    without = midnight.lacking()("report", str(run), "--format", "prometheus")
    assert (without.code, without.err) == (
        2,
        "midnight: unknown report format 'prometheus'; known: html, json, openmetrics\n",
    )


def test_its_own_tests_and_the_contract_pass(midnight: Installed) -> None:
    assert "skipped" not in midnight.test("prometheus")
