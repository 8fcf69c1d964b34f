"""A journal of version 1 is read and judged as it was when that was the only one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from chaos.checks.rejudge import judge_run
from chaos.errors import UsageError
from chaos.record import events
from chaos.record.fields import misread
from chaos.record.journal import VERSION, Event, Journal
from chaos.record.manifest import Manifest
from chaos.record.store import RunDir

STORED = RunDir(Path(__file__).parent / "version_1")


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    """A copy of the stored journal."""
    return RunDir(Path(shutil.copytree(STORED.path, tmp_path / "run")))


def test_an_old_journal_gets_its_original_verdict() -> None:
    """`expected.json` is what midnight said of it then; `honesty` was renamed since."""
    expected = json.loads((STORED.path / "expected.json").read_text())
    said = judge_run(STORED).to_json()
    findings = {(each["check"], each["name"]): each for each in said["findings"]}
    for each in expected["findings"]:
        assert findings[each["check"], each["name"]].items() >= each.items()
    for link, told in zip(expected["links"], said["links"], strict=True):
        assert told.items() >= link.items()
    assert said["figures"].items() >= expected["figures"].items()
    assert (said["verdict"], said["exit_code"]) == (expected["verdict"], expected["exit_code"])


def test_every_event_of_an_old_journal_is_fully_known_and_written_unchanged() -> None:
    stored = Journal(STORED).events
    assert len(stored) == 39
    for event in stored:
        found = events.known(event)
        assert found is not None, event
        assert misread(type(found), event.detail) == []
        assert found.event().detail.items() >= event.detail.items()


def test_an_old_manifest_is_fully_known_and_written_unchanged() -> None:
    document = json.loads(STORED.run_file.read_text())
    found = Manifest.load(STORED.run_file)
    assert misread(Manifest, document) == []
    assert found.document.keys() - {"version"} <= {*Manifest.__dataclass_fields__}
    assert Manifest.of(found.as_stored().document) == found
    assert found.steps[0].step == "idle_drop" and found.host.cpus == 2 and found.ledger.base > 0


def _without_version(run: RunDir) -> None:
    for file in (run.events, run.samples, run.instrument):
        head, *lines = file.read_text().splitlines(keepends=True)
        assert json.loads(head) == {"version": 1}
        file.write_text("".join(lines))
    document = json.loads(run.run_file.read_text())
    del document["version"]
    run.run_file.write_text(json.dumps(document))


def test_files_that_state_no_version_are_of_version_1(run: RunDir) -> None:
    _without_version(run)
    assert Journal(run).events == Journal(STORED).events
    assert judge_run(run) == judge_run(STORED)


@pytest.mark.parametrize("name", ["events.jsonl", "samples.jsonl", "instrument.jsonl", "run.json"])
def test_a_newer_version_is_refused_and_both_are_named(run: RunDir, name: str) -> None:
    file = run.path / name
    file.write_text(
        file.read_text().replace('"version": 1', '"version": 9').replace('"version":1', '"version":9')
    )
    with pytest.raises(UsageError, match=f"{name}: version 9, this midnight reads {VERSION}"):
        judge_run(run)


def test_the_names_of_version_1_are_read_as_those_of_today(run: RunDir) -> None:
    lines = [
        {"version": 1},
        {"at": 1.0, "source": "step", "name": "drop", "phase": "restore failed", "detail": {"because": "x"}},
        {"at": 2.0, "source": "step", "name": "drop", "phase": "restored", "detail": {"evidence": {}}},
        {"at": 3.0, "source": "healer", "name": "watchdog", "phase": "ended", "detail": {"restored": 1}},
    ]
    run.healer_events.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = [events.known(event) for event in Journal(run).events[1:]]
    for expected in (
        events.StepNotUndone(1.0, "drop", because="x"),
        events.StepUndone(2.0, "drop"),
        events.HealerEnded(3.0, "watchdog", undone=1),
    ):
        assert expected in found


def _add(run: RunDir, *lines: dict[str, Any]) -> None:
    with run.events.open("a") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


def test_additions_of_a_newer_program_of_the_same_version_change_no_verdict(run: RunDir) -> None:
    before = judge_run(run)
    moon = {"at": 60.0, "source": "moon", "name": "moon", "phase": "risen", "detail": {"full": True}}
    known = Journal(run).latest(events.PlayBegun)
    assert known is not None
    _add(run, moon, {"at": known.at, "source": "run", "name": "play", "phase": "begun",
                     "detail": {**known.detail, "moon": "full"}})  # fmt: skip
    document = json.loads(run.run_file.read_text())
    run.run_file.write_text(json.dumps({**document, "moon": "full"}))
    assert judge_run(run) == before
    assert Event(60.0, "moon", "moon", "risen", {"full": True}) in Journal(run).events
