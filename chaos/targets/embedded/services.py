"""The processes of the stack: started in order, each awaited, each carrying the run's mark."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from chaos.census.witness import giving
from chaos.census.witness.ask import DIRECTORY, folder
from chaos.errors import ControlError, TargetError, UndoError
from chaos.host.ports import PortTaken, free_port
from chaos.host.privileges import unprivileged_user
from chaos.host.processes import mark_of, spawn
from chaos.later import httpx, requests, sql
from chaos.plugin.driver import Site
from chaos.plugin.fault import Evidence, Undo
from chaos.postgres import Cluster, connect
from chaos.spec import named_files
from chaos.spec.units import show_seconds
from chaos.targets.embedded.layout import DATABASE, ROLES, Layout
from chaos.targets.embedded.options import EmbeddedOptions
from chaos.targets.embedded.servers import Estate, Protection
from chaos.targets.warming import warm_up
from chaos.tools import logrotate, postgresql, toxiproxy
from chaos.tools.part import Missing
from chaos.toxiproxy import Toxiproxy

READY_WITHIN = 45.0
PREPARED_WITHIN = 120.0  # seconds for the database's schema and seed
PORTS_TRIED = 5
POLL = 0.05  # seconds between checks of a starting part: none of them signals readiness


class Parts:
    """One stack's processes."""

    def __init__(
        self,
        layout: Layout,
        mark: str,
        profile: Mapping[str, Any],
        logs: Path,
        options: EmbeddedOptions,
        protection: Protection,
    ) -> None:
        self._layout, self._mark, self._profile = layout, mark, profile
        self._logs, self._options, self._protection = logs, options, protection
        self._estate: Estate | None = None
        self.api: subprocess.Popen[bytes] | None = None
        self.proxy: subprocess.Popen[bytes] | None = None
        self.control_url = layout.url("control")
        self._code = named_files.shipped("targets")

    @staticmethod
    def versions() -> dict[str, str]:
        """Each part of the stack with its version and source. Raises ToolMissing."""
        said: dict[str, str] = {}
        for part in (postgresql, toxiproxy, logrotate):
            found = part.find()
            if isinstance(found, Missing):
                raise found.error()
            said[found.part] = f"{found.version} ({found.source})"
        packages = ("gunicorn", "gevent", "flask-restx", "sqlalchemy", "psycopg")
        return said | {name: version(name) for name in packages}

    def python(self, module: str) -> tuple[str, ...]:
        # -P: files in the user's directory must not shadow modules of the stack
        return (sys.executable, "-P", "-m", module)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the stack's own programs; they get the run's secrets through files."""
        return {
            **os.environ,
            "PYTHONPATH": str(self._code.resolve()),
            "REFERENCE_CONFIG": str(self._layout.config),
            "REFERENCE_ADMIN_DSN": self._layout.dsn("postgres"),
        }

    def proxied(self) -> list[tuple[str, int, int]]:
        """(name, port listened on, port forwarded to) of each proxy."""
        ports = self._layout.ports
        found = [
            ("database", ports["database_proxy"], ports["database"]),
            ("model", ports["model_proxy"], ports["model"]),
        ]
        if self._protection.standby:
            found.append(("replication", ports["replication_proxy"], ports["database"]))
        return found

    def proxy_name(self, name: str) -> str:
        """Named after the run, so a late undo never touches a proxy of another run."""
        return f"{self._mark}-{name}"

    def start_services(self) -> None:
        """The model provider, the exporter and the API. None of them connects before it is sent a request."""
        self._write_config()
        self._spawn("model", self.python("reference.model_stub"))
        conf = str(self._code / "reference/gunicorn_conf.py")
        argv = [*self.python("gunicorn"), "-c", conf, "reference.wsgi:app"]
        self.api = self._spawn("api", argv, self._witness())
        self._spawn("exporter", self.python("reference.exporter"))

    def start_proxy(self, creating: Callable[[str, Undo], None]) -> None:
        """Start a Toxiproxy server, or use the one named by TOXIPROXY_URL."""
        url = toxiproxy.running_server()
        if url:
            self.control_url = Toxiproxy(url).url  # without user and password
        else:
            binary = toxiproxy.find_binary()
            port = str(self._layout.ports["control"])
            self.proxy = self._spawn("toxiproxy", [str(binary), "-host", "127.0.0.1", "-port", port])
        server = Toxiproxy(self.control_url)
        self._until("Toxiproxy", lambda: bool(server.version()), self.proxy)
        for name, listen, upstream in self.proxied():
            proxy = self.proxy_name(name)
            if url:
                creating(f"proxy {name}", {"what": "proxy", "api": self.control_url, "proxy": proxy})
            server.create(proxy, f"127.0.0.1:{listen}", f"127.0.0.1:{upstream}")

    def start_database(self, settings: Mapping[str, str | int | float]) -> None:
        user = unprivileged_user()
        installation = postgresql.installation().reachable_by(user, self._layout.root)
        cluster = Cluster(
            installation,
            self._layout.data,
            self._layout.ports["database"],
            user=user,
            mark=self._mark,
            log=self._layout.output / "postgresql.log",
        )
        self._estate = Estate(self._layout, cluster, self._protection)
        self._estate.prepare()
        wanted = {**settings, **self._protection.settings(self._layout)}
        password, segment = self._layout.passwords["postgres"], self._protection.wal_segment_mib
        cluster.init(password=password, settings=wanted, wal_segment_mib=segment)
        for left in reversed(range(PORTS_TRIED)):
            try:
                cluster.start()
                return
            except PortTaken:
                if not left:
                    raise
                cluster.port = self._layout.ports["database"] = free_port()

    @property
    def estate(self) -> Estate:
        """Of the started database."""
        assert self._estate is not None
        return self._estate

    def postmaster_pid(self) -> int:
        return int((self._layout.data / "postmaster.pid").read_text().split()[0])

    def prepare_database(self) -> None:
        """The stack's database, schema, seed and roles."""
        with connect(self._layout.dsn("postgres")) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
        output = self._layout.output / "prepare.log"
        with output.open("wb") as file:
            argv = self.python("reference.prepare")
            child = spawn(argv, mark=self._mark, env=self.environment, stdout=file, stderr=file)
        try:
            ended = f"ended with {child.wait(PREPARED_WITHIN)}"
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            ended = f"took longer than {show_seconds(PREPARED_WITHIN)}"
        if child.returncode != 0:
            words = output.read_text(errors="replace")[-800:]
            raise TargetError(f"the database could not be prepared: it {ended}: {words}")

    def protect_database(self) -> None:
        """Create the standby, archive and backup that the experiment requires."""
        self.estate.protect()

    def wait_until_ready(self, path: str, site: Site) -> None:
        """Wait until the API reports itself and its dependencies ready, and the exporter answers."""
        layout = self._layout
        with httpx.Client(timeout=2, trust_env=False, verify=False) as client:

            def answers(url: str) -> Callable[[], bool]:
                def ask() -> bool:
                    site.check()
                    return client.get(url).status_code == 200

                return ask

            self._until("the API", answers(layout.url("api") + path), self.api)
            self._until("the exporter", answers(layout.url("metrics") + "/metrics"))

    def warm_up(self, path: str) -> None:
        warm_up(self._layout.url("api") + path)

    @staticmethod
    def kill_database(data: Path, mark: str) -> None:
        """Stop the server immediately: it ends its own children, and its data is discarded anyway."""
        with suppress(OSError, ValueError, IndexError):
            pid = int((data / "postmaster.pid").read_text().split()[0])
            if mark_of(pid) == mark:
                os.kill(pid, signal.SIGQUIT)

    @staticmethod
    def delete_proxy(api: str, name: str) -> Evidence:
        """Delete a proxy from a server that midnight did not start; a missing one is fine. Raises UndoError."""
        server = Toxiproxy(api)
        try:
            if name in server.proxies():
                server.delete(name)
        except ControlError as error:
            if isinstance(error.__cause__, requests.ConnectionError):
                return {"proxy": name, "server": "gone"}
            raise UndoError(f"{error}; by hand: curl -X DELETE {api}/proxies/{name}") from error
        return {"proxy": name, "deleted": True}

    def _write_config(self) -> None:
        layout = self._layout
        roles = {role: {"user": role, "password": layout.passwords[role]} for role in ROLES}
        ports = layout.ports
        config = {
            "profile": self._profile,
            "database": {
                "host": "127.0.0.1",
                "port": ports["database_proxy"],
                "dbname": DATABASE,
                "roles": roles,
            },
            "model_url": layout.url("model_proxy"),
            "listen": {name: ports[name] for name in ("api", "metrics", "model")},
            "logs": str(self._logs),
            "scratch": str(layout.scratch),
            "documents": self._options.documents,
        }
        layout.config.touch(mode=0o600)
        layout.config.write_text(json.dumps(config))

    def _witness(self) -> dict[str, str]:
        """The environment that gives the API the witness, if its profile has it."""
        if not self._profile["api"].get("witness"):
            return {}
        answers = self._layout.root / "witness"
        answers.mkdir(exist_ok=True)
        path = self.environment[giving.PYTHONPATH]
        return {giving.PYTHONPATH: giving.first_on(path, folder()), DIRECTORY: str(answers)}

    def _spawn(
        self, name: str, argv: list[str] | tuple[str, ...], more: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        with (self._layout.output / f"{name}.log").open("ab") as output:
            return spawn(
                argv,
                mark=self._mark,
                env={**self.environment, **(more or {})},
                cwd=self._layout.root,
                stdout=output,
                stderr=output,
            )

    def _until(
        self, what: str, ready: Callable[[], bool], process: subprocess.Popen[bytes] | None = None
    ) -> None:
        end, because = time.monotonic() + READY_WITHIN, "it never answered"
        while time.monotonic() < end:
            if process is not None and process.poll() is not None:
                raise TargetError(f"{what} ended with {process.returncode}: {self._last_words()}")
            try:
                if ready():
                    return
                because = "it answers, but is not ready"
            except (httpx.HTTPError, ControlError) as error:
                because = str(error)
            time.sleep(POLL)
        raise TargetError(
            f"{what} was not ready within {show_seconds(READY_WITHIN)}: {because}; {self._last_words()}"
        )

    def _last_words(self) -> str:
        files = [*self._layout.output.glob("*.log"), *self._logs.glob("error.log")]
        said = [f"{file.name}: {line}" for file in files for line in _tail(file)]
        return " | ".join(said) or "no output from any part"


def _tail(file: Path) -> Iterator[str]:
    yield from file.read_text(errors="replace").strip().splitlines()[-2:]
