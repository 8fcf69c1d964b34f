"""`--write`: an experiment that is valid whatever was found, with the doses found; the rest is a comment."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from chaos.spec import experiment
from chaos.survey import durations, replay
from chaos.survey.entry import Took
from chaos.survey.reading import Survey
from tests.survey.surveying import surveyed
from tests.typed import typed

LOGROTATE = {
    "/etc/systemd/system/logrotate.timer": "[Timer]\nOnCalendar=daily\nAccuracySec=1h\n",
    "/etc/systemd/system/logrotate.service": "[Service]\nExecStart=/usr/sbin/logrotate /etc/logrotate.conf\n",
    "/etc/systemd/system/timers.target.wants/logrotate.timer": "",
    "/etc/logrotate.conf": "include /etc/logrotate.d\n",
    "/etc/logrotate.d/app": "/var/log/app.log {\n  daily\n}\n",
    "/var/log/app.log": "x",
}


def written(tmp_path: Path, found: Survey) -> tuple[experiment.Experiment, str]:
    path = replay.write(found, tmp_path / "night.yaml")
    return experiment.load(path), path.read_text()


def night(tmp_path: Path, crontab: str, log: int = 0) -> Survey:
    root = tmp_path / "root"
    files = {**LOGROTATE, "/etc/crontab": crontab}
    surveyed(root, files)
    with (root / "var/log/app.log").open("wb") as file:
        file.truncate(log)
    return surveyed(root, {})


def test_the_rotation_has_the_size_of_the_logs_and_names_the_teams_stanza(tmp_path: Path) -> None:
    found, text = written(
        tmp_path, night(tmp_path, "0 0 * * * backup pg_dump -f /b/x shop\n", log=250_000_000)
    )
    steps = {step.name: step for step in found.steps}
    assert steps["logrotate"].params == {"grown": "250MB", "min_rotated": "10000000B"}
    assert "logs: {directory: /var/log, files: [app.log], stanza: /etc/logrotate.d/app}" in text
    assert steps["batch_job"].at == steps["logrotate"].at
    assert 'jobs: {nightly: {argv: [sh, -c, "pg_dump -f /b/x shop"]}}' in text


def test_logs_of_several_stanzas_are_named_with_the_directory_of_all(tmp_path: Path) -> None:
    found = night(tmp_path, "0 0 * * * backup pg_dump -f /b/x shop\n", log=2_000_000)
    root = tmp_path / "root"
    more = {"/etc/logrotate.d/web": "/var/log/web/*.log {\n  daily\n}\n", "/var/log/web/access.log": ""}
    surveyed(root, more)
    with (root / "var/log/web/access.log").open("wb") as file:
        file.truncate(250_000_000)
    found = surveyed(root, {})
    _, text = written(tmp_path, found)
    assert (
        "logs: {directory: /var/log/web, files: [access.log, /var/log/app.log], stanza: /etc/logrotate.d}"
        in text
    )
    assert "2 logs, the largest /var/log/web/access.log" in text


def test_a_rotation_at_another_time_follows_the_collision(tmp_path: Path) -> None:
    crontab = "0 3 * * * backup pg_dump -f /b/x shop\n0 3 * * * root /bin/other\n"
    found, text = written(tmp_path, night(tmp_path, crontab, log=250_000_000))
    assert [(step.name, step.after) for step in found.steps] == [
        ("batch_job", None),
        ("batch_job-2", None),
        ("logrotate", "batch_job"),
    ]
    assert [step.params.get("job") for step in found.steps] == ["nightly", "nightly-2", None]
    assert found.if_missing == "leave_out"
    assert 'jobs: {nightly-2: {argv: [sh, -c, "/bin/other"]}}' in text


def test_jobs_that_run_one_after_another_are_played_so(tmp_path: Path) -> None:
    survey = night(tmp_path, "".join(f"0 3 * * * root /bin/{name}\n" for name in "abc"))
    (each,) = survey.collisions
    turns = {"a": "daily", "b": "", "c": "daily"}
    in_turn = replace(each, sure=tuple(replace(one, turn=turns[one.name]) for one in each.sure))
    found, _ = written(tmp_path, replace(survey, collisions=[in_turn]))
    assert [(step.name, step.after) for step in found.steps] == [
        ("batch_job", None),
        ("batch_job-2", None),
        ("batch_job-3", "batch_job"),
    ]


def test_no_more_than_eight_jobs_are_played(tmp_path: Path) -> None:
    found, text = written(
        tmp_path, night(tmp_path, "".join(f"0 3 * * * root /bin/job{i}\n" for i in range(10)))
    )
    assert len(found.steps) == 8
    assert text.count("8 jobs are already played: swap the commands to replay this one") == 2


def test_logs_too_small_to_be_felt_are_a_comment(tmp_path: Path) -> None:
    found, text = written(tmp_path, night(tmp_path, "0 0 * * * backup pg_dump shop\n", log=5000))
    assert [step.name for step in found.steps] == ["batch_job"]
    assert "logrotate.timer (timer): its logs have 5 kB: too little to matter" in text


def test_a_recorded_duration_bounds_the_step(tmp_path: Path) -> None:
    survey = night(tmp_path, "0 3 * * * root /bin/a\n0 3 * * * root /bin/b\n")
    took = Took(100, 120, 9, "journal")
    (each,) = survey.collisions
    timed = replace(
        each, sure=tuple(replace(one, took=took) if one.name == "b" else one for one in each.sure)
    )
    found, text = written(tmp_path, replace(survey, collisions=[timed]))
    assert [(step.name, step.hold) for step in found.steps] == [("batch_job", 180), ("batch_job-2", 60)]
    assert "b (cron), /etc/crontab:2: took ~1m 40s in 9 runs" in text


def test_a_night_without_jobs_is_still_a_valid_experiment(tmp_path: Path) -> None:
    found, _ = written(tmp_path, surveyed(tmp_path / "root", {}))
    assert found.steps == ()


@pytest.mark.parametrize(
    "command", ["/bin/x: {y: [", "/bin/'\"#", "/bin/ü\\u2028\\x00", "/bin/" + "x" * 900, "/bin/a\x1b[31m"]
)
def test_no_command_breaks_the_file(tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    survey = surveyed(tmp_path / "root", {"/etc/crontab": f"0 3 * * * root {command}\n"})
    path = replay.write(survey, tmp_path / "night.yaml")
    assert typed(capsys, "validate", str(path)).code == 0


def test_a_journal_gives_the_durations_of_a_copied_machine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    surveyed(tmp_path / "root", LOGROTATE)
    ids = {"start": durations._STARTING, "end": durations._ENDED}
    lines = [
        {
            "UNIT": "logrotate.service",
            "MESSAGE_ID": ids[kind],
            "__REALTIME_TIMESTAMP": str(second * 1_000_000),
        }
        for kind, second in (("start", 10), ("end", 52))
    ]
    (tmp_path / "journal").write_text("\n".join(map(json.dumps, lines)))
    done = typed(
        capsys, "survey", "--root", str(tmp_path / "root"), "--journal", str(tmp_path / "journal"), "--json"
    )
    (entry,) = [each for each in json.loads(done.out)["entries"] if each["kind"] == "timer"]
    assert entry["took"] == {"median": 42.0, "longest": 42.0, "runs": 1, "source": str(tmp_path / "journal")}
