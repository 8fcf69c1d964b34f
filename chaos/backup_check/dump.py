"""A dump restored into a new cluster by pg_restore or psql."""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path

import psycopg
from psycopg import sql

from chaos.backup_check import archive_toc, sums
from chaos.backup_check.archive_toc import Contents
from chaos.backup_check.dump_errors import Errors
from chaos.backup_check.dump_files import DumpFiles, dump_files
from chaos.backup_check.kind import Ended, Kind, Lacking, Restoration, Verified
from chaos.backup_check.loading import Loaded, Loader
from chaos.backup_check.new_database import Made, create
from chaos.backup_check.scratch import Scratch
from chaos.errors import BackupUnusable, ToolMissing
from chaos.host.page_cache import files_below, forget
from chaos.postgres import SUPERUSER, Installation
from chaos.postgres.connection import ask
from chaos.postgres.programs import tail
from chaos.postgres.statement_errors import refusals
from chaos.record import events
from chaos.record.event import NOW
from chaos.tools import postgresql

_OURS = {"fsync": "on", "max_wal_size": "2GB"}
_ALWAYS = frozenset({"postgres", "template0", "template1"})


class Dump(Kind):
    workers = 8  # default of a new cluster: the dump cannot start any by itself
    _files: DumpFiles | None = None  # None: detected when it is restored
    _client: int | None = None  # the version of the pg_dump that wrote it
    _errors: Errors | None = None  # of the last attempt

    @property
    def superuser(self) -> str:
        return SUPERUSER  # of a new cluster, whatever its name was at the source

    def installations(self) -> list[Installation]:
        every = _with_clients(postgresql.every())
        try:
            self._files = files = dump_files(self.source.path, self.mark)
        except BackupUnusable:
            return every[:1]
        if not files.ready:
            self._client = files.client()
            return _ordered(every, files.version())
        contents = {one.bin: archive_toc.read(one, files.place, self.mark) for one in every}
        able = [one for one in every if not contents[one.bin].unable]
        if not able:
            raise _no_reader(files, list(contents.values()))
        found = contents[able[0].bin]
        self._client = found.client
        return _with_extensions(_ordered(able, found.database), found.extensions)

    def describe(self, scratch: Scratch) -> events.BackupDescribed:
        files = self._files or dump_files(self.source.path, self.mark)
        if files.ready:
            found = archive_toc.read(scratch.cluster.installation, files.place, self.mark)
            version = found.database
        else:
            version = files.version()
        packed = " in ".join(files.packed.layers[::-1]) if files.packed else ""
        return events.BackupDescribed(
            NOW,
            format=files.format,
            packed=packed or None,
            dumped_from=version,
            dumped_by=self._client,
            into=self.options.database,
        )

    def restore(self, scratch: Scratch, within: float, ended: Ended) -> Restoration:
        forget(files_below(self.source.path))
        began = time.monotonic()
        cluster = scratch.cluster
        files = self._readable(scratch, ended)
        cluster.init(password=secrets.token_hex(16), settings={**_OURS, **scratch.settings})
        cluster.start()
        made = self._create(scratch, files)
        created = time.monotonic() - began
        ended(events.CreateEnded(NOW, seconds=created))
        errors = self._errors = Errors(
            cluster.installation.major, self._client, _ALWAYS | made.names, made.without
        )
        loaded = self._load(scratch, files, began + within, errors)
        seconds = time.monotonic() - began
        _settle(files, errors, loaded)
        (size,) = ask(scratch.dsn("postgres"), "SELECT sum(pg_database_size(oid))::bigint FROM pg_database")
        loading = events.LoadEnded(
            NOW,
            seconds=seconds - created,
            bytes=size,
            dump_bytes=self.source.size,
            harmless=tuple(errors.listed()),
            roles_made=tuple(sorted(errors.roles)),
        )
        ended(loading)
        points = events.RestoresMeasured(NOW, restores=(events.RestorePoint(size, seconds),))
        return Restoration(seconds, size, points)

    def verify(self, scratch: Scratch) -> Verified:
        del scratch
        return sums.verify(self.source.path) or Verified(
            "not verified", "a dump has no checksums: only its complete restore vouches for it"
        )

    def evidence(self) -> list[Path]:
        return sorted(files_below(self.source.path))

    def _readable(self, scratch: Scratch, ended: Ended) -> DumpFiles:
        """The dump in the form its program reads, unpacked below the scratch directory if needed."""
        files = self._files or dump_files(self.source.path, self.mark)
        if files.ready or files.format == "plain":
            return files
        began, place = time.monotonic(), scratch.root / "dump"
        if not place.exists():
            self._files = files = files.staged(place)
            ended(events.UnpackEnded(NOW, seconds=time.monotonic() - began))
        found = archive_toc.read(scratch.cluster.installation, files.place, self.mark)
        if found.unable:
            raise Lacking(str(_no_reader(files, [found])))
        self._client = found.client
        return files

    def _create(self, scratch: Scratch, files: DumpFiles) -> Made:
        if files.format == "plain":
            asked = {"ENCODING": "'SQL_ASCII'"} if files.encoding() == "SQL_ASCII" else {}
            name = None if files.creates_databases else self.options.database
        else:
            asked = dict(archive_toc.created_with(scratch.cluster.installation, files.place, self.mark))
            name = self.options.database
        return create(scratch, name, asked, files.tablespaces)

    def _load(self, scratch: Scratch, files: DumpFiles, deadline: float, errors: Errors) -> Loaded:
        """Load it, and sort refused statements into `errors`. Raises BackupUnusable, Outlasted."""
        log = scratch.cluster.log
        before = log.stat().st_size
        if files.format == "plain":
            database = "postgres" if files.creates_databases else self.options.database
            loaded = _psql(scratch, database).run(deadline, files.text())
        else:
            loaded = self._pg_restore(scratch, files).run(deadline)
        # The program's own failure comes first: the server's errors follow from it.
        errors.add_tool(loaded.said.splitlines())
        errors.add(refusals(log.read_bytes()[before:].decode(errors="replace")))
        _with_roles(scratch, errors)
        return loaded

    def _pg_restore(self, scratch: Scratch, files: DumpFiles) -> Loader:
        options = [
            "--no-owner",
            "--no-privileges",
            "--no-tablespaces",
            "--no-security-labels",
            "--no-password",
        ]
        options += [f"--jobs={self.options.jobs}"] if files.format in ("custom", "directory") else []
        options.append(f"--dbname={scratch.loading(self.options.database)}")
        program = scratch.cluster.installation.program("pg_restore")
        # As midnight's own user, because the server's user may not be able to read the dump: nothing of it is executed.
        return Loader([program, *options, files.place], scratch.cluster.mark, _environment(scratch))


def _psql(scratch: Scratch, database: str) -> Loader:
    """Confined and as the server's user: a plain dump may make it run programs and connect elsewhere."""
    cluster = scratch.cluster
    program = cluster.installation.program("psql")
    argv: list[str | Path] = [program, "-X", "-q", "--no-password", "-d", scratch.loading(database)]
    user = cluster.user
    if (alone := cluster.seclusion) is not None:
        argv, user = alone.command(argv, user, Path("/")), alone.starter(user)
    return Loader(argv, cluster.mark, _environment(scratch), user)


def _environment(scratch: Scratch) -> dict[str, str]:
    """Nothing of midnight's own: the environment configures libpq and psql."""
    return {"PATH": os.defpath, "HOME": str(scratch.root)}


def _with_clients(every: list[Installation]) -> list[Installation]:
    """Raises ToolMissing if only servers are installed."""
    able = [one for one in every if all(one.program(name).exists() for name in ("pg_restore", "psql"))]
    if not able:
        remedy = f"install them (Debian: apt-get install postgresql-client-{every[0].major})"
        raise ToolMissing("PostgreSQL's client programs", f"{every[0].bin} has none", remedy)
    return able


def _ordered(every: list[Installation], major: int | None) -> list[Installation]:
    """The dump's own version first, then newer ones, which can load older dumps.

    Raises ToolMissing if all are older.
    """
    if major is None:
        return [every[0], *sorted(every[1:], key=lambda one: -one.major)]
    able = sorted((one for one in every if one.major >= major), key=lambda one: one.major)
    if not able:
        because = (
            f"the dump is from PostgreSQL {major}, but the newest here is {max(one.major for one in every)}"
        )
        raise ToolMissing(
            f"PostgreSQL {major}", because, f"install it (Debian: apt-get install postgresql-{major})"
        )
    return able


def _with_extensions(every: list[Installation], names: tuple[str, ...]) -> list[Installation]:
    """Those that have all extensions created by the dump. Raises ToolMissing if none has."""
    lacking = {one.bin: archive_toc.missing(one, names) for one in every}
    able = [one for one in every if not lacking[one.bin]]
    if not able:
        first = every[0]
        named = ", ".join(lacking[first.bin])
        raise ToolMissing(
            f"extension {named}",
            f"the dump needs it, but PostgreSQL {first.version} here lacks it",
            f"install it for {first.major} (Debian: postgresql-{first.major}-NAME), or name one in MIDNIGHT_POSTGRES",
        )
    return able


def _no_reader(files: DumpFiles, found: list[Contents]) -> ToolMissing:
    said = "; ".join(dict.fromkeys(one.unable for one in found))
    client = next((f"PostgreSQL {one.client}" for one in found if one.client), "a newer PostgreSQL")
    remedy = f"install {client} or newer, built with zstd and lz4, and name it in MIDNIGHT_POSTGRES"
    return ToolMissing("pg_restore", f"none here can read {files.place}: {said}", remedy)


def _with_roles(scratch: Scratch, errors: Errors) -> None:
    """Retry statements that only lacked a role: a dump of one database does not contain roles."""
    for role, refused in errors.roles.items():
        with psycopg.connect(scratch.dsn("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
        for one in refused:
            try:
                with psycopg.connect(
                    scratch.dsn(one.database, "search_path="), autocommit=True
                ) as connection:
                    connection.execute(one.statement.encode())
            except psycopg.Error as error:
                errors.failed.append(
                    f"{str(error).splitlines()[0]}, in: {' '.join(one.statement.split())[:80]}"
                )


def _settle(files: DumpFiles, errors: Errors, loaded: Loaded) -> None:
    """Raises Lacking if this machine lacks something the dump needs, else BackupUnusable if it is incomplete."""
    if errors.lacking:
        raise Lacking(f"the dump needs something missing here: {errors.lacking[0]}")
    if loaded.code < 0:
        raise Lacking(f"loading the dump was ended by signal {-loaded.code}, possibly for lack of memory")
    if errors.failed:
        raise BackupUnusable(f"the dump {files.place} cannot be restored: {errors.failed[0]}")
    if not loaded.whole or (loaded.code != 0 and not errors.harmless and not errors.roles):
        raise BackupUnusable(f"the dump {files.place} cannot be restored: {tail(loaded.said)}")
