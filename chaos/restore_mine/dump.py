"""A dump, restored into a new cluster by pg_restore or psql."""

from __future__ import annotations

import re
import secrets
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from chaos.errors import BackupUnusable, NoVerdict, TargetError, ToolMissing
from chaos.host.page_cache import files_below, forget
from chaos.host.processes import spawn, stop_child
from chaos.postgres import SUPERUSER, Installation
from chaos.postgres.connection import ask
from chaos.postgres.programs import Programs, tail
from chaos.restore_mine.dump_files import DumpFiles, dump_files
from chaos.restore_mine.kind import Ended, Facts, Kind, Restoration, Verified
from chaos.restore_mine.scratch import Scratch
from chaos.tools import postgresql

_LISTED = re.compile(r"Dumped from database version: (\d+)")
_ERROR = re.compile(r"(?:ERROR|FATAL|error|fatal): +(.*)")
# What a cluster of its own cannot have: the roles of production, which the data does not depend on.
_HARMLESS = re.compile(r'role "[^"]*" (does not exist|already exists)')
_LACKING = re.compile(r'extension "([^"]*)" is not available|could not open extension control file')
_LIST_TIMEOUT = 60.0
_OURS = {"fsync": "on", "max_wal_size": "2GB"}


class Dump(Kind):
    @property
    def superuser(self) -> str:
        return SUPERUSER  # of a new cluster, whatever it was called where the dump is from

    def installation(self) -> Installation:
        newest = _with_clients(postgresql.installation())
        major = self._major(newest)
        if major is None:
            return newest
        try:
            return _with_clients(postgresql.installation_of(major))
        except ToolMissing:
            if int(newest.version.split(".")[0]) < major:
                raise
            return newest  # a dump is made to be taken by a newer one

    def describe(self, scratch: Scratch) -> Facts:
        self._files = dump_files(self.source.path)
        major = self._major(scratch.cluster.installation)
        return {"format": self._files.format, "dumped_from": major, "into": self.options.database}

    def restore(self, scratch: Scratch, within: float, ended: Ended) -> Restoration:
        forget(files_below(self.source.path))
        began = time.monotonic()
        cluster = scratch.cluster
        cluster.init(password=secrets.token_hex(16), settings={**_OURS, **scratch.settings})
        scratch.at_a_free_port(cluster.start)
        if self.options.database != "postgres":
            server = f"--maintenance-db={scratch.dsn('postgres')}"
            _ours(scratch).must("createdb", server, self.options.database, timeout=60)
        created = time.monotonic() - began
        ended("create", {"seconds": created})
        if self._files.format == "plain":
            self._by_psql(scratch, began + within)
        else:
            self._by_pg_restore(scratch, within - created)
        seconds = time.monotonic() - began
        (size,) = ask(scratch.dsn("postgres"), "SELECT sum(pg_database_size(oid))::bigint FROM pg_database")
        ended("load", {"seconds": seconds - created, "bytes": size, "dump_bytes": self.source.size})
        return Restoration(seconds, size, {"restores": [{"bytes": size, "seconds": seconds}]})

    def verify(self, scratch: Scratch) -> Verified:
        del scratch
        return Verified(
            "not verified", "a dump has no checksums: that it was restored whole is what vouches for it"
        )

    def evidence(self) -> list[Path]:
        return sorted(files_below(self.source.path))

    def _major(self, installation: Installation) -> int | None:
        """The version of the server that was dumped; None where the dump does not say."""
        try:
            files = dump_files(self.source.path)
            if files.format == "plain":
                return files.version()
        except (BackupUnusable, OSError, EOFError):  # it will be said when it is restored
            return None
        programs = Programs(installation, None, "")
        _, said = programs.run("pg_restore", "--list", self.source.path, timeout=_LIST_TIMEOUT)
        found = _LISTED.search(said)
        return int(found[1]) if found else None

    def _by_pg_restore(self, scratch: Scratch, within: float) -> None:
        options = ["--exit-on-error", "--no-owner", "--no-privileges", "--no-password"]
        options += [f"--jobs={self.options.jobs}"] if self._files.format in ("custom", "directory") else []
        options.append(f"--dbname={scratch.dsn(self.options.database)}")
        try:
            code, said = _ours(scratch).run(
                "pg_restore", *options, self.source.path, timeout=max(1.0, within)
            )
        except TargetError as error:
            raise BackupUnusable(f"the dump {self.source.path} was not restored in time: {error}") from error
        if code != 0:
            _raise_for(self._files, said)

    def _by_psql(self, scratch: Scratch, deadline: float) -> None:
        program = scratch.cluster.installation.program("psql")
        with tempfile.TemporaryFile() as words:
            child = spawn(
                [program, "-X", "-q", "--no-password", "-d", scratch.dsn(self.options.database)],
                mark=scratch.cluster.mark,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=words,
            )
            try:
                _feed(child, self._files, deadline)
                code = child.wait(max(1.0, deadline - time.monotonic()))
            except (BrokenPipeError, subprocess.TimeoutExpired):
                code = stop_child(child, grace=1.0)
            finally:
                if child.poll() is None:
                    stop_child(child, grace=0.0)
            words.seek(0)
            said = words.read().decode(errors="replace")
        if code != 0 or [each for each in _ERROR.findall(said) if not _HARMLESS.search(each)]:
            _raise_for(self._files, said)


def _with_clients(installation: Installation) -> Installation:
    """Raises ToolMissing where it is but a server."""
    for name in ("pg_restore", "psql", "createdb"):
        if not installation.program(name).exists():
            major = installation.version.split(".")[0]
            remedy = f"install them (Debian: apt-get install postgresql-client-{major})"
            raise ToolMissing("PostgreSQL's client programs", f"{installation.bin} has no {name}", remedy)
    return installation


def _feed(child: subprocess.Popen[bytes], files: DumpFiles, deadline: float) -> None:
    assert child.stdin is not None
    for chunk in files.text():
        if time.monotonic() > deadline:
            raise BackupUnusable(f"the dump {files.place} was not restored in the time given")
        child.stdin.write(chunk)
    child.stdin.close()


def _ours(scratch: Scratch) -> Programs:
    # As ourselves, because the dump may be one that the servers' user cannot read.
    return replace(scratch.cluster.programs, user=None)


def _raise_for(files: DumpFiles, said: str) -> None:
    """Raises NoVerdict where this PostgreSQL lacks what the dump needs, else BackupUnusable."""
    errors = [each for each in _ERROR.findall(said) if not _HARMLESS.search(each)]
    lacking = next((each for each in errors if _LACKING.search(each)), None)
    if lacking is not None:
        raise NoVerdict(
            f"the PostgreSQL used here lacks what the dump needs: {lacking}; name one that has it in MIDNIGHT_POSTGRES"
        )
    if "No space left on device" in said:
        raise TargetError(f"the scratch disk is full: {tail(said)}")
    first = errors[0] if errors else tail(said)
    raise BackupUnusable(f"the dump {files.place} cannot be restored: {first}")
