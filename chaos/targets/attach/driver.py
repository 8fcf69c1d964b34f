"""The attaching driver: discovers everything, and stops nothing that it has not started: a proxy, or the service's
own process if the file says how."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from chaos.access import allowlist
from chaos.errors import ControlError, Refused
from chaos.plugin.driver import Driver, Site, Wants
from chaos.plugin.fault import Evidence, Undo
from chaos.plugin.handles import Database, Handles, Proxy
from chaos.plugin.probe import Probe, no
from chaos.spec.broken import BrokenRule
from chaos.spec.target import Target
from chaos.targets import probing, rotation, strange_toxics
from chaos.targets.attach import databases, passfiles, proxy_notes, proxying, started, undoing
from chaos.targets.attach.found import Found, find, logs_of
from chaos.targets.attach.kept import KeptProxies
from chaos.targets.attach.options import STARTED, AttachOptions
from chaos.targets.attach.ready import wait_until_ready
from chaos.toxiproxy import Toxiproxy

_UP = "type `midnight stack up --target FILE` with this target's file, and let the service connect through it"


class AttachDriver(Driver):
    Options = AttachOptions
    started_by_us = False
    needs_consent = True

    @classmethod
    def offers(cls, target: Target) -> frozenset[str]:
        options = AttachOptions.model_validate(target.options)
        names = {"base_url"} | ({"logs"} if options.logs is not None else set())
        for group in ("processes", "databases", "proxies", "volumes", "jobs"):
            names |= {f"{group}.{key}" for key in getattr(options, group)}
        if options.start is not None:
            names.add(f"processes.{STARTED}")
        for name, database in options.databases.items():
            names |= {f"databases.{name}.{role}" for role in database.dsns}
        return frozenset(names)

    @classmethod
    def check_target(cls, target: Target, options: AttachOptions) -> None:
        for host, place in options.hosts():
            if allowlist.is_foreign(host, target.allow):
                raise BrokenRule(f"{host} is not this machine and not listed in `allow`", *place)

    @classmethod
    def plan_notes(cls, target: Target, options: AttachOptions, faults: Collection[str]) -> list[str]:
        notes = proxy_notes.of(options, faults)
        at = options.logs
        if at is None or rotation.FAULT not in faults:
            return notes
        return notes + rotation.notes(lambda: logs_of(at, target), ())

    @classmethod
    def to_keep(cls, options: AttachOptions) -> type[Driver] | None:
        return KeptProxies if proxying.ours(options) and options.start is None else None

    @classmethod
    def in_use(cls, undo: Undo) -> Sequence[str]:
        return proxying.users(undo) if undo["what"] == proxying.WHAT else ()

    def __init__(
        self,
        target: Target,
        options: AttachOptions,
        profile: Mapping[str, Any],
        staging: Mapping[str, float],
    ) -> None:
        super().__init__(target, options, profile, staging)
        self._options = options
        self._grown = staging.get("logs.grown", 0)
        self._found: Found = find(options, target)

    @property
    def aim(self) -> str:
        host = allowlist.host_of(self._options.base_url)
        here = any(
            ipaddress.ip_address(each).is_loopback for each in allowlist.addresses(host, self._target.allow)
        )
        # all names of this machine count as one: runs on the same service must not overlap under two of them
        return f"{'localhost' if here else host}:{allowlist.port_of(self._options.base_url)}"

    @property
    def versions(self) -> Mapping[str, str]:
        """Whatever can be found out: an attached target need not answer."""
        said: dict[str, str] = {}
        for api in {proxy.api for proxy in self._found.proxies.values()}:
            said |= _version_of(api)
        for name, dsns in self._found.dsns.items():
            if (version := databases.version(dsns[0])) is not None:
                said[f"PostgreSQL {name}"] = version
        return said

    @property
    def secrets(self) -> tuple[str, ...]:
        return self._found.secrets

    def probes(self) -> Iterator[Probe]:
        proxies = self._found.proxies
        for name, proxy in proxies.items():
            yield from probing.probe_proxy(proxy, f"options: proxies: {name}")
        if self._found.start is None:
            for name in proxying.ours(self._options).keys() - proxies.keys():
                yield no(f"options: proxies: {name}", "it is not up", _UP)
        for name, dsns in self._found.dsns.items():
            place = f"options: databases: {name}"
            yield from probing.probe_database(dsns, self._proxied(name, proxies), place)
        if self._found.logs is not None:
            yield from probing.probe_writable(self._found.logs.directory, "options: logs: directory")

    def wants(self) -> Wants:
        return Wants()

    def up(self, site: Site) -> Handles:
        proxies = self._proxies(site)
        strange_toxics.refuse(proxies.values())
        processes = dict(self._found.processes)
        if self._found.start is not None:
            processes[STARTED] = (started.start(self._found.start, proxies, site),)
        url, within = self._options.base_url + self._target.ready, self._options.ready_within
        any_answer = "ready" not in self._target.model_fields_set  # an API need not serve `/`
        wait_until_ready(url, self._found.headers, within, site, any_answer=any_answer)
        if self._grown and self._found.logs is not None:
            because = "the logs of a target that midnight did not start are rotated as they are"
            site.creating(undoing.LOGS, {"what": undoing.LOGS, "not_grown": because})
        return Handles(
            base_url=self._options.base_url,
            headers=self._found.headers,
            processes=processes,
            databases=self._databases(site, proxies),
            proxies=proxies,
            volumes=self._found.volumes,
            logs=self._found.logs,
            jobs=self._found.jobs,
        )

    def _proxies(self, site: Site) -> dict[str, Proxy]:
        """Those that are there, and those that this run starts. Raises Refused for those that it does not start."""
        there, wanted = dict(self._found.proxies), proxying.ours(self._options)
        if wanted.keys() <= there.keys():
            return there
        if self._found.start is None:
            raise Refused(f"options: proxies: {next(iter(wanted))}: not up; {_UP}")
        made, _ = proxying.start(self._options, self._target, site)
        crowds = self._found.crowds
        return there | {
            name: crowds[name].given_to(each) if name in crowds else each for name, each in made.items()
        }

    def drain(self) -> None:
        """Nothing: unwritten data is the target's own business."""

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        return undoing.undo(undo)

    def _databases(self, site: Site, proxies: Mapping[str, Proxy]) -> dict[str, Database]:
        dsns = self._found.dsns
        made = passfiles.make([(name, dsn) for name, each in dsns.items() for dsn in each], site)
        strings = {name: {dsn.role: made[name, dsn.role] for dsn in each} for name, each in dsns.items()}
        return {
            name: Database(by_role.pop(databases.ADMIN), by_role, self._proxied(name, proxies), ours=False)
            for name, by_role in strings.items()
        }

    def _proxied(self, name: str, proxies: Mapping[str, Proxy]) -> str:
        given, proxy = self._options.databases[name].proxied, proxies.get("database")
        if given is not None or proxy is None:
            return given or ""
        return probing.reached(proxy)


def _version_of(api: str) -> dict[str, str]:
    try:
        return {f"Toxiproxy {api}": Toxiproxy(api).version()}
    except ControlError:
        return {}
