"""The scratch cluster: a directory of midnight's own, with a server that only its own user and root can reach, and
that reaches nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import make_conninfo

from chaos.errors import NoVerdict, TargetError
from chaos.host.confinement import Confinement
from chaos.host.privileges import SystemUser, give
from chaos.plugin.driver import Site
from chaos.postgres import Cluster, Installation
from chaos.postgres.connection import ask
from chaos.postgres.seclusion import SESSION, Seclusion, prove
from chaos.postgres.settings import Settings
from chaos.record.events import IsolationProven

MAINTENANCE = "template1"  # unlike `postgres`, it is hardly ever dropped
_OWNER = ".midnight"
_LONGEST = 60  # characters of the path: a socket's path must fit into 107
_PORT = 5432  # of a socket in a directory of its own
# Copies of production data: production's passwords are unknown here, and no one else may log in.
_HBA = "local all all trust\nhost all all all reject\n"


def too_long(place: Path) -> bool:
    """True if the path is too long for the server's socket."""
    return len(str(place)) > _LONGEST


@dataclass(frozen=True, slots=True)
class Scratch:
    """A directory `root` for a cluster that does not exist yet."""

    root: Path
    cluster: Cluster
    superuser: str

    @property
    def settings(self) -> Settings:
        """Settings so that only midnight reaches the server, and that it starts on any machine."""
        return {
            "unix_socket_permissions": "0700",
            "hba_file": str(self.root / "pg_hba.conf"),
            "ident_file": str(self.root / "pg_ident.conf"),
            "shared_buffers": "128MB",
            "max_prepared_transactions": 64,  # prepared transactions come back
            "max_connections": 40,
        }

    @property
    def sockets(self) -> Path:
        return self.root / "s"

    def loading(self, database: str) -> str:
        """As `dsn`, for a program that loads a dump: the dump's triggers are part of it."""
        return self._conninfo(database, [one for one in SESSION if "replication_role" not in one])

    def dsn(self, database: str, *options: str) -> str:
        """As the superuser, through the socket, without libraries or triggers set by a database or role; `options`
        are further session settings, `name=value`.
        """
        return self._conninfo(database, [*SESSION, "client_encoding=UTF8", *options])

    def _conninfo(self, database: str, options: Iterable[str]) -> str:
        return make_conninfo(
            host=str(self.sockets),
            port=self.cluster.port,
            user=self.superuser,
            dbname=database,
            connect_timeout=10,
            options=" ".join(f"-c {option}" for option in options),
        )

    def make(self, site: Site) -> None:
        """Create the directory. Its removal and the server's stop are journalled first."""
        undo = {"what": "directory", "path": str(self.root), "owner": _OWNER}
        site.creating("directory", undo)
        self.root.mkdir(mode=0o700)
        (self.root / _OWNER).write_text(site.mark)
        give(self.root, self.cluster.user)
        for place in (self.sockets, self._confined):
            place.mkdir(mode=0o700)
            give(place, self.cluster.user)
        for name, text in (("pg_hba.conf", _HBA), ("pg_ident.conf", "")):
            (self.root / name).write_text(text)
            give(self.root / name, self.cluster.user)
        undo = {"what": "processes", "mark": site.mark, "data": str(self.cluster.data)}
        site.creating("processes", undo)

    def use(self, installation: Installation, visible: Iterable[Path], *, workers: int) -> None:
        """Use `installation` for the cluster, isolated; `visible` are the other paths it must read.

        Raises TargetError if the server's user cannot execute it.
        """
        cluster = self.cluster
        cluster.installation = installation.reachable_by(cluster.user, self.root / "programs")
        trees = (cluster.installation.bin.parent, cluster.installation.libraries)
        seen = (self.root, *(tree for tree in trees if tree is not None), *visible)
        confinement = Confinement(self._confined, tuple(path.absolute() for path in seen))
        refusal = confinement.refusal(cluster.user)
        kept = None if refusal else confinement
        cluster.seclusion = Seclusion(self.sockets, self.root, kept, workers, refusal or "")

    def refuse_stranger(self) -> None:
        """Raises NoVerdict if the cluster lacks the superuser named in the target file."""
        try:
            ask(self.dsn(MAINTENANCE), "SELECT 1")
        except TargetError as error:
            if f'role "{self.superuser}" does not exist' in str(error):
                rule = f"the restored cluster has no role {self.superuser!r}: name its superuser in the target file"
                raise NoVerdict(f"{rule} (options: superuser: NAME)") from error

    def prove(self) -> IsolationProven:
        """Verify that the running server is isolated, and return how. Raises NoVerdict."""
        cluster = self.cluster
        assert cluster.seclusion is not None
        return prove(self.dsn(MAINTENANCE), cluster.pid, cluster.installation.version, cluster.seclusion)

    def clear(self) -> None:
        """Stop the server and remove its data, for another attempt."""
        self.cluster.stop("immediate")
        shutil.rmtree(self.cluster.data, ignore_errors=True)

    @property
    def _confined(self) -> Path:
        """Mount point for the confined file tree, visible only inside it."""
        return self.root / "tree"


def scratch_for(
    mark: str, place: Path, installation: Installation, user: SystemUser | None, superuser: str
) -> Scratch:
    """Describe the scratch cluster of a run; creates nothing."""
    root = place / f"midnight-{mark}"
    cluster = Cluster(installation, root / "data", _PORT, user=user, mark=mark, log=root / "postgresql.log")
    return Scratch(root, cluster, superuser)
