"""The newest backup of a pgBackRest repository is restored with all WAL that was archived in it."""

from __future__ import annotations

import shutil
import subprocess
from datetime import datetime

import pytest

from chaos.host.privileges import identity, unprivileged_user
from chaos.postgres.settings import Settings
from chaos.tools.command import which
from tests.backup_check.production import digest
from tests.backup_check.restoring import Restoring
from tests.postgres.servers import Servers, ask, execute, insert

pytestmark = [
    pytest.mark.real,
    pytest.mark.full,
    pytest.mark.skipif(which("pgbackrest") is None, reason="pgBackRest is not installed"),
]


class Repository:
    """A PostgreSQL that pgBackRest knows, its repository, and when its heart beat last."""

    def __init__(self, servers: Servers) -> None:
        self.servers = servers
        self.path = self.servers.place / "repository"
        place, data = self.servers.place, self.servers.place / "theirs"
        self.command = [str(which("pgbackrest")), "--no-config", "--log-level-file=off", "--stanza=main"]
        self.command += [f"--repo1-path={self.path}", f"--pg1-path={data}"]
        (place / "hba").write_text("local all all trust\nhost all all all scram-sha-256\n")
        lock = f"--lock-path={place}/lock"
        push = " ".join([*self.command, lock, "archive-push", "%p"])
        settings: Settings = {"unix_socket_directories": str(place), "hba_file": str(place / "hba")}
        archiving: Settings = {"archive_mode": "on", "archive_command": push, "archive_timeout": 60}
        self.primary, self.access = self.servers.primary({**settings, **archiving}, name="theirs")
        self.command += [
            f"--pg1-port={self.primary.port}",
            f"--pg1-socket-path={place}",
            "--pg1-user=postgres",
        ]
        self.run(lock, "stanza-create")
        execute(self.primary, "CREATE TABLE heartbeat (at timestamptz)")
        insert(self.primary, 1, 1000)
        self.run(lock, "--start-fast", "--type=full", "backup")
        self.newest = ask(self.primary, "INSERT INTO heartbeat VALUES (clock_timestamp()) RETURNING at")
        execute(self.primary, "SELECT pg_switch_wal()")
        self.run("check")

    def run(self, *arguments: str) -> None:
        user = identity(unprivileged_user())
        done = subprocess.run(
            [*self.command, *arguments], check=False, capture_output=True, text=True, cwd="/", **user
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def repository(older_servers: Servers) -> Repository:
    return Repository(older_servers)


def test_a_pgbackrest_backup_is_restored_to_the_archives_end_and_checked_by_amcheck(
    repository: Repository, restoring: Restoring
) -> None:
    before = digest(repository.path)
    done = restoring("pgbackrest", repository.path, stanza="main")
    assert digest(repository.path) == before
    assert done.ending.exit_code == 0, (done.headline, done.ending.errors)
    wanted = ("restored", "rto", "rpo", "kept", "files", "amcheck")
    assert {name: done.outcomes[name] for name in wanted} == dict.fromkeys(wanted, "pass")
    assert "pg_amcheck 15" in done.findings["amcheck"].because
    assert "pgBackRest" in done.findings["files"].because
    read = datetime.fromisoformat(done.event("heartbeat", "read").detail["value"])
    assert read == repository.newest


def test_a_missing_segment_is_not_a_silent_success(repository: Repository, restoring: Restoring) -> None:
    place = repository.servers.place / "holed"
    shutil.copytree(repository.path, place)
    for path in (place, *place.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    segments = sorted(path for path in place.glob("archive/main/*/*/*") if len(path.name.split("-")[0]) == 24)
    segments[-2].unlink()
    done = restoring("pgbackrest", place, stanza="main")
    assert done.outcomes["restored"] == "fail"
    assert "ended before the archive does" in done.headline or "WAL ends before" in done.headline


def test_a_stanza_that_is_not_there_fails(repository: Repository, restoring: Restoring) -> None:
    done = restoring("pgbackrest", repository.path, stanza="other")
    assert done.ending.exit_code == 1
    assert "stanza other" in done.headline
