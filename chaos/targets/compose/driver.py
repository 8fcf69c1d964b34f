"""The driver of a Compose project of somebody else's: everything is found, nothing is started or stopped."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from chaos.driver import Driver, Site, Wants
from chaos.fault import Evidence, Undo
from chaos.handles import Database, Handles, Job, LogFiles, Volume
from chaos.probe import Probe
from chaos.sampling.containers import how
from chaos.target import Target
from chaos.targets import probing, rotation
from chaos.targets.attach import databases, passfiles
from chaos.targets.attach.ready import wait_until_ready
from chaos.targets.compose import logs
from chaos.targets.compose.discovery import Discovered, discover
from chaos.targets.compose.options import ComposeOptions
from chaos.tools import docker_engine
from chaos.tools.part import Found


class ComposeDriver(Driver):
    Options = ComposeOptions
    started_by_us = False
    needs_consent = True

    @classmethod
    def offers(cls, target: Target) -> frozenset[str]:
        options = ComposeOptions.model_validate(target.options)
        names = {"base_url", *(f"containers.{role}" for role in options.services() if role != "logs")}
        if options.database is not None:
            roles = options.database.dsns if options.database.admin_dsn else ("api", "batch", "crowd")
            names |= {"databases.primary", *(f"databases.primary.{role}" for role in roles)}
        if options.proxy is not None:
            names |= {"proxies.database"}
        if options.logs is not None:
            names |= {"logs", "volumes.logs"}
        return frozenset(names | ({"jobs.nightly"} if options.batch is not None else set()))

    @classmethod
    def plan_notes(cls, target: Target, options: ComposeOptions, faults: Collection[str]) -> list[str]:
        role = options.logs
        if role is None or rotation.FAULT not in faults:
            return []

        def there() -> LogFiles:
            return logs.log_files(role, discover(options).ref("logs"), target)

        return rotation.notes(there, (1,))

    def __init__(
        self,
        target: Target,
        options: ComposeOptions,
        profile: Mapping[str, Any],
        staging: Mapping[str, float],
    ) -> None:
        super().__init__(target, options, profile, staging)
        self._options = options
        self._found: Discovered = discover(options)

    @property
    def aim(self) -> str:
        return f"compose-{self._options.project}"

    @property
    def versions(self) -> Mapping[str, str]:
        said = {role: f"{found.service}: {found.image}" for role, found in self._found.containers.items()}
        found = docker_engine.find()
        said["containers sampled by"] = how({role: self._found.ref(role) for role in self._found.containers})
        if isinstance(found, Found):
            said["Docker Engine"] = f"{found.version}, {found.source}"
        if self._found.dsns and (version := databases.version(self._found.dsns[0])) is not None:
            said["PostgreSQL"] = version
        return said

    @property
    def secrets(self) -> tuple[str, ...]:
        return self._found.secrets

    def probes(self) -> Iterator[Probe]:
        found = self._found
        if found.dsns:
            yield from probing.probe_database(found.dsns, found.proxied, "options: database")
        if found.proxy is not None and found.proxied:
            yield from probing.probe_proxy(found.proxy, "options: proxy", found.proxied)

    def wants(self) -> Wants:
        return Wants()

    def up(self, site: Site) -> Handles:
        found, options = self._found, self._options
        any_answer = "ready" not in self._target.model_fields_set  # an API need not have anything at `/`
        url = found.base_url + self._target.ready
        wait_until_ready(url, found.headers, options.api.ready_within, site, any_answer=any_answer)
        containers = {role: found.ref(role) for role in options.services() if role != "logs"}
        jobs = {}
        if options.batch is not None:
            cwd = Path(options.batch.cwd) if options.batch.cwd is not None else None
            jobs["nightly"] = Job(options.batch.command, {}, cwd, containers["batch"])
        return Handles(
            base_url=found.base_url,
            headers=found.headers,
            containers={role: (ref,) for role, ref in containers.items()},
            databases=self._databases(site),
            proxies={"database": found.proxy} if found.proxy is not None else {},
            volumes=self._volumes(),
            logs=None
            if options.logs is None
            else logs.log_files(options.logs, found.ref("logs"), self._target),
            jobs=jobs,
        )

    def drain(self) -> None:
        """Nothing: what the target holds back is its own affair."""

    @classmethod
    def restore(cls, undo: Undo) -> Evidence:
        return passfiles.remove(undo)

    def _databases(self, site: Site) -> dict[str, Database]:
        if not self._found.dsns:
            return {}
        files = passfiles.make([("primary", dsn) for dsn in self._found.dsns], site)
        strings = {dsn.role: dsn.string(files.get(("primary", dsn.role))) for dsn in self._found.dsns}
        admin = strings.pop(databases.ADMIN)
        return {"primary": Database(admin, strings, self._found.proxied, ours=False)}

    def _volumes(self) -> dict[str, Volume]:
        if self._options.logs is None:
            return {}
        inside = Path(self._options.logs.directory)
        return {"logs": Volume(logs.NOT_HERE, None, None, self._found.ref("logs"), inside)}
