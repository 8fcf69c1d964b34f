"""A backup of another PostgreSQL is restored by one of its own version; where amcheck is, it has its say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.backup_check.production import Production
from tests.backup_check.restoring import Restoring
from tests.postgres.servers import Servers, ask

pytestmark = [pytest.mark.real, pytest.mark.full]


@pytest.fixture(scope="module")
def older(older_servers: Servers) -> Production:
    return Production(older_servers)


def test_an_older_backup_is_restored_and_checked_by_tools_of_its_own_version(
    older: Production, restoring: Restoring
) -> None:
    older.beat()
    done = restoring("base", older.base("sound"))
    assert done.ending.exit_code == 0, done.headline
    assert done.event("restore", "ended").detail["server"].startswith("15.")
    assert "pg_verifybackup (PostgreSQL) 15" in done.findings["files"].because
    assert done.outcomes["amcheck"] == "pass"
    assert "pg_amcheck 15" in done.findings["amcheck"].because


def test_a_damaged_index_is_found_by_the_manifest_and_by_amcheck(
    older: Production, restoring: Restoring
) -> None:
    place = older.copy(older.base("to-be-damaged"), "damaged")
    file = place / str(ask(older.primary, "SELECT pg_relation_filepath('kept_pkey')"))
    content = bytearray(file.read_bytes())
    content[8192 + 100 : 8192 + 2000] = bytes(1900)
    file.write_bytes(content)
    done = restoring("base", place)
    assert done.ending.exit_code == 1
    assert done.outcomes["restored"] == "pass"
    assert done.outcomes["files"] == "fail"
    assert done.outcomes["amcheck"] == "fail"
    assert f"{Path(file).name} has a different SHA256 checksum" in done.findings["files"].because


def test_a_dump_of_an_older_version_is_restored(older: Production, restoring: Restoring) -> None:
    older.beat()
    done = restoring("dump", older.dump("older.dump", "--format=custom"))
    assert done.ending.exit_code == 0, done.headline
    assert done.event("backup", "described").detail["dumped_from"] == 15
