"""The driver of a running Compose project: discovers everything, starts and stops nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from chaos.errors import NoVerdict, Refused
from chaos.plugin.driver import Driver, Site, Wants
from chaos.plugin.fault import Evidence, Undo
from chaos.plugin.handles import Database, Handles, Job, LogFiles
from chaos.plugin.probe import Answer, Probe, no, yes
from chaos.sampling.containers import how
from chaos.spec.target import Target
from chaos.targets import probing, rotation, strange_toxics
from chaos.targets.attach import databases, passfiles
from chaos.targets.attach.ready import wait_until_ready
from chaos.targets.compose import checking, logins, logs, reach, sessions, volumes
from chaos.targets.compose.checking import Path as Way
from chaos.targets.compose.discovery import Discovered, discover
from chaos.targets.compose.options import ComposeOptions, job_role
from chaos.targets.jobs import JobInside
from chaos.tools import docker_engine
from chaos.tools.part import Found


class ComposeDriver(Driver):
    Options = ComposeOptions
    started_by_us = False
    needs_consent = True

    @classmethod
    def offers(cls, target: Target) -> frozenset[str]:
        options = ComposeOptions.model_validate(target.options)
        names = {"base_url", *(f"containers.{role}" for role in options.roles_of_services())}
        database = options.database
        if database is not None and database.kind == "postgresql":
            roles = database.dsns if database.admin_dsn else logins.ROLES
            names |= {"databases.primary", *(f"databases.primary.{role}" for role in roles)}
        if options.proxy is not None:
            names |= {f"proxies.{name}" for name in ("database", *options.proxy.also)}
        if options.logs is not None:
            names |= {"logs"}
        names |= {f"volumes.{name}" for name in options.volume_names()}
        names |= {f"addresses.{name}" for name in options.addresses}
        return frozenset(names | {f"jobs.{name}" for name in options.jobs})

    @classmethod
    def plan_notes(cls, target: Target, options: ComposeOptions, faults: Collection[str]) -> list[str]:
        role = options.logs
        if role is None or rotation.FAULT not in faults:
            return []

        def there() -> LogFiles:
            return logs.log_files(role, discover(options).refs("logs")[0], target)

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
        containers = self._found.containers
        said = {
            role: ", ".join(dict.fromkeys(f"{one.service}: {one.image}" for one in each))
            for role, each in containers.items()
        }
        found = docker_engine.find()
        said["containers sampled by"] = how({role: self._found.refs(role)[0] for role in containers})
        if isinstance(found, Found):
            said["Docker Engine"] = f"{found.version}, {found.source}"
        if (
            self._found.dsns
            and not self._is_forwarded
            and (version := databases.version(self._found.dsns[0])) is not None
        ):
            said["PostgreSQL"] = version
        return said | {f"sessions with {path.store.service}": path.told for path in self._paths}

    @property
    def secrets(self) -> tuple[str, ...]:
        return self._found.secrets

    def probes(self) -> Iterator[Probe]:
        found = self._found
        if found.dsns and not self._is_forwarded:
            yield from self._signing_in()
        for name, each in found.guarded.items():
            place = f"options: proxy: {name}"
            if not any(way.name == f"proxy-{name}" for way in found.ways):
                yield from probing.probe_proxy(each.proxy, place, each.address)
        for path in self._paths:
            what = f"options: proxy: sessions with {path.store.service}"
            wrong = path.wrong(self._options.project)
            yield no(what, *wrong) if wrong else yes(what, path.told)

    def wants(self) -> Wants:
        return Wants()

    def up(self, site: Site) -> Handles:
        found, options = self._found, self._options
        strange_toxics.refuse(each.proxy for each in found.guarded.values())
        reach.open_ways(found.engine, found.ways, site)
        if found.dsns and self._is_forwarded:
            for probe in self._signing_in():
                if probe.answer is Answer.NO:
                    raise Refused(probe.line)
        any_answer = "ready" not in self._target.model_fields_set  # an API need not serve `/`
        url = found.base_url + self._target.ready
        wait_until_ready(url, found.headers, options.front.ready_within, site, any_answer=any_answer)
        containers = {role: found.refs(role) for role in options.roles_of_services()}
        return Handles(
            base_url=found.base_url,
            headers=found.headers,
            addresses=found.addresses,
            containers=containers,
            databases=self._databases(site),
            proxies={name: each.proxy for name, each in found.guarded.items()},
            volumes={
                name: volumes.volume(found.engine, options.project, place)
                for name, place in found.volumes.items()
            },
            logs=None
            if options.logs is None
            else logs.log_files(options.logs, found.refs("logs")[0], self._target),
            jobs={name: self._job(name, job) for name, job in options.jobs.items()},
        )

    def recheck(self) -> None:
        """Check that pools opened by the baseline go through the proxy, too. Raises NoVerdict naming those that
        bypass it.
        """
        if all(path.is_seen for path in self._paths):
            return
        for path in self._look(patience=0.0):
            if wrong := path.wrong(self._options.project):
                raise NoVerdict(f"proxy: {'; '.join(wrong)}; nothing was injected")

    def drain(self) -> None:
        """Nothing: unwritten data is the target's own business."""

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        return _UNDOS[undo["what"]](undo)

    @property
    def _is_forwarded(self) -> bool:
        """True if the database is reachable only through a forwarder."""
        return any(way.name == "database" for way in self._found.ways)

    @cached_property
    def _paths(self) -> list[Way]:
        return self._look()

    def _job(self, name: str, at: JobInside) -> Job:
        cwd = Path(at.cwd) if at.cwd is not None else None
        return at.job(self._found.job_env[name], cwd, self._found.refs(job_role(name))[0])

    def _signing_in(self) -> Iterator[Probe]:
        guarded = self._found.guarded.get("database")
        proxied = guarded.address if guarded is not None else ""
        return probing.probe_database(self._found.dsns, proxied, "options: database")

    def _look(self, patience: float = sessions.PATIENCE) -> list[Way]:
        """Check the sessions with everything that a proxy of the file leads to."""
        found, options = self._found, self._options
        return [
            checking.check(
                found.engine,
                each.store,
                found.containers["proxy"][0],
                each.listen,
                found.project,
                api=options.api.service if name == "database" else (),
                may=options.proxy.past if options.proxy else (),
                patience=patience,
            )
            for name, each in found.guarded.items()
        ]

    def _databases(self, site: Site) -> dict[str, Database]:
        if not self._found.dsns:
            return {}
        made = passfiles.make([("primary", dsn) for dsn in self._found.dsns], site)
        strings = {role: string for (_, role), string in made.items()}
        admin = strings.pop(databases.ADMIN)
        proxied = self._found.guarded["database"].address if "database" in self._found.guarded else ""
        return {"primary": Database(admin, strings, proxied, ours=False)}


_UNDOS: dict[str, Callable[[Undo], Evidence]] = {
    passfiles.WHAT: passfiles.remove,
    reach.WHAT: reach.remove,
}
