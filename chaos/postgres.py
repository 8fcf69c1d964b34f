"""One PostgreSQL cluster on 127.0.0.1: created, started, reloaded, stopped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import psutil
import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo

from chaos.errors import TargetError
from chaos.host.ports import PortTaken
from chaos.host.privileges import SystemUser, can_reach, give
from chaos.host.processes import mark_of, spawn

HOST = "127.0.0.1"
SUPERUSER = "postgres"
CONNECT_TIMEOUT = 5  # seconds, of every connection that is not told otherwise
STATEMENT_TIMEOUT = 30  # seconds, of every statement of ours

_INITDB_TIMEOUT = 120.0
_STOP_TIMEOUT = 30.0
_KILL_PATIENCE = 10.0
_POLL = 0.05
_LOG_TAIL = 15  # lines of the server's log in an error
_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}

_OURS = {
    # Nothing outside the data directory and the port, so that two clusters never meet.
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "log_line_prefix": "%m [%p] %q%u@%d %e ",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


@dataclass(frozen=True, slots=True)
class Installation:
    """The programs of one PostgreSQL: where they are, their version, and where they came from."""

    bin: Path
    version: str  # as `postgres --version` says it, e.g. "18.4"
    source: str
    libraries: Path | None = None  # outside the tree, and looked for by its place relative to it

    def program(self, name: str) -> Path:
        return self.bin / name

    def reachable_by(self, user: SystemUser | None, runtime: Path) -> Installation:
        """This installation, or a copy of its tree under `runtime` where `user` cannot execute it.

        The copy is made once and its `source` says so. Raises TargetError if `user` cannot reach
        `runtime` either.
        """
        if can_reach(user, self.program("postgres")):
            return self
        trees = [self.bin.parent, *([self.libraries] if self.libraries else [])]
        top = Path(os.path.commonpath([self.bin.parent, *(tree.parent for tree in trees[1:])]))
        place = runtime / f"postgresql-{self.version}"
        if not place.is_dir():
            _copy(trees, top, place)
        copied = place / self.bin.relative_to(top)
        libraries = place / self.libraries.relative_to(top) if self.libraries else None
        source = f"{self.source}, copied to {place}"
        copy = replace(self, bin=copied, source=source, libraries=libraries)
        if user is not None and not can_reach(user, copy.program("postgres")):
            raise TargetError(f"user {user.name} can execute neither {self.bin} nor a copy under {runtime}")
        return copy


@dataclass(slots=True)
class Cluster:
    """A cluster in `data`, run as `user` (None: ourselves) and bearing `mark`; its log goes to `log`.

    Whoever starts it is the server's parent, so that it can be reaped: a dead but unreaped server
    looks alive to the next one. The port may be changed while it is stopped.
    """

    installation: Installation
    data: Path
    port: int
    user: SystemUser | None
    mark: str
    log: Path
    _server: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    def init(self, *, password: str, settings: Mapping[str, str | int | float]) -> None:
        """Create the cluster: UTF-8, locale C, superuser `postgres` with `password` (SCRAM) over TCP only.

        `settings` go into postgresql.conf. Raises TargetError with initdb's own words.
        """
        self.data.mkdir(parents=True, mode=0o700, exist_ok=True)
        give(self.data, self.user)
        if not can_reach(self.user, self.data):
            who = self.user.name if self.user else "we"
            raise TargetError(f"{who} cannot enter {self.data}: a directory above it forbids it")
        # A file without a name: the password never reaches a disk or a command line.
        secret = os.memfd_create("password", 0)
        try:
            os.write(secret, password.encode() + b"\n")
            self._initdb(secret)
        finally:
            os.close(secret)
        with (self.data / "postgresql.conf").open("a") as conf:
            for name, value in {**_OURS, **settings}.items():
                conf.write(f"{name} = {_quoted(value)}\n")

    def _initdb(self, secret: int) -> None:
        argv: list[str | Path] = [self.installation.program("initdb"), "-D", self.data, "-U", SUPERUSER]
        argv += ["-E", "UTF8", "--locale=C", "--auth-host=scram-sha-256", "--auth-local=reject"]
        # Not synced: a cluster lost while being created is created again. The server itself keeps fsync on.
        argv += ["--no-sync", "--no-instructions", f"--pwfile=/proc/self/fd/{secret}"]
        child = spawn(
            argv,
            mark=self.mark,
            user=self.user,
            cwd=self.data,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(secret,),
        )
        try:
            output, _ = child.communicate(timeout=_INITDB_TIMEOUT)
        except subprocess.TimeoutExpired as error:
            child.kill()
            child.wait()
            raise TargetError(f"initdb did not end within {_INITDB_TIMEOUT:.0f} s ({argv[0]})") from error
        if child.returncode != 0:
            words = _tail(output.decode(errors="replace"))
            raise TargetError(f"initdb failed with {child.returncode} ({argv[0]}):\n{words}")

    def start(self, *, timeout: float = 60.0) -> None:
        """Start the server and return when it accepts connections, at most `timeout` seconds later.

        Raises PortTaken (choose another port, start again) or TargetError with the tail of the log;
        then nothing is left running.
        """
        if self.running():
            raise TargetError(f"the cluster in {self.data} is running already")
        program = self.installation.program("postgres")
        from_here = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._server = spawn(
                # The port is an argument, so that a retry with another one edits no file.
                [program, "-D", self.data, "-p", str(self.port)],
                mark=self.mark,
                user=self.user,
                cwd=self.data,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + timeout
        while not self._accepts():
            code = self._server.poll()
            if code is None and time.monotonic() < deadline:
                time.sleep(_POLL)
                continue
            self.stop("immediate")
            words = _tail(self.log.read_bytes()[from_here:].decode(errors="replace"))
            if "Address already in use" in words:
                raise PortTaken(self.port, f"PostgreSQL in {self.data}")
            what = f"not ready within {timeout:.0f} s" if code is None else f"ended with {code}"
            raise TargetError(f"PostgreSQL in {self.data}: {what}; its log {self.log} ends:\n{words}")

    def _accepts(self) -> bool:
        # The pid file says that it is our server, and not another's on the same port, that answers.
        lines = _lines(self.data / "postmaster.pid")
        ours = self._server is not None and lines[:1] == [str(self._server.pid)]
        if not ours or len(lines) < 8 or lines[7].strip() != "ready":
            return False
        where = f"host={HOST} port={self.port} dbname=postgres user={SUPERUSER} connect_timeout=2"
        return pq.PGconn.ping(where.encode()) == pq.Ping.OK

    def running(self) -> bool:
        return self._postmaster() is not None

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop the server and reap it; nothing to do if it is not running.

        fast: sessions are ended, a checkpoint is written. immediate: as in a crash, so that the next
        start replays the log. Works too for a server that another process of ours has started. What
        has not ended within 30 s is killed. Raises TargetError if even that fails.
        """
        postmaster = self._postmaster()
        if postmaster is not None:
            family = [postmaster, *_children(postmaster)]
            _send(postmaster, _SIGNALS[mode])
            if self._still_there(family, _STOP_TIMEOUT):
                for process in family:
                    _send(process, signal.SIGKILL)
                if self._still_there(family, _KILL_PATIENCE):
                    raise TargetError(f"PostgreSQL in {self.data} (pid {postmaster.pid}) does not die")
        if self._server is not None:
            self._server.wait()
            self._server = None

    def _still_there(self, family: list[psutil.Process], patience: float) -> bool:
        deadline = time.monotonic() + patience
        while any(self._lives(process) for process in family):
            if time.monotonic() >= deadline:
                return True
            time.sleep(_POLL)
        return False

    def _lives(self, process: psutil.Process) -> bool:
        if self._server is not None and process.pid == self._server.pid:
            return self._server.poll() is None
        try:
            return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def reload(self) -> None:
        """Have the server read its configuration files again. Raises TargetError if it is not running."""
        postmaster = self._postmaster()
        if postmaster is None:
            raise TargetError(f"the cluster in {self.data} is not running")
        _send(postmaster, signal.SIGHUP)

    def _postmaster(self) -> psutil.Process | None:
        lines = _lines(self.data / "postmaster.pid")
        pid = self._server.pid if self._server else int(lines[0]) if lines else None
        if pid is None:
            return None
        try:
            process = psutil.Process(pid)
            # The pid file outlives a crash, and its pid may by now be anybody's.
            return process if self._lives(process) and mark_of(pid) == self.mark else None
        except psutil.NoSuchProcess:
            return None

    def dsn(
        self,
        user: str = SUPERUSER,
        dbname: str = "postgres",
        password: str | None = None,
        **options: str | int,
    ) -> str:
        """A libpq connection string straight to the server; `options` are further libpq keywords."""
        keywords: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT, **options}
        return make_conninfo(
            host=HOST, port=self.port, user=user, dbname=dbname, password=password, **keywords
        )


def connect(dsn: str, *, patience: float = 5.0) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection in autocommit, whose statements end after 30 s. While a crowd is connecting, even the
    slots reserved for superusers are taken for a moment: that is waited out, at most `patience` seconds.
    Raises psycopg.OperationalError."""
    deadline = time.monotonic() + patience
    limits = f"-c statement_timeout={STATEMENT_TIMEOUT}s"
    while True:
        try:
            return psycopg.connect(dsn, autocommit=True, connect_timeout=CONNECT_TIMEOUT, options=limits)
        except psycopg.OperationalError as error:
            if "clients already" not in str(error) or time.monotonic() >= deadline:
                raise
        time.sleep(_POLL)


def _copy(trees: Sequence[Path], top: Path, place: Path) -> None:
    """Copy the trees from below `top` to the same places below `place`, readable by everybody."""
    # Renamed into place when complete, so that an interrupted copy is never taken for an installation.
    unfinished = place.with_name(f".{place.name}.{os.getpid()}")
    leave_out = shutil.ignore_patterns("include")
    for tree in trees:
        shutil.copytree(tree, unfinished / tree.relative_to(top), symlinks=True, ignore=leave_out)
    for path in (unfinished, *unfinished.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    unfinished.rename(place)


def _quoted(value: str | int | float) -> str:
    return "'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'"


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []


def _tail(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-_LOG_TAIL:])


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children()
    except psutil.NoSuchProcess:
        return []


def _send(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
