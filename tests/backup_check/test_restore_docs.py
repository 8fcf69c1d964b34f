"""The page's table of what a PostgreSQL can start by itself is the code's list of what it is held to."""

from __future__ import annotations

import re
from pathlib import Path

from chaos.postgres.seclusion import HELD, SESSION, Seclusion

PAGE = Path(__file__).parents[2] / "docs" / "restore-mine.md"
# Of the second column, what is no setting of the server.
FILES = {
    "postgresql.conf",
    "postgresql.auto.conf",
    "pg_hba.conf",
    "pg_ident.conf",
    "standby.signal",
    "tablespace_map",
}
OTHERS = {"restore_command", "no_new_privs", *FILES}  # set for each restore, or the kernel's


def stops() -> set[str]:
    _, _, table = PAGE.read_text().partition("| what a PostgreSQL can start or connect to by itself |")
    rows = re.findall(r"^\| .* \| (.*) \|$", table.partition("\n\n")[0], re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def test_every_setting_that_holds_a_copy_is_in_the_table_and_no_other() -> None:
    ours = {*HELD, "max_worker_processes", *(one.partition("=")[0] for one in SESSION)}
    assert stops() - OTHERS == ours - {"jit"}  # of no consequence outside


def test_a_server_gets_only_settings_that_its_version_knows() -> None:
    alone = Seclusion(Path("/s"), Path("/h"), None)
    gated = {
        "archive_library",
        "event_triggers",
        "sync_replication_slots",
        "restrict_nonsystem_relation_kind",
    }
    known = {
        version: gated & alone.settings(version).keys()
        for version in ("14.12", "15.7", "15.8", "16.4", "18.0")
    }
    assert known["14.12"] == set()
    assert known["15.7"] == {"archive_library"}
    assert known["15.8"] == known["16.4"] == {"archive_library", "restrict_nonsystem_relation_kind"}
    assert known["18.0"] == gated


def test_the_server_inherits_nothing_from_midnights_environment() -> None:
    alone = Seclusion(Path("/s"), Path("/h"), None)
    assert not any(
        name in alone.environment for name in ("PGPASSWORD", "PGHOST", "MIDNIGHT_MARK", "LD_PRELOAD")
    )
    assert alone.environment["PGREQUIREPEER"]
