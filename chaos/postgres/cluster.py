"""One PostgreSQL cluster on 127.0.0.1: created, started, reloaded, frozen, killed, stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

import psutil

from chaos.errors import TargetError
from chaos.host.ports import PortTaken
from chaos.host.privileges import SystemUser, can_reach, give
from chaos.host.processes import mark_of, spawn
from chaos.later import conninfo, pq
from chaos.postgres import family
from chaos.postgres.connection import CONNECT_TIMEOUT, HOST, SUPERUSER
from chaos.postgres.installation import Installation
from chaos.postgres.programs import Programs, tail
from chaos.postgres.seclusion import Seclusion
from chaos.postgres.settings import OURS, Settings, assignments, change
from chaos.postgres.shared_memory import shared_memory_of
from chaos.spec.units import show_seconds

Scope = Literal["postmaster", "all"]

_INITDB_TIMEOUT = 120.0
_STOP_TIMEOUT = 30.0
_KILL_PATIENCE = 10.0
_ORPHANS_PATIENCE = 5.0  # seconds for a killed server's children to notice
_POLL = 0.05
_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}


class NotReady(TargetError):
    """It neither ended nor accepted connections in the given time."""


@dataclass(slots=True)
class Cluster:
    """A cluster in `data`, run as `user` (None: midnight's own) and carrying `mark`; its log goes to `log`.

    The starting process is the server's parent, so that it can reap it: a dead but unreaped server looks alive to the
    next one. The port may be changed while it is stopped. `seclusion`: how to isolate a server with foreign data,
    which is reached only through its socket.
    """

    installation: Installation
    data: Path
    port: int
    user: SystemUser | None
    mark: str
    log: Path
    seclusion: Seclusion | None = None
    _server: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    @property
    def programs(self) -> Programs:
        return Programs(self.installation, self.user, self.mark)

    def init(self, *, password: str, settings: Settings, wal_segment_mib: int = 16) -> None:
        """Create the cluster: UTF-8, locale C, superuser `postgres` with `password` (SCRAM) over TCP only.

        `settings` go into postgresql.conf; the WAL is cut into files of `wal_segment_mib` MiB, a power of
        two. Raises TargetError with initdb's own message.
        """
        self.make_directory()
        options = ["-U", SUPERUSER, "-E", "UTF8", "--locale=C"]
        options += ["--auth-host=scram-sha-256", "--auth-local=reject", "--no-instructions"]
        # Not synced: a cluster lost during creation is created again. The server itself keeps fsync on.
        options += ["--no-sync", f"--wal-segsize={wal_segment_mib}"]
        # An unnamed file: the password never reaches a disk or a command line.
        secret = os.memfd_create("password", 0)
        try:
            os.write(secret, password.encode() + b"\n")
            options += [f"--pwfile=/proc/self/fd/{secret}"]
            self.programs.must(
                "initdb", "-D", self.data, *options, timeout=_INITDB_TIMEOUT, pass_fds=(secret,)
            )
        finally:
            os.close(secret)
        with (self.data / "postgresql.conf").open("a") as conf:
            conf.write(assignments({**OURS, **settings}))

    def make_directory(self) -> None:
        """Create `data`, owned by `user` alone. Raises TargetError if that user cannot enter it."""
        self.data.mkdir(parents=True, mode=0o700, exist_ok=True)
        give(self.data, self.user)
        if not can_reach(self.user, self.data):
            who = self.user.name if self.user else "we"
            raise TargetError(f"{who} cannot enter {self.data}: a directory above it forbids it")

    def override(self, settings: Settings) -> None:
        """Let `settings` override all others from the next reload or start on; None removes one."""
        change(self.data / "postgresql.auto.conf", settings, self.user)

    def start(self, *, timeout: float = 60.0) -> None:
        """Start the server and return when it accepts connections, at most `timeout` seconds later.

        A pid file that a crash left behind is removed. Raises PortTaken (choose another port, start
        again), NotReady, or TargetError with the tail of the log; then nothing is left running.
        """
        if self.running():
            raise TargetError(f"the cluster in {self.data} is already running")
        self.remove_stale_pid_file()
        from_here = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._server = self._spawn(log)
        deadline = time.monotonic() + timeout
        while not self._accepts():
            code = self._server.poll()
            if code is None and time.monotonic() < deadline:
                time.sleep(_POLL)
                continue
            self.stop("immediate")
            words = tail(self.log.read_bytes()[from_here:].decode(errors="replace"))
            if "Address already in use" in words:
                raise PortTaken(self.port, f"PostgreSQL in {self.data}")
            if code is None:
                raise NotReady(
                    f"PostgreSQL in {self.data}: not ready within {show_seconds(timeout)}; its log says:\n{words}"
                )
            raise TargetError(
                f"PostgreSQL in {self.data}: ended with {code}; its log {self.log} ends:\n{words}"
            )

    def _spawn(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        # The port is an argument, so that a retry with another one edits no file.
        argv: list[str | Path] = [
            self.installation.program("postgres"),
            "-D",
            self.data,
            "-p",
            str(self.port),
        ]
        user, env = self.user, None
        if (alone := self.seclusion) is not None:
            argv = alone.command([*argv, *alone.arguments(self.installation.version)], user, self.data)
            user, env = alone.starter(user), alone.environment
        return spawn(argv, mark=self.mark, env=env, user=user, cwd=self.data, stdout=log, stderr=log)

    def _accepts(self) -> bool:
        # The pid file proves that this server answers, and not another one on the same port.
        lines = _lines(self.data / "postmaster.pid")
        ours = self._server is not None and lines[:1] == [str(self._server.pid)]
        if not ours or len(lines) < 8 or lines[7].strip() not in {"ready", "standby"}:
            return False
        host = self.seclusion.sockets if self.seclusion else HOST
        where = conninfo.make_conninfo(
            host=str(host), port=self.port, dbname="postgres", user=SUPERUSER, connect_timeout=2
        )
        return pq.PGconn.ping(where.encode()) == pq.Ping.OK

    def running(self) -> bool:
        return self._postmaster() is not None

    @property
    def pid(self) -> int:
        """Of the running server. Raises TargetError."""
        return self._must_run().pid

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop the server and reap it; a no-op if it is not running.

        fast: sessions are ended, a checkpoint is written. immediate: as in a crash, so that the next start replays
        the log. Also works for a server started by another process of midnight, and for a frozen one. What has not
        ended within 30 s is killed. Raises TargetError if even that fails.
        """
        postmaster = self._postmaster()
        if postmaster is not None:
            server = [postmaster, *self._children(postmaster)]
            family.send([postmaster], _SIGNALS[mode])
            # A frozen server handles no other signal until it is continued.
            family.send(server, signal.SIGCONT)
            if left := family.wait(server, _STOP_TIMEOUT, self._lives):
                memory = shared_memory_of(left)
                family.send(left, signal.SIGKILL)
                if family.wait(left, _KILL_PATIENCE, self._lives):
                    raise TargetError(f"PostgreSQL in {self.data} (pid {postmaster.pid}) cannot be killed")
                memory.remove()
        self._reap()

    def kill(self) -> None:
        """SIGKILL the postmaster, reap it, and return when its children have gone too.

        They exit by themselves; after 5 s they are killed, frozen ones at once: a continued walsender would still
        send what it held back. Their shared memory is removed, since otherwise it would stay if the server is never
        started again. Raises TargetError if none is running.
        """
        postmaster = self._must_run()
        children = self._children(postmaster)
        memory = shared_memory_of([postmaster, *children])
        family.send([postmaster], signal.SIGKILL)
        family.send([child for child in children if family.stopped(child)], signal.SIGKILL)
        family.wait([postmaster], _KILL_PATIENCE, self._lives)
        self._reap()
        family.wait(children, _ORPHANS_PATIENCE, self._lives)
        if left := family.members(self.data):
            family.send(left, signal.SIGKILL)
            family.wait(left, _KILL_PATIENCE, self._lives)
        memory.remove()
        self.remove_stale_pid_file()

    def freeze(self, scope: Scope = "all") -> list[int]:
        """SIGSTOP the postmaster alone or with all its children; return the pids. Undone by `thaw`.

        The postmaster alone: existing sessions continue, new ones are not accepted. Raises TargetError if it is not
        running.
        """
        postmaster = self._must_run()
        # First the one that forks, so that no new child appears meanwhile.
        frozen = [postmaster]
        family.send(frozen, signal.SIGSTOP)
        if scope == "all":
            children = self._children(postmaster)
            family.send(children, signal.SIGSTOP)
            frozen += children
        return [process.pid for process in frozen]

    def thaw(self) -> None:
        """Continue every process of the server; a no-op for running ones."""
        family.send(family.members(self.data), signal.SIGCONT)

    def reload(self) -> None:
        """Reload the server's configuration files. Raises TargetError if it is not running."""
        family.send([self._must_run()], signal.SIGHUP)

    def remove_stale_pid_file(self) -> None:
        """Remove the files by which a killed server still claims to run. Raises TargetError while any of its
        processes lives.
        """
        file = self.data / "postmaster.pid"
        if not file.exists():
            return
        # Not even for orphans: two servers on the same files would ruin them.
        if left := family.members(self.data):
            pids = " ".join(str(process.pid) for process in left)
            raise TargetError(f"server processes still run in {self.data}: {pids}")
        file.unlink(missing_ok=True)

    def _must_run(self) -> psutil.Process:
        postmaster = self._postmaster()
        if postmaster is None:
            raise TargetError(f"the cluster in {self.data} is not running")
        return postmaster

    def _postmaster(self) -> psutil.Process | None:
        lines = _lines(self.data / "postmaster.pid")
        # A negative pid belongs to a server in single-user mode, as started by pg_rewind: not a postmaster.
        pid = self._server.pid if self._server else int(lines[0]) if lines else 0
        if pid <= 0:
            return None
        try:
            process = psutil.Process(pid)
            # The pid file survives a crash, and its pid may have been reused.
            return process if self._lives(process) and mark_of(pid) == self.mark else None
        except psutil.NoSuchProcess:
            return None

    def _children(self, postmaster: psutil.Process) -> list[psutil.Process]:
        return [process for process in family.members(self.data) if process.pid != postmaster.pid]

    def _lives(self, process: psutil.Process) -> bool:
        if self._server is not None and process.pid == self._server.pid:
            return self._server.poll() is None
        return family.lives(process)

    def _reap(self) -> None:
        if self._server is not None:
            self._server.wait()
            self._server = None

    def dsn(
        self,
        user: str = SUPERUSER,
        dbname: str = "postgres",
        password: str | None = None,
        **options: str | int,
    ) -> str:
        """A libpq connection string directly to the server; `options` are further libpq keywords."""
        keywords: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT, **options}
        return conninfo.make_conninfo(
            host=HOST, port=self.port, user=user, dbname=dbname, password=password, **keywords
        )


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
