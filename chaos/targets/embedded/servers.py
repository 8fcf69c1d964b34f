"""The servers of one stack and the protection of their data: a standby, an archive, last night's backup."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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
from chaos.targets.embedded.layout import STANDBY, Layout

if TYPE_CHECKING:
    from chaos.record.events import RestoresMeasured

SEGMENT_MIB, ARCHIVED_MIB = 16, 1  # of WAL; an archive stores complete ones, and starts one every few seconds


@dataclass(frozen=True, slots=True)
class Protection:
    """The protection that an experiment requires. `archive_every` in seconds; 0: no archive and no backup."""

    standby: bool = False
    synchronous: bool = False
    archive_every: int = 0

    def settings(self, layout: Layout) -> Settings:
        """Settings of the primary that it requires, from the first start on."""
        # pg_rewind needs it if a cluster has no checksums, which are the default only from 18 on
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
    """`current` is the server that should accept writes: the primary, until a runbook changes it."""

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
        """Create the required protection. Raises TargetError."""
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
        """Create what must exist before the primary starts."""
        if self.protection.archive_every:
            self.protection.archive(self.layout).make(self.primary.user)

    def server(self, name: str) -> Cluster:
        """A further server of this stack; it does not exist yet."""
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
        """As the superuser; the password is in the pass file, so that it never reaches the journal."""
        return self.layout.dsn_of(server.port, "postgres", dbname)

    def find_writable(self) -> Cluster:
        """Find the server that accepts writes now: after a command or a person's work it is unknown.

        Raises TargetError if none does.
        """
        there = [self.current, *([self.standby.cluster] if self.standby else [])]
        said = []
        for server in there:
            attempt = attempt_write(self.dsn(server), commit=False)
            if attempt.outcome == "accepted":
                self.current = server
                return server
            said.append(f"{server.data.name}: {attempt.outcome}, {attempt.said}")
        raise TargetError(f"no server accepts writes: {'; '.join(said)}")

    def measure(self) -> RestoresMeasured:
        """Measure restores of several sizes here, leaving nothing behind. Raises TargetError."""
        primary, place = self.primary, self.layout.root / "measure"
        return throughput.measure(primary.installation, place, user=primary.user, mark=primary.mark)
