"""Isolate a server with foreign data: it starts none of their code and reaches no network. The restrictions, and
their proof.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from chaos.errors import NoVerdict
from chaos.host.confinement import Confinement
from chaos.host.privileges import SystemUser
from chaos.postgres.connection import ask_all
from chaos.postgres.settings import Settings
from chaos.record.event import NOW

if TYPE_CHECKING:
    from chaos.record.events import IsolationProven

Version = tuple[int, ...]

# On the command line, which overrides every file, ALTER SYSTEM, and database and role settings.
HELD: Settings = {
    "listen_addresses": "",
    "shared_preload_libraries": "",
    "session_preload_libraries": "",
    "local_preload_libraries": "",
    "max_logical_replication_workers": 0,
    "primary_conninfo": "",
    "primary_slot_name": "",
    "sync_replication_slots": "off",
    "synchronous_standby_names": "",
    "hot_standby": "off",
    "archive_mode": "off",
    "archive_command": "",
    "archive_library": "",
    "archive_cleanup_command": "",
    "recovery_end_command": "",
    "autovacuum": "off",
    # Otherwise it runs anyway in a cluster near transaction ID wraparound.
    "autovacuum_freeze_max_age": 2_000_000_000,
    "autovacuum_multixact_freeze_max_age": 2_000_000_000,
    "event_triggers": "off",
    "restrict_nonsystem_relation_kind": "foreign-table",
    "ssl": "off",
    "ssl_passphrase_command": "",
    "logging_collector": "off",
    "log_destination": "stderr",
    # Tablespaces are directories within the data directory here: their original locations must not be touched.
    "allow_in_place_tablespaces": "on",
    "bonjour": "off",
    "restart_after_crash": "off",
}
# The first version that supports it; for minor versions, one per major version.
_SINCE: Mapping[str, tuple[Version, ...]] = {
    "allow_in_place_tablespaces": ((14, 5), (15,)),
    "archive_library": ((15,),),
    "sync_replication_slots": ((17,),),
    "event_triggers": ((17,),),
    "restrict_nonsystem_relation_kind": ((14, 13), (15, 8), (16, 4), (17,)),
}
# A database or a role may have set these; a session's own options outrank it.
SESSION = (
    "session_preload_libraries=",
    "local_preload_libraries=",
    "session_replication_role=replica",  # none of their triggers, neither on tables nor on events
    "jit=off",
)
# libpq, in dblink, foreign servers and subscriptions: no server has such a name.
_NOBODY = {
    "PGREQUIREPEER": "midnight-reaches-nobody",
    "PGSSLMODE": "verify-full",
    "PGSSLROOTCERT": "/nonexistent/midnight-reaches-nobody",
    "PGSERVICEFILE": "/nonexistent",
    "PGSYSCONFDIR": "/nonexistent",
    "PGPASSFILE": "/nonexistent",
}
_OWN = {  # processes of a server that starts no extra workers
    "client backend",
    "checkpointer",
    "background writer",
    "walwriter",
    "startup",
    "io worker",
    "parallel worker",
}


@dataclass(frozen=True, slots=True)
class Seclusion:
    """How to start a server with foreign data. `workers`: background workers it may have."""

    sockets: Path
    home: Path
    confinement: Confinement | None
    workers: int = 0
    because: str = ""  # why it is not confined

    def settings(self, version: str) -> Settings:
        known = {name: value for name, value in HELD.items() if _knows(version, name)}
        return {**known, "max_worker_processes": self.workers, "unix_socket_directories": str(self.sockets)}

    def arguments(self, version: str) -> list[str]:
        """Of the server's command line."""
        return [word for name, value in self.settings(version).items() for word in ("-c", f"{name}={value}")]

    @property
    def environment(self) -> Mapping[str, str]:
        """The whole environment: nothing of midnight's own, which may contain secrets."""
        return {"PATH": os.defpath, "HOME": str(self.home), **_NOBODY}

    def command(self, argv: list[str | Path], user: SystemUser | None, cwd: Path) -> list[str | Path]:
        """The command to start: as midnight's own user if confined, else as `user`."""
        return [*self.confinement.command(argv, user, cwd)] if self.confinement else argv

    def starter(self, user: SystemUser | None) -> SystemUser | None:
        """The user that `command` is started as."""
        return None if self.confinement else user


def prove(dsn: str, pid: int, version: str, seclusion: Seclusion) -> IsolationProven:
    """The restrictions on the running server, verified from inside and outside.

    Raises NoVerdict if a setting differs, an unexpected process runs, or its own network has a way out.
    """
    asked = seclusion.settings(version)
    values = dict(ask_all(dsn, "SELECT name, setting FROM pg_settings"))
    # A disabled setting shows that instead of its value.
    wrong = [
        f"{name} is {values.get(name)!r}"
        for name, value in asked.items()
        if values.get(name) not in (str(value), "(disabled)")
    ]
    running = {str(kind) for (kind,) in ask_all(dsn, "SELECT DISTINCT backend_type FROM pg_stat_activity")}
    wrong += [f"a {kind} runs" for kind in sorted(running - _OWN)]
    if seclusion.confinement is not None:
        wrong += _ways_out(pid)
    if wrong:
        raise NoVerdict(f"the copy is not isolated and was stopped: {'; '.join(wrong)}")
    by = "confined" if seclusion.confinement else "settings"
    processes = tuple(sorted(running))
    from chaos.record.events import IsolationProven  # slow: makes seventy classes, and a plan needs none

    return IsolationProven(NOW, by=by, because=seclusion.because, settings=len(asked), processes=processes)


def _ways_out(pid: int) -> Iterator[str]:
    if Path(f"/proc/{pid}/ns/net").readlink() == Path("/proc/self/ns/net").readlink():
        yield "it shares this machine's network"
        return
    for process in (pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))):
        try:
            routes = Path(f"/proc/{process}/net/route").read_text().splitlines()[1:]
            links = Path(f"/proc/{process}/net/dev").read_text().splitlines()[2:]
        except (OSError, psutil.Error):
            continue  # it has ended
        names = {line.partition(":")[0].strip() for line in links}
        if routes or names - {"lo"}:
            yield f"its network has {', '.join(sorted(names))} and {len(routes)} routes"
            return


def _knows(version: str, name: str) -> bool:
    numbers = tuple(int(part) for part in "".join(c if c.isdigit() else " " for c in version).split())
    since = _SINCE.get(name)
    if since is None:
        return True
    same = [one for one in since if one[0] == numbers[0] and len(one) > 1]
    return numbers >= (same[0] if same else max(since, key=lambda one: (one[0], len(one))))
