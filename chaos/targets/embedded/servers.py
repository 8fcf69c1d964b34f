"""The servers of one stack, and what protects their data: a standby, an archive, last night's backup."""

from __future__ import annotations

from dataclasses import dataclass, field

from chaos.errors import TargetError
from chaos.host.ports import free_port
from chaos.plugin.handles import Replication, Server
from chaos.postgres import Cluster, throughput
from chaos.postgres.access import Access, grant_access
from chaos.postgres.archive import Archive
from chaos.postgres.backup import Backup, take_backup
from chaos.postgres.settings import Settings
from chaos.postgres.standby import Standby, make_standby
from chaos.postgres.writes import attempt_write
from chaos.record.events import RestoresMeasured
from chaos.targets.embedded.layout import Layout

STANDBY = "standby"  # its application_name, its slot, its directory
SEGMENT_MIB, ARCHIVED_MIB = 16, 1  # of WAL; an archive keeps whole ones, and begins one every few seconds


@dataclass(frozen=True, slots=True)
class Protection:
    """What an experiment wants to find. `archive_every` in seconds; 0: no archive, and no backup."""

    standby: bool = False
    synchronous: bool = False
    archive_every: int = 0

    def settings(self, layout: Layout) -> Settings:
        """What the primary's configuration has to say for it, from its first start on."""
        # pg_rewind needs it where a cluster has no checksums, which were the default only from 18 on
        hints: Settings = {"wal_log_hints": "on"} if self.standby else {}
        archiving = self.archive(layout).settings(every=self.archive_every) if self.archive_every else {}
        return {**hints, **archiving}

    @property
    def wal_segment_mib(self) -> int:
        return ARCHIVED_MIB if self.archive_every else SEGMENT_MIB

    def archive(self, layout: Layout) -> Archive:
        return Archive(layout.archive, self.wal_segment_mib << 20)


@dataclass(slots=True)
class Estate:
    """`current` is the server that takes the writes, or has to: the primary, until a runbook changes it."""

    layout: Layout
    primary: Cluster
    protection: Protection
    standby: Standby | None = field(default=None, init=False)
    archive: Archive | None = field(default=None, init=False)
    backup: Backup | None = field(default=None, init=False)
    current: Cluster = field(init=False)
    _access: Access | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.current = self.primary

    @property
    def access(self) -> Access:
        if self._access is None:
            raise TargetError("this stack was brought up without a standby and without an archive")
        return self._access

    def protect(self) -> None:
        """Make what is wanted. Raises TargetError."""
        wanted = self.protection
        if not (wanted.standby or wanted.archive_every):
            return
        passfile = self.layout.root / "replication.pgpass"
        self._access = grant_access(self.primary, self.layout.passwords["postgres"], passfile)
        if wanted.standby:
            upstream = f"127.0.0.1:{self.layout.ports['replication_proxy']}"
            self.standby = Standby(self.server(STANDBY), upstream, STANDBY, STANDBY)
            make_standby(self.primary, self.standby, self._access, synchronous=wanted.synchronous)
        if wanted.archive_every:
            self.archive = wanted.archive(self.layout)
            self.layout.backups.mkdir(mode=0o755)
            place = self.layout.backups / "nightly"
            self.backup = take_backup(self.primary, self._access, place, label="nightly", durable=False)

    def prepare(self) -> None:
        """What has to be there before the primary starts."""
        if self.protection.archive_every:
            self.protection.archive(self.layout).make(self.primary.user)

    def server(self, name: str) -> Cluster:
        """A server of this stack beside the primary; it does not exist yet."""
        layout, primary = self.layout, self.primary
        log = layout.output / f"{name}.log"
        return Cluster(
            primary.installation,
            layout.server(name),
            free_port(),
            user=primary.user,
            mark=primary.mark,
            log=log,
        )

    def servers(self) -> dict[str, Server]:
        found: dict[str, Server] = {"primary": self.primary}
        if self.standby is not None:
            found[STANDBY] = self.standby.cluster
        return found

    def replication(self) -> Replication | None:
        if self.standby is None:
            return None
        return Replication(self.dsn(self.primary), self.dsn(self.standby.cluster), STANDBY)

    def dsn(self, server: Cluster, dbname: str = "postgres") -> str:
        """As the superuser; the password stands in the pass file, so that it reaches no journal."""
        return self.layout.dsn_of(server.port, "postgres", dbname)

    def find_writable(self) -> Cluster:
        """The server that takes writes now, whoever made it so: a command or a person tells us nothing.

        Raises TargetError, where none does.
        """
        there = [self.current, *([self.standby.cluster] if self.standby else [])]
        said = []
        for server in there:
            attempt = attempt_write(self.dsn(server), commit=False)
            if attempt.outcome == "accepted":
                self.current = server
                return server
            said.append(f"{server.data.name}: {attempt.outcome}, {attempt.said}")
        raise TargetError(f"no server takes writes: {'; '.join(said)}")

    def measure(self) -> RestoresMeasured:
        """What restores of several sizes take here; nothing of it is left. Raises TargetError."""
        primary, place = self.primary, self.layout.root / "measure"
        return throughput.measure(primary.installation, place, user=primary.user, mark=primary.mark)


RESTORED = ("restored", "scratch-restore")  # directories of the servers that a runbook restores
