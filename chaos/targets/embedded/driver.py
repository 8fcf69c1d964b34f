"""The driver of the embedded target: every part a local process, every trace below one directory."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaos.errors import TargetError
from chaos.host import scratch, volume
from chaos.host.log_writer import grow
from chaos.host.mounting import device_under
from chaos.host.processes import stop_child, stop_marked
from chaos.host.volume import MadeVolume
from chaos.plugin.driver import Driver, Incident, Site, Wants
from chaos.plugin.fault import Evidence, Undo
from chaos.plugin.handles import Handles, Volume
from chaos.spec.target import Target
from chaos.spec.yamlfile import Where
from chaos.targets import slow_disk, volume_undo
from chaos.targets.embedded import actions, offered, profile_file, settle_disk
from chaos.targets.embedded.at_start import monitoring, operations, servers, services
from chaos.targets.embedded.layout import RESTORED, ROLES, STANDBY, Layout, new_passwords
from chaos.targets.embedded.options import EmbeddedOptions, Profile

if TYPE_CHECKING:
    from chaos.record.events import RestoresMeasured

OFFERS = frozenset(
    {
        "base_url",
        "addresses.metrics",
        "logs",
        "replication",  # if a fault requires a standby
        "databases.primary",
        *(f"databases.primary.{role}" for role in ROLES),
        *(f"processes.{role}" for role in ("api", "database", "proxy")),
        *(f"proxies.{name}" for name in ("database", "model", "replication")),
        *(f"servers.{name}" for name in ("primary", STANDBY)),
        *(f"volumes.{name}" for name in ("data", "logs")),
    }
)


class EmbeddedDriver(Driver):
    Options = EmbeddedOptions
    actions = actions.PARAMS

    @classmethod
    def offers(cls, target: Target) -> frozenset[str]:
        return OFFERS | {f"jobs.{name}" for name in EmbeddedOptions.model_validate(target.options).jobs}

    @classmethod
    def plan_notes(cls, target: Target, options: EmbeddedOptions, faults: Collection[str]) -> list[str]:
        del target
        return slow_disk.notes(options.disk_write) if "logrotate" in faults else []

    @classmethod
    def check_profile(cls, at: Where) -> None:
        profile_file.check(at)

    def __init__(
        self,
        target: Target,
        options: EmbeddedOptions,
        profile: Mapping[str, Any],
        staging: Mapping[str, float],
    ) -> None:
        super().__init__(target, options, profile, staging)
        self._options = options
        self._settings = profile
        self._profile = Profile.of(profile, target.name)
        self._grown = int(staging.get("logs.grown", 0))
        standby = int(staging.get("database.standby", 0))  # 2: synchronous
        archive = math.ceil(staging.get("database.archive", 0))
        self._protection = servers.Protection(standby > 0, standby > 1, archive)
        self._passwords = new_passwords()
        self._volumes: dict[str, MadeVolume] = {}
        self._limited: set[str] = set()
        self._mark = ""
        self._limit_because = "no limit requested" if not options.disk_write else volume.why_not()
        self._parts: services.Parts | None = None

    @property
    def versions(self) -> Mapping[str, str]:
        return services.Parts.versions() | (monitoring.versions() if self._options.monitoring else {})

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(self._passwords.values())

    def wants(self) -> Wants:
        # copytruncate copies the log once, and compresses it beside the copy
        logs = 3 * self._grown + 2 * self._options.rotated_before
        disk, memory = (monitoring.DISK, monitoring.MEMORY) if self._options.monitoring else (0, 0)
        return Wants(disk=logs + 1_500_000_000 + disk, memory=1_000_000_000 + memory)

    @property
    def _apart(self) -> bool:
        return self._profile.volumes.layout == "apart"

    def up(self, site: Site) -> Handles:
        self._mark = site.mark
        layout = Layout.for_run(site.mark, self._passwords)
        clusters = [str(layout.data), *(str(layout.server(name)) for name in (STANDBY, *RESTORED))]
        undo = {"what": "directory", "path": str(layout.root), "owner": layout.owner}
        site.creating("directory", undo)
        layout.make()
        self._make_volumes(site, layout)
        site.creating("processes", {"what": "processes", "mark": site.mark, "servers": clusters})
        parts = self._parts = services.Parts(
            layout, site.mark, self._settings, layout.logs(self._apart), self._options, self._protection
        )
        stages: list[Callable[[], None]] = [
            lambda: self._grow_logs(layout),
            parts.start_services,  # they import for as long as the database takes to be made
            lambda: parts.start_database(self._profile.database.settings),  # its port may change
            lambda: parts.start_proxy(site.creating),
            parts.prepare_database,
            parts.protect_database,
            lambda: parts.wait_until_ready(self._target.ready, site),
            lambda: self._start_monitoring(layout, site),
            lambda: parts.warm_up(self._target.ready),
            lambda: self._limit_volumes(site),
            lambda: settle_disk.settle(self._options.quiet_within, site.stopping),
        ]
        for stage in stages:
            site.check()
            stage()
        return self._handles(layout, parts)

    def act(self, action: str, params: Any, incident: Incident, stop: threading.Event) -> Evidence:
        assert self._parts is not None
        return operations.do(action, params, operations.Scene(self._parts, incident, stop))

    def measure_restores(self) -> RestoresMeasured | None:
        assert self._parts is not None
        return self._parts.estate.measure()

    def drain(self) -> None:
        if self._parts is not None and self._parts.api is not None:
            for name in self._limited:  # queued data is written at the disk's own speed
                volume.lift(self._volumes[name].file, self._mark)
            stop_child(self._parts.api, grace=15.0)

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        return _UNDOS[undo["what"]](undo)

    def _start_monitoring(self, layout: Layout, site: Site) -> None:
        if self._options.monitoring:
            monitoring.start(layout, self._options, self._target.ready, site)

    def _make_volumes(self, site: Site, layout: Layout) -> None:
        names = {"data": layout.shared_volume, **({"logs": layout.log_volume} if self._apart else {})}
        for name, path in names.items():
            file = layout.image(path)
            undo = {"what": "volume", "file": str(file), "path": str(path), "mark": self._mark}
            site.creating(f"volume {name}", undo | {"not_limited": self._limit_because})
            if self._limit_because is None:
                try:
                    self._volumes[name] = volume.create(file, path, self._options.disk_size, self._mark)
                    continue
                except TargetError as error:  # not permitted on this machine after all: use the disk as it is
                    self._limit_because = str(error)
                    volume.remove(file, path, self._mark)
                    site.creating(f"volume {name}", undo | {"not_limited": self._limit_because})
            path.mkdir()

    def _grow_logs(self, layout: Layout) -> None:
        logs = layout.logs(self._apart)
        logs.mkdir(mode=0o755)
        if self._grown:
            grow(logs / "app.log", self._grown)
            # at most half as much: a small night must not be dominated by yesterday's log
            grow(logs / "app.log.1", min(self._options.rotated_before, self._grown // 2))

    def _limit_volumes(self, site: Site) -> None:
        settle_disk.flush()
        for name, made in self._volumes.items():
            undo = {"what": "limit", "urgent": True, "file": str(made.file), "mark": self._mark}
            site.creating(f"limit {name}", undo)
            try:
                volume.limit(made, self._options.disk_write, self._mark)
                self._limited.add(name)
            except OSError as error:  # the kernel refuses: the volume is as fast as the disk below it
                site.creating(f"limit {name}", undo | {"not_limited": str(error)})

    def _volume(self, name: str, path: Path) -> Volume:
        made = self._volumes.get(name)
        if made is None:
            return Volume(path, device_under(path), None)
        limit = self._options.disk_write if name in self._limited else None
        return Volume(path, made.device, limit, served=made.served)

    def _handles(self, layout: Layout, parts: services.Parts) -> Handles:
        data = self._volume("data", layout.shared_volume)
        options, logs = self._options, layout.logs(self._apart)
        return Handles(
            base_url=layout.url("api"),
            addresses=offered.addresses(layout, options),
            processes=offered.processes(parts),
            databases={"primary": offered.primary(layout)},
            proxies=offered.proxies(parts),
            volumes={"data": data, "logs": self._volume("logs", layout.log_volume) if self._apart else data},
            logs=offered.logs(layout, logs, self._profile.rotation, options.logs.line_id),
            jobs=offered.jobs(layout, parts, options),
            servers=parts.estate.servers(),
            replication=parts.estate.replication(),
            answers_within=offered.answers_within(self._settings["api"]),
        )


def _remove_directory(undo: Undo) -> Evidence:
    return scratch.remove(Path(undo["path"]), undo["owner"])


def _stop_processes(undo: Undo) -> Evidence:
    for data in undo["servers"]:
        services.Parts.kill_database(Path(data), undo["mark"])
    return {"processes_stopped": len(stop_marked(undo["mark"], grace=1.0))}


def _delete_proxy(undo: Undo) -> Evidence:
    return services.Parts.delete_proxy(undo["api"], undo["proxy"])


_UNDOS: dict[str, Callable[[Undo], Evidence]] = {
    "directory": _remove_directory,
    "volume": volume_undo.remove,
    "limit": volume_undo.lift_limit,
    "processes": _stop_processes,
    "proxy": _delete_proxy,
}
