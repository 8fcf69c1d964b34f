"""What a command works on, recognized by the program it names: a backup, a rotation, a database and its connections."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from chaos.survey import programs, servers
from chaos.survey.entry import Uses
from chaos.survey.programs import Program
from chaos.survey.root import CannotRead, Root

BACKUP, ROTATION, DATABASE, CERTIFICATE = "backup", "rotation", "database", "certificate"
_POSTGRESQL = {
    "pg_dump": BACKUP,
    "pg_dumpall": BACKUP,
    "pg_basebackup": BACKUP,
    "pg_backup_ctl": BACKUP,
    "pgbackrest": BACKUP,
    "barman": BACKUP,
    "wal-g": BACKUP,
    "psql": DATABASE,
    "vacuumdb": DATABASE,
    "reindexdb": DATABASE,
    "pg_restore": DATABASE,
    "pg_repack": DATABASE,
}
_MYSQL = {
    "mysqldump": BACKUP,
    "mariadb-dump": BACKUP,
    "xtrabackup": BACKUP,
    "mariabackup": BACKUP,
    "mydumper": BACKUP,
    "mysql": DATABASE,
    "mariadb": DATABASE,
    "mysqlcheck": DATABASE,
    "mysqloptimize": DATABASE,
}
_OTHERS = {
    "logrotate": ROTATION,
    "certbot": CERTIFICATE,
    "acme.sh": CERTIFICATE,
    "lego": CERTIFICATE,
    "dehydrated": CERTIFICATE,
    **dict.fromkeys(("restic", "borg", "borgmatic", "rsnapshot", "duplicity", "duply", "kopia"), BACKUP),
}
_ONE = {
    "psql",
    "pg_dump",
    "pg_dumpall",
    "mysql",
    "mariadb",
    "mysqldump",
    "mariadb-dump",
    "mysqlcheck",
    "pgbackrest",
}
_BY_JOBS = {"pg_dump": 1, "vacuumdb": 0, "reindexdb": 0}  # connections beside those of --jobs
_NO_DATA = re.compile(r"/(?:usr/|s?bin/|dev/|proc/|sys/|lib)")


def uses(command: str, root: Root, settings: Mapping[str, str] | None = None) -> Uses:
    """What the command's text shows, run with these variables; scripts that it starts are not read."""
    named = programs.found(command, settings or {}, lambda name: bool(_role(name)))
    paths = tuple(dict.fromkeys(path for each in named if not each.inside for path in _paths(each)))
    known = [each for each in named if _role(each.name)]
    roles = [_role(each.name) for each in known]
    role = next((each for each in (BACKUP, ROTATION, CERTIFICATE, DATABASE) if each in roles), "")
    databases = [(each, server) for each in known if (server := _server(each))]
    return Uses(
        role=role,
        database=databases[0][1] if databases else "",
        connections=_connections([each for each, _ in databases]),
        disks=disks(paths, root),
        paths=paths,
    )


def disks(paths: Sequence[str], root: Root) -> frozenset[int]:
    """st_dev of the paths that exist. A copy's own disk says nothing about the machine it was made from."""
    found = set[int]()
    for path in paths if root.live else ():
        try:
            found.add(root.stat(path).st_dev)
        except CannotRead:
            continue
    return frozenset(found)


def _role(name: str) -> str:
    return _POSTGRESQL.get(name) or _MYSQL.get(name) or _OTHERS.get(name, "")


def _paths(program: Program) -> list[str]:
    values = [option.rpartition("=")[2] if "=" in option else option for option in program.options]
    values = [re.sub(r"^(?:-\w|\d?>{1,2})(?=/)", "", value) for value in values]
    return [value for value in values if value.startswith("/") and not _NO_DATA.match(value)]


def _server(program: Program) -> str:
    if program.name in _POSTGRESQL:
        return servers.of(program, servers.POSTGRESQL)
    return servers.of(program, servers.MYSQL) if program.name in _MYSQL else ""


def _connections(programs: Sequence[Program]) -> int | None:
    """The most that they hold together; None if that is not known of one of them."""
    counts = [_count(each) for each in programs]
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None


def _count(program: Program) -> int | None:
    jobs = servers.option(program, "j", "jobs")
    if program.name in _BY_JOBS and jobs.isdecimal() and int(jobs) > 1:
        return int(jobs) + _BY_JOBS[program.name]
    if program.name == "pg_basebackup":  # one for the data, one for the WAL
        return 1 if servers.option(program, "X", "wal-method") in ("none", "fetch") else 2
    return 1 if program.name in _ONE or program.name in _BY_JOBS else None
