"""Commands, journals, manifests and job stores: what is taken from them, and one line where nothing is."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from chaos.survey import durations, jobstores, manifests
from chaos.survey.commands import uses
from chaos.survey.machine import Machine
from chaos.survey.root import Root
from tests.survey.surveying import machine


def unread(found: list[object]) -> list[str]:
    return [str(each) for each in found]


@pytest.mark.parametrize(
    ("command", "role", "database", "connections"),
    [
        ("pg_dump shop", "backup", "postgresql localhost:5432", 1),
        ("pg_dump -Fd -j4 -h db -p 6432 shop", "backup", "postgresql db:6432", 5),
        ("sudo -u postgres /usr/bin/vacuumdb --all --jobs=3", "database", "postgresql localhost:5432", 3),
        ("pg_basebackup -D /b -X fetch", "backup", "postgresql localhost:5432", 1),
        ("mysqldump --host=m shop | gzip > /b/x.gz", "backup", "mysql m:3306", 1),
        (
            "psql -c 'select 1; select 2' && pg_dump -h /run/postgresql x",
            "backup",
            "postgresql localhost:5432",
            2,
        ),
        ("barman backup all", "backup", "postgresql localhost:5432", None),
        ("restic backup /srv", "backup", "", None),
        ("/usr/sbin/logrotate /etc/logrotate.conf", "rotation", "", None),
        ("/usr/bin/certbot -q renew", "certificate", "", None),
        ("/usr/local/bin/report", "", "", None),
        ("echo 'unbalanced", "", "", None),
    ],
)
def test_a_command_is_recognized_by_its_program(
    command: str, role: str, database: str, connections: int | None
) -> None:
    found = uses(command, Root(Path("/")))
    assert (found.role, found.database, found.connections) == (role, database, connections)


def test_paths_give_the_disk_on_this_machine_and_nothing_in_a_copy(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    here = uses(f"restic backup {tmp_path}", Root(Path("/")))
    assert here.disks == {tmp_path.stat().st_dev}
    assert uses("restic backup /etc", Root.of(tmp_path)).disks == frozenset()


STARTING, SUCCEEDED = "7d4958e842da4a758f6c1cdc7b36dcc5", "7ad2d189f7e94e70a38c781354912448"
FAILED = "d9b373ed55a64feb8242e02dbe79a49c"


def messages(*rows: tuple[str, str, int]) -> list[dict[str, str]]:
    return [
        {"UNIT": unit, "MESSAGE_ID": kind, "__REALTIME_TIMESTAMP": str(second * 1_000_000)}
        for kind, unit, second in rows
    ]


@pytest.mark.parametrize("form", ["json", "export"])
def test_durations_are_those_of_the_successful_runs_in_the_journal(tmp_path: Path, form: str) -> None:
    rows = messages(
        (SUCCEEDED, "a.service", 5),  # its start is not in the journal
        (STARTING, "a.service", 10),
        (STARTING, "b.service", 11),
        (SUCCEEDED, "a.service", 30),
        (FAILED, "b.service", 99),
        (SUCCEEDED, "b.service", 100),
        (STARTING, "a.service", 100),
        (SUCCEEDED, "a.service", 140),
    )
    text = {
        "json": "\n".join(json.dumps(row) for row in rows) + '\n{"cut',
        "export": "\n\n".join("\n".join(f"{key}={value}" for key, value in row.items()) for row in rows),
    }[form]
    (tmp_path / "journal").write_text(text)
    found = durations.from_file(tmp_path / "journal")
    took = found.by_unit["a.service"]
    assert set(found.by_unit) == {"a.service"}
    assert (took.median, took.longest, took.runs) == (30, 40, 2)


def test_a_missing_journal_is_one_line(tmp_path: Path) -> None:
    assert [str(each) for each in durations.from_file(tmp_path / "no").unread] == [
        f"{tmp_path / 'no'}: No such file or directory"
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("kind: [", "cannot be read"),
        ("services: {web: {image: x}}", "holds no CronJob"),
        ("kind: CronJob\nspec: {schedule: '0 1 * * 7'}", "must be in 0-6"),
        ("kind: CronJob\nspec: 5", "five fields"),
        ("", "holds no CronJob"),
        ("- 1\n- 2", "holds no CronJob"),
    ],
)
def test_a_manifest_that_says_nothing_is_one_line(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "m.yaml").write_text(text)
    found = manifests.read(tmp_path / "m.yaml", Root(Path("/")))
    assert found.entries == []
    (line,) = unread(list(found.unread))
    assert reason in line or reason == "cannot be read"


def test_a_job_store_that_is_none_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "no.db").write_text("not a database, but long enough to be looked at as one" * 30)
    places = [
        f"sqlite:///{tmp_path / 'no.db'}",
        f"sqlite:///{tmp_path / 'gone.db'}",
        "postgresql://u:geheim@h/d",
    ]
    found = [jobstores.read(place) for place in places]
    assert [each.entries for each in found] == [[], [], []]
    assert all(len(each.unread) == 1 and "geheim" not in str(each.unread[0]) for each in found)
    assert not (tmp_path / "gone.db").exists()


def test_a_job_stores_pickle_is_never_loaded(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    with sqlite3.connect(path) as store:
        store.execute("create table apscheduler_jobs (id, next_run_time, job_state)")
        made = b"cposix\nsystem\n(S'touch " + str(tmp_path / "loaded").encode() + b"'\ntR."
        store.execute("insert into apscheduler_jobs values ('bad', 1000, ?)", (made,))
    store.close()
    (entry,) = jobstores.read(str(path)).entries
    assert entry.when is not None
    (start,) = entry.when.starts(datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 2, tzinfo=UTC))
    assert start.earliest.timestamp() == 1000
    assert not (tmp_path / "loaded").exists()


def test_the_zone_is_that_of_localtime_before_timezone(tmp_path: Path) -> None:
    made = machine(tmp_path, {"/etc/timezone": "Asia/Tokyo\n"})
    assert made.zone == ZoneInfo("Asia/Tokyo")
    (tmp_path / "etc/localtime").symlink_to("../usr/share/zoneinfo/America/New_York")
    assert Machine(made.root).zone == ZoneInfo("America/New_York")
    assert machine(tmp_path / "bare").zone == ZoneInfo("UTC")
