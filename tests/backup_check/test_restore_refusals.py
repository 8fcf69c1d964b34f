"""What is wrong with the files or the machine is said before anything is touched, with exit code 2."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chaos.backup_check.plan import choose
from chaos.errors import FileError, Refused, ToolMissing, UsageError
from chaos.plan.restore import build
from chaos.tools import postgresql
from tests.backup_check.restoring import Restoring


@pytest.mark.parametrize(
    ("options", "because"),
    [
        ({"kind": "tape"}, "options: kind: must be base, dump or pgbackrest"),
        ({"archive": "/var/wal"}, "options: archive: is only for kind base"),
        ({"stanza": "main"}, "options: stanza: is only for a pgBackRest"),
        ({"queries": [{"name": "q", "sql": "SELECT 1"}]}, "expects nothing: state at_least"),
        (
            {"queries": [{"name": "q", "sql": "SELECT 1", "rows": 1}] * 2},
            "options: query 'q': name: duplicate query name 'q'",
        ),
        ({"heartbeat": {"table": "a.b.c", "column": "at"}}, "options: heartbeat: table"),
        ({"sketch": 1}, "options: sketch: unknown key"),
    ],
)
def test_a_broken_option_is_named(
    restoring: Restoring, tmp_path: Path, options: dict[str, Any], because: str
) -> None:
    file = restoring.target(options.pop("kind", "dump"), tmp_path, **options)
    with pytest.raises(FileError) as refused:
        build(restoring.experiment(), file)
    assert because in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        (
            {"budget": {"rto": "1h"}},
            "budget: rto: 1h cannot be broken: the restore is given up after 10m",
        ),
        ({"limits": {"rto": "10m"}}, "limits: rto: 10m cannot be broken"),
        ({"restore": {"speed": 1}}, "restore: speed: unknown key"),
    ],
)
def test_a_broken_experiment_is_named(
    restoring: Restoring, tmp_path: Path, changes: dict[str, Any], because: str
) -> None:
    with pytest.raises(FileError) as refused:
        build(restoring.experiment(**changes), restoring.target("dump", tmp_path))
    assert because in str(refused.value)


def test_a_restore_needs_a_backup_for_a_target(restoring: Restoring) -> None:
    with pytest.raises(FileError, match="needs a target with driver backup, got 'embedded'"):
        build(restoring.experiment(), "embedded")


def test_a_path_that_does_not_exist_is_a_mistake_in_the_file(restoring: Restoring, tmp_path: Path) -> None:
    plan = build(restoring.experiment(), restoring.target("dump", tmp_path / "nowhere"))
    with pytest.raises(UsageError, match="cannot be read: No such file or directory"):
        choose(plan)


def test_a_scratch_directory_must_be_there_and_short_enough_for_a_socket(
    restoring: Restoring, tmp_path: Path
) -> None:
    for place, because in (("/nowhere", "not a directory that"), ("/" + "long/" * 20, "too long")):
        plan = build(restoring.experiment(), restoring.target("dump", tmp_path, scratch=place))
        with pytest.raises(Refused, match=because):
            choose(plan)


def test_a_version_that_is_not_here_is_named_with_how_to_get_it() -> None:
    with pytest.raises(ToolMissing, match=r"PostgreSQL 11: .*apt-get install postgresql-11"):
        postgresql.installation_of(11)


def test_the_shipped_example_is_valid() -> None:
    plan = build("restore-mine", "backup-example")
    assert json.loads(plan.target.model_dump_json())["production"]["size"] == 400 * 10**9
