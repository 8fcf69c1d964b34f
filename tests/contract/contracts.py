"""`pytest --midnight-contract` as an author runs it, over the plug-ins that are planted here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

HERE = Path(__file__).parent
CONFTEST = """
import pytest
from chaos.plugin import Handles, Volume

@pytest.fixture
def midnight_handles(tmp_path):
    (tmp_path / "data").mkdir()
    return Handles(volumes={"data": Volume(tmp_path / "data", None, None)})

@pytest.fixture
def midnight_target(midnight_subject, tmp_path):
    file = tmp_path / "target.yaml"
    file.write_text(f"name: mine\\ndriver: {midnight_subject}\\noptions: {{place: {tmp_path}}}\\n")
    return file

@pytest.fixture(autouse=True)
def not_for_long(midnight_subject, monkeypatch):
    monkeypatch.setattr("chaos.contract.faults.HOLD", 0.05)
    monkeypatch.setattr("chaos.contract.traces.WITHIN", 0.2)
    if midnight_subject == "deaf":
        monkeypatch.setattr("chaos.contract.faults.RETURNS_WITHIN", 0.1)
    if midnight_subject == "slow":
        monkeypatch.setattr("chaos.run.steps.UNDO", -25)
"""


def project(place: Path, points: Mapping[str, Mapping[str, str]], conftest: str = CONFTEST) -> Path:
    """A project with an installed package of these entry points, by group, whose conftest.py is in `tests`."""
    site, metadata = place / "site", place / "site/planted-1.dist-info"
    metadata.mkdir(parents=True)
    for file in ("planted_faults.py", "planted_on_a_server.py", "planted_rest.py"):
        (site / file).write_text((HERE / file).read_text())
    groups = [
        "\n".join([f"[midnight.{group}]", *(f"{name} = {value}" for name, value in each.items())])
        for group, each in points.items()
    ]
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: planted\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("\n".join(groups) + "\n")
    (place / "tests").mkdir()
    (place / "tests/conftest.py").write_text(conftest)
    return place


def class_of(name: str) -> str:
    return name.title().replace("_", "")


def pytest_in(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(place / "site"), "XDG_STATE_HOME": str(place / "state")}
    argv = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", *arguments]
    return subprocess.run(argv, cwd=place, env=environment, capture_output=True, text=True, check=False)


def failed(place: Path, names: Iterable[str]) -> dict[str, set[str]]:
    """The tests of the contract that each of these fails, by its name; a skipped test is `skipped: NAME`."""
    asked = [part for name in names for part in ("--midnight-contract", name)]
    done = pytest_in(place, "-q", "--junit-xml", str(place / "out.xml"), "--tb", "short", *asked)
    found: dict[str, set[str]] = {name: set() for name in names}
    cases = list(ET.parse(place / "out.xml").getroot().iter("testcase"))
    assert cases, done.stdout + done.stderr
    for case in cases:
        match = re.fullmatch(r"(\w+)\[(\w+)\]", case.get("name", ""))
        assert match, done.stdout
        outcomes = {each.tag for each in case} & {"failure", "error", "skipped"}
        if outcomes:
            prefix = "skipped: " if outcomes == {"skipped"} else ""
            found[match[2]].add(prefix + match[1].removeprefix("test_"))
    return found
