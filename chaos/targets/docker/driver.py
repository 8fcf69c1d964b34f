"""The driver of the reference stack in containers; its handles are the embedded target's plus containers."""

from __future__ import annotations

import json
import secrets
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from chaos import engine
from chaos.access.secrets import SecretReader
from chaos.engine import files, refs, sidecar
from chaos.engine.client import require_here
from chaos.errors import ControlError, TargetError, ToolMissing
from chaos.host.ports import free_port
from chaos.plugin.driver import Driver, Site, Wants
from chaos.plugin.fault import Evidence, Undo
from chaos.plugin.handles import ContainerRef, Database, EngineAt, Handles, Job, LogFiles, Proxy
from chaos.sampling.containers import how_sampled
from chaos.spec.target import Target
from chaos.spec.yamlfile import Where
from chaos.targets import slow_disk
from chaos.targets.attach.databases import pass_line
from chaos.targets.attach.ready import wait_until_ready
from chaos.targets.docker import compose_file, monitoring, undo
from chaos.targets.docker.creating import Creating
from chaos.targets.docker.disks import LOGS_OWNER, Disks
from chaos.targets.docker.options import DockerOptions
from chaos.targets.embedded import profile_file, settle_disk
from chaos.targets.embedded.options import Profile
from chaos.targets.warming import warm_up
from chaos.tools import docker_engine, docker_images, monitoring_images
from chaos.tools.equivalents import compose_folder
from chaos.tools.part import Missing

ROLES = ("api", "batch", "crowd")
CONTAINERS = {"api": "api", "database": "database", "proxy": "proxy", "model": "model"}  # role: service
PORTS = ("API_PORT", "METRICS_PORT", "DATABASE_PORT", "CONTROL_PORT", "DATABASE_PROXY_PORT")
LOGS, STATE = Path("/var/log/reference"), Path("/var/lib/reference")
OFFERS = frozenset(
    {
        *("base_url", "addresses.metrics", "logs", "databases.primary"),
        *(f"databases.primary.{role}" for role in ROLES),
        *(f"containers.{role}" for role in CONTAINERS),
        *(f"proxies.{name}" for name in ("database", "model")),
        *(f"volumes.{name}" for name in ("data", "logs")),
    }
)


class DockerDriver(Driver):
    Options = DockerOptions

    @classmethod
    def offers(cls, target: Target) -> frozenset[str]:
        return OFFERS | {f"jobs.{name}" for name in DockerOptions.model_validate(target.options).jobs}

    @classmethod
    def plan_notes(cls, target: Target, options: DockerOptions, faults: Collection[str]) -> list[str]:
        del target
        if "logrotate" not in faults:
            return []
        return slow_disk.notes_of_containers(options.disk_write, seen=not _is_elsewhere())

    @classmethod
    def check_profile(cls, at: Where) -> None:
        profile_file.check(at)

    def __init__(
        self, target: Target, options: DockerOptions, profile: Mapping[str, Any], staging: Mapping[str, float]
    ) -> None:
        super().__init__(target, options, profile, staging)
        self._options, self._settings = options, profile
        self._profile = Profile.of(profile, target.name)
        self._grown = int(staging.get("logs.grown", 0))
        self._password = secrets.token_hex(12)
        self._ports: dict[str, int] = {}
        self._made: dict[str, ContainerRef] = {}

    @property
    def versions(self) -> Mapping[str, str]:
        self._engine = engine.find()
        require_here(self._engine)
        found = docker_engine.find()
        if isinstance(found, Missing):
            raise found.error()
        self._images = docker_images.ready()
        with engine.connected(self._engine) as client:
            said = client.info()
        self._engine_root = _here(self._engine, Path(str(said["DockerRootDir"])))
        cgroups = f"cgroup v{said.get('CgroupVersion', '1')} ({said['CgroupDriver']})"
        sampled = how_sampled(here=self._engine_root is not None, version=str(said.get("CgroupVersion", "1")))
        told = {
            "Docker Engine": f"{found.version}, {found.source}, {cgroups}",
            "containers sampled by": sampled,
        }
        return {**told, **self._images.served, **(monitoring_images.ready() if self._monitored else {})}

    @property
    def _monitored(self) -> bool:
        return self._options.monitoring

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self._password,)

    def wants(self) -> Wants:
        # copytruncate copies the log once, and compresses it beside the copy
        logs = 3 * self._grown + 2 * self._options.rotated_before
        disk, memory = (monitoring.DISK, monitoring.MEMORY) if self._monitored else (0, 0)
        return Wants(disk=logs + 1_500_000_000 + disk, memory=1_500_000_000 + memory)

    def up(self, site: Site) -> Handles:
        self._mark = site.mark
        if not hasattr(self, "_images"):
            dict(self.versions)
        self._root = Path(tempfile.gettempdir()) / f"midnight-{site.mark}-{secrets.token_hex(4)}"
        site.creating("directory", {"what": "directory", "path": str(self._root)})
        self._root.mkdir(mode=0o755)
        self._choose_ports()
        apart = self._profile.volumes.layout == "apart"
        options = self._options
        self._disks = Disks(self._root, apart, options.disk_write, options.disk_size, self._engine_root)
        self._disks.make(site)
        try:
            with engine.connected(self._engine) as client:
                throttled = self._disks.throttled()
                creating = Creating(client, self._engine, site, throttled, self._disks.places)
                creating.witnessed = "api" if self._settings["api"].get("witness") else ""
                if self._monitored:
                    creating.contents = monitoring.contents(
                        self._ports, self._target.ready, options.own_metrics
                    )
                self._create(creating)
        except ControlError as error:
            raise TargetError(f"the stack could not be brought up: {error}") from error
        url = self._url("API_PORT")
        wait_until_ready(url + self._target.ready, {}, options.ready_within, site, any_answer=False)
        wait_until_ready(self._url("METRICS_PORT"), {}, options.ready_within, site, any_answer=False)
        if self._monitored:
            monitoring.wait(self._ports, options.ready_within, site)
        warm_up(url + self._target.ready)
        settle_disk.flush()
        self._disks.limit(site)
        settle_disk.settle(options.quiet_within, site.stopping)
        return self._handles(url)

    def drain(self) -> None:
        """Stop the API gracefully, and make its logs readable from here."""
        self._disks.lift(self._mark)  # queued data is written at the disk's own speed
        with engine.connected(self._engine, timeout=60.0) as client:
            api = refs.container_of(client, self._made["api"])
            if api is not None:
                api.stop(timeout=15)
        if not self._disks.made:
            files.fetch(self._made["api"], str(LOGS), self._root)

    @classmethod
    def undo(cls, undo_of: Undo) -> Evidence:
        return undo.carry_out(undo_of)

    def _create(self, creating: Creating) -> None:
        profiles = (monitoring.PROFILE,) if self._monitored else ()
        services = compose_file.read(compose_folder() / "compose.yaml", self._variables(), profiles)
        creating.network()
        creating.volumes(sorted({volume for each in services for volume, _ in each.volumes}))
        for service in services:
            creating.site.check()
            creating.create(service)
            if service.name == "api" and self._grown:
                self._grow(creating)
            creating.start(service, self._options.ready_within)
        self._made = dict(creating.made)

    def _grow(self, creating: Creating) -> None:
        before = min(self._options.rotated_before, self._grown // 2)
        sizes = {str(LOGS / "app.log"): self._grown, str(LOGS / "app.log.1"): before}
        said = json.dumps({"sizes": sizes, "owner": LOGS_OWNER}).encode() + b"\n"
        creating.intend("container", creating.name("grown-grown"))
        sidecar.run(creating.made["api"], "chaos.host.log_writer", f"{self._mark}/grown", said, running=False)

    def _choose_ports(self) -> None:
        wanted = (*PORTS, *(monitoring.PORTS if self._monitored else ()))
        while len(set(self._ports.values())) < len(wanted):
            self._ports = {name: free_port() for name in wanted}

    def _variables(self) -> dict[str, str]:
        settings = " ".join(f"-c {key}={value}" for key, value in self._profile.database.settings.items())
        return {
            "POSTGRES_IMAGE": self._images.postgres,
            "REFERENCE_IMAGE": self._images.reference,
            "PROXY_IMAGE": self._images.proxy,
            **(monitoring.images() if self._monitored else {}),
            "POSTGRES_COMMAND": f"postgres {settings}",
            "REFERENCE_PASSWORD": self._password,
            "REFERENCE_SETTINGS": json.dumps(self._settings),
            "REFERENCE_DOCUMENTS": str(self._options.documents),
            **{name: str(port) for name, port in self._ports.items()},
        }

    def _url(self, port: str) -> str:
        return f"http://127.0.0.1:{self._ports[port]}"

    def _dsn(self, role: str) -> str:
        """Directly to the server. The password is in the pass file, so that it never reaches the journal."""
        passfile = self._root / "pgpass"
        if not passfile.exists():
            passfile.touch(mode=0o600)
            passfile.write_text(pass_line(self._password))
        dbname = "postgres" if role == "postgres" else "reference"
        port = self._ports["DATABASE_PORT"]
        return f"host=127.0.0.1 port={port} user={role} dbname={dbname} passfile={passfile} connect_timeout=5"

    def _handles(self, url: str) -> Handles:
        control, api = self._url("CONTROL_PORT"), self._made["api"]
        proxied = f"127.0.0.1:{self._ports['DATABASE_PROXY_PORT']}"
        rotation, names = self._profile.rotation, ("app.log", "access.log")
        places = self._disks.places
        containers = {role: (self._made[service],) for role, service in CONTAINERS.items()}
        logs = Path(places["logs"]) if places else self._root / LOGS.name
        return Handles(
            base_url=url,
            addresses={
                "metrics": f"{self._url('METRICS_PORT')}/metrics",
                **(monitoring.addresses(self._ports) if self._monitored else {}),
            },
            containers=containers,
            databases={
                "primary": Database(self._dsn("postgres"), {role: self._dsn(role) for role in ROLES}, proxied)
            },
            proxies={
                "database": Proxy(control, "database", proxied, "database:5432", "postgres", proxied),
                "model": Proxy(control, "model", "proxy:9000", "model:9000", "http"),
            },
            volumes=self._disks.volumes(containers),
            logs=LogFiles(
                directory=logs,
                files=tuple(logs / name for name in names),
                unrotated=(logs / "error.log",),
                method=rotation.method,
                delaycompress=rotation.delaycompress,
                scheduling=rotation.scheduling,
                signal=rotation.signal,
                process="api",
                line_id=self._options.logs.line_id,
                container=api,
                inside=LOGS,
            ),
            jobs=self._jobs(api),
        )

    def _jobs(self, api: ContainerRef) -> dict[str, Job]:
        secret = SecretReader()
        return {
            name: at.job(at.added(f"options: jobs: {name}", secret), STATE, api)
            for name, at in self._options.jobs.items()
        }


def _here(at: EngineAt, root: Path) -> Path | None:
    """The engine's directory, if it is on this machine: with a TCP engine or Docker Desktop it may not be."""
    return root if at.url.startswith("unix://") and root.is_dir() else None


def _is_elsewhere() -> bool:
    """True if the engine's directory is not on this machine; False if the engine cannot be asked."""
    try:
        at = engine.find()
        if not at.url.startswith("unix://"):
            return True
        with engine.connected(at, timeout=5.0) as client:
            return _here(at, Path(str(client.info()["DockerRootDir"]))) is None
    except (ControlError, ToolMissing):  # a plan can be printed anywhere
        return False
