"""The scratch cluster: a directory of ours, a server that only its own user and root can reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from psycopg.conninfo import make_conninfo

from chaos.driver import Site
from chaos.host.ports import PortTaken, free_port
from chaos.host.privileges import SystemUser, give
from chaos.postgres import Cluster, Installation
from chaos.postgres.settings import Settings

_OWNER = ".midnight"
_LONGEST = 60  # characters of the place: a socket's path must fit into 107
_ATTEMPTS = 5  # at a port that nobody takes meanwhile
# Copies of production's data: no password of production's is known here, and nobody else may come in.
_HBA = "local all all trust\nhost all all all reject\n"

T = TypeVar("T")


def too_long(place: Path) -> bool:
    """Whether the server's socket could not be named below it."""
    return len(str(place)) > _LONGEST


@dataclass(frozen=True, slots=True)
class Scratch:
    """A directory `root`, and in it a cluster that does not exist yet."""

    root: Path
    cluster: Cluster
    superuser: str

    @property
    def settings(self) -> Settings:
        """What a server needs to be reached by us alone, and to start on any machine."""
        return {
            "unix_socket_directories": str(self._sockets),
            "unix_socket_permissions": "0700",
            "hba_file": str(self.root / "pg_hba.conf"),
            "ident_file": str(self.root / "pg_ident.conf"),
            "shared_preload_libraries": "",
            "session_preload_libraries": "",
            "ssl": "off",
            "shared_buffers": "128MB",
            "max_prepared_transactions": 64,  # those that were open come back
            "max_connections": 40,
        }

    def dsn(self, database: str, options: str = "") -> str:
        """As the superuser, through the socket; `options` are the server's, as on its command line."""
        return make_conninfo(
            host=str(self._sockets),
            port=self.cluster.port,
            user=self.superuser,
            dbname=database,
            connect_timeout=10,
            options=options,
        )

    @property
    def _sockets(self) -> Path:
        return self.root / "s"

    def make(self, site: Site) -> None:
        """Make the directory. What it will take to remove it, and to stop the server, is journalled first."""
        undo = {"what": "directory", "path": str(self.root), "owner": _OWNER}
        site.creating("directory", undo)
        self.root.mkdir(mode=0o700)
        (self.root / _OWNER).write_text(site.mark)
        give(self.root, self.cluster.user)
        self._sockets.mkdir(mode=0o700)
        give(self._sockets, self.cluster.user)
        for name, text in (("pg_hba.conf", _HBA), ("pg_ident.conf", "")):
            (self.root / name).write_text(text)
            give(self.root / name, self.cluster.user)
        undo = {"what": "processes", "mark": site.mark, "data": str(self.cluster.data)}
        site.creating("processes", undo)

    def at_a_free_port(self, start: Callable[[], T]) -> T:
        """What `start` gives, tried again at another port where somebody took it."""
        for attempt in range(_ATTEMPTS):
            try:
                return start()
            except PortTaken:
                if attempt == _ATTEMPTS - 1:
                    raise
                self.cluster.port = free_port()
        raise AssertionError


def scratch_for(
    mark: str, place: Path, installation: Installation, user: SystemUser | None, superuser: str
) -> Scratch:
    """Describe the scratch cluster of a run; nothing is made."""
    root = place / f"midnight-{mark}"
    cluster = Cluster(
        installation, root / "data", free_port(), user=user, mark=mark, log=root / "postgresql.log"
    )
    return Scratch(root, cluster, superuser)
