"""A production: a primary with a heartbeat and an archive, and backups of it in every form."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from chaos.postgres.archive import Archive, archive_now
from chaos.postgres.backup import take_backup
from chaos.postgres.backup_files import Format
from tests.postgres.servers import SEGMENT_SIZE, Servers, ask, dsn, execute, insert

ROWS = 1000


class Production:
    """Its heartbeat beats when it is told to; its backups lie below `place`, written by nobody any more."""

    def __init__(self, servers: Servers) -> None:
        self.servers = servers
        self.place = servers.place / "backups"
        self.place.mkdir(mode=0o755)
        self.archive = Archive(self.place / "wal", SEGMENT_SIZE)
        self.primary, self.access = servers.primary(self.archive.settings(every=60))
        self.archive.make(self.primary.user)
        execute(self.primary, "CREATE TABLE heartbeat (at timestamptz NOT NULL)")
        execute(
            self.primary, "CREATE ROLE app; ALTER TABLE heartbeat OWNER TO app; GRANT SELECT ON kept TO app"
        )
        insert(self.primary, 1, ROWS)
        self.beat()

    def beat(self, at: str = "clock_timestamp()") -> datetime:
        """A heartbeat, and when it was."""
        found = ask(self.primary, f"INSERT INTO heartbeat VALUES ({at}) RETURNING at")
        assert isinstance(found, datetime)
        return found

    def archive_now(self) -> str:
        return archive_now(self.primary, self.access, self.archive).segment.name

    def base(self, name: str, form: Format = "plain") -> Path:
        take_backup(self.primary, self.access, self.place / name, label=name, format=form, durable=False)
        return self.place / name

    def dump(self, name: str, *options: str) -> Path:
        program = self.primary.installation.program("pg_dump")
        path = self.place / name
        subprocess.run([program, *options, f"--file={path}", dsn(self.primary)], check=True)
        return path

    def copy(self, path: Path, name: str) -> Path:
        """A copy to be broken."""
        place = self.place / name
        if path.is_dir():
            shutil.copytree(path, place)
        else:
            shutil.copyfile(path, place)
        return place


def digest(place: Path) -> str:
    """Of everything below: names, kinds, modes, owners, sizes, times of change, and content."""
    found = hashlib.sha256()
    for path in sorted([place, *place.rglob("*")]):
        facts = path.lstat()
        told = (str(path), facts.st_mode, facts.st_uid, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
        found.update(repr(told).encode())
        if path.is_file():
            found.update(path.read_bytes())
    return found.hexdigest()


def protect(place: Path) -> None:
    """Take from everybody the right to write."""
    for path in (place, *place.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)


def copy_running(data: Path, place: Path, *, symlinks: bool = False) -> None:
    """Copy the directory of a running server, which renames and removes files of its own at any time."""
    shutil.copytree(
        data,
        place,
        symlinks=symlinks,
        ignore=shutil.ignore_patterns("postmaster.*"),
        copy_function=copy_if_there,
    )


def copy_if_there(file: str | Path, to: str | Path) -> None:
    """Copy a file that may be gone by now."""
    with suppress(FileNotFoundError):
        shutil.copy2(file, to)
