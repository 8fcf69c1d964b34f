"""An experiment, a suite and the check of a backup are played by one protocol, and by nothing else."""

from __future__ import annotations

import fcntl
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from chaos import cli
from chaos.checks.result import RunResult
from chaos.errors import ExitCode, FileError, UsageError
from chaos.plan import build as plans
from chaos.play import kinds
from chaos.play.backup_check import BackupCheck
from chaos.play.experiment import OneExperiment, what_next
from chaos.play.playable import Playable, Request
from chaos.play.suite import WholeSuite
from chaos.record import store
from chaos.record.store import RunDir
from chaos.schedule.launch import Processes
from chaos.schedule.schedule import Schedule
from chaos.spec import kind
from chaos.spec.kind import Kind

CHAOS = Path(cli.__file__).parents[1]
SHIPPED = {"smoke": OneExperiment, "dr-drill": WholeSuite, "restore-mine": BackupCheck}
BACKUP = Request("backup-example")


pytestmark = pytest.mark.usefixtures("own_place")


@pytest.mark.parametrize(("name", "expected"), SHIPPED.items())
def test_each_file_is_played_as_its_own_kind(name: str, expected: type[Playable]) -> None:
    assert type(kinds.find(name)) is expected


def test_every_kind_can_be_played() -> None:
    assert set(kinds.KINDS) == set(Kind)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"restore": {}}, Kind.RESTORE),
        ({"restore": {}, "load": {}}, Kind.EXPERIMENT),
        ({"scenarios": []}, Kind.SUITE),
        ({"load": {}}, Kind.EXPERIMENT),
        ([], Kind.EXPERIMENT),
        (None, Kind.EXPERIMENT),
    ],
)
def test_a_document_is_recognised_by_its_keys(document: object, expected: Kind) -> None:
    assert kind.of_document(document) is expected


def test_only_the_protocol_and_what_judges_ask_for_the_kind() -> None:
    asking = {
        str(file.relative_to(CHAOS))
        for file in CHAOS.rglob("*.py")
        if "\nfrom chaos.spec.kind import " in file.read_text()
    }
    assert asking == {
        "play/kinds.py",
        "play/gating.py",
        "plan/suite.py",  # a scenario must be an experiment
        "checks/rejudge.py",
        "reports/html.py",
        "reports/explain.py",
    }


@pytest.mark.parametrize(
    ("name", "request_", "because"),
    [
        ("dr-drill", Request(changes=("a.b=1",)), "--set changes a step of a single experiment"),
        ("restore-mine", Request("backup-example", "hardened"), "a backup check has no profile and no steps"),
        ("restore-mine", Request("backup-example", changes=("a.b=1",)), "a backup check has no profile"),
    ],
)
def test_an_option_that_a_kind_lacks_is_refused(name: str, request_: Request, because: str) -> None:
    with pytest.raises(UsageError, match=because):
        kinds.find(name).plan(request_)


def test_a_backup_is_not_rehearsed_on_any_target() -> None:
    with pytest.raises(UsageError, match="no steps to rehearse: use --dry-run"):
        kinds.find("restore-mine").rehearse(Request())
    with pytest.raises(FileError, match="needs a target with driver backup"):
        kinds.find("restore-mine").plan(Request())


@pytest.mark.parametrize("name", SHIPPED)
def test_a_plan_is_shown_and_can_be_validated(name: str) -> None:
    playable = kinds.find(name)
    request = BACKUP if name == "restore-mine" else Request()
    assert playable.summary().title
    assert playable.warnings("embedded") == ()
    assert playable.show(request, as_json=False).count("\n  ") > 1


def test_a_suite_is_shown_as_one_document_with_each_of_its_plans() -> None:
    plan = WholeSuite(CHAOS.parent / "experiments/dr-drill.yaml").plan(Request())
    shown = json.loads(kinds.find("dr-drill").show(Request(), as_json=True))
    assert [each["experiment"] for each in shown] == [each.experiment.name for each in plan.plans]
    assert plan.aim == plan.plans[0].aim


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (ExitCode.PASS, "midnight run smoke --profile"),
        (ExitCode.NOT_UNDONE, "midnight undo night"),
        (ExitCode.VIOLATED, "midnight explain night"),
        (ExitCode.UNKNOWN, "midnight explain night"),
    ],
)
def test_the_next_command_suggested_fits_how_the_run_ended(
    code: ExitCode, words: str, tmp_path: Path
) -> None:
    assert words in what_next(
        plans.build("smoke", "embedded"), RunResult(RunDir(tmp_path / "night"), code, None)
    )


def test_the_next_command_names_the_files_that_were_given(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text((CHAOS.parent / "experiments/smoke.yaml").read_text())
    passed = RunResult(RunDir(tmp_path / "night"), ExitCode.PASS, None)
    plan = plans.build(str(mine), "docker")
    assert what_next(plan, passed, "docker").startswith(f"midnight run {mine} --target docker --profile ")


def test_a_run_without_a_verdict_prints_none(tmp_path: Path) -> None:
    printed = io.StringIO()
    for name in ("smoke", "restore-mine"):
        kinds.find(name).tell(RunResult(RunDir(tmp_path), ExitCode.FAILED, None), Console(file=printed))
    assert printed.getvalue() == ""


@pytest.mark.parametrize(
    ("experiment", "target"), [("restore-mine", "backup-example"), ("smoke", "embedded")]
)
def test_a_target_in_a_play_is_busy_for_every_kind_of_run(experiment: str, target: str) -> None:
    schedule = Schedule.model_validate(
        {"name": "n", "experiment": experiment, "target": target, "when": "0 4 1 * *", "timezone": "UTC"}
    )
    launcher = Processes(lambda: None)
    assert launcher.busy(schedule) is None
    lock = store.lock_file(kinds.find(experiment).plan(Request(target)).aim)
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write("20261126T000000Z-aaaaaa")
        file.flush()
        assert launcher.busy(schedule) == "20261126T000000Z-aaaaaa"
