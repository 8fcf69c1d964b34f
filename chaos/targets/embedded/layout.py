"""The layout of one stack: directories, ports, passwords. Nothing is fixed."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chaos.host.ports import free_port
from chaos.paging.ends import RECEIVER
from chaos.tools import monitoring

ROLES = ("api", "batch", "crowd")
DATABASE = "reference"
STANDBY = "standby"  # its application_name, its slot, its directory
RESTORED = ("restored", "scratch-restore")  # directories of servers restored by a runbook


def new_passwords() -> dict[str, str]:
    return {role: secrets.token_hex(12) for role in ("postgres", *ROLES)}


def _ports() -> dict[str, int]:
    names = (
        *("api", "metrics", "model", "database", "control"),
        *("database_proxy", "model_proxy", "replication_proxy"),
        *(*monitoring.NAMES, RECEIVER),
    )
    ports: dict[str, int] = {}
    while len(ports) < len(names):
        port = free_port()
        if port not in ports.values():
            ports[names[len(ports)]] = port
    return ports


@dataclass(frozen=True, slots=True)
class Layout:
    """One stack's paths, all below `root`, which is named after the run."""

    root: Path
    ports: dict[str, int] = field(default_factory=_ports)
    passwords: Mapping[str, str] = field(default_factory=new_passwords)
    owner: str = field(default_factory=lambda: f"owner-{secrets.token_hex(8)}")

    @classmethod
    def for_run(cls, mark: str, passwords: Mapping[str, str]) -> Layout:
        return cls(Path(tempfile.gettempdir()) / f"midnight-{mark}", passwords=passwords)

    def make(self) -> None:
        """Create the root, with a file in it that names its owner, and its fixed contents."""
        self.root.mkdir(mode=0o755)
        (self.root / self.owner).touch()
        self.output.mkdir()
        self.scratch.mkdir()
        (self.root / "servers").mkdir(mode=0o755)
        self._write_passfile()

    @property
    def shared_volume(self) -> Path:
        return self.root / "disk"

    def image(self, volume: Path) -> Path:
        """The file behind a volume that is a loop device."""
        return self.root / f"{volume.name}.img"

    @property
    def log_volume(self) -> Path:
        return self.root / "log-disk"

    @property
    def data(self) -> Path:
        return self.shared_volume / "postgresql"

    def server(self, name: str) -> Path:
        """The data directory of a second server: not on the primary's disk."""
        return self.root / "servers" / name

    @property
    def archive(self) -> Path:
        return self.root / "archive"

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    def logs(self, apart: bool) -> Path:
        return (self.log_volume if apart else self.shared_volume) / "log"

    @property
    def scratch(self) -> Path:
        return self.root / "scratch"

    @property
    def output(self) -> Path:
        """The logs of the stack's processes."""
        return self.root / "output"

    @property
    def config(self) -> Path:
        return self.root / "config.json"

    @property
    def passfile(self) -> Path:
        return self.root / "pgpass"

    def url(self, port: str) -> str:
        return f"http://127.0.0.1:{self.ports[port]}"

    def dsn(self, role: str) -> str:
        """Directly to the server. The password is in the pass file, so that it never reaches the journal."""
        return self.dsn_of(self.ports["database"], role, "postgres" if role == "postgres" else DATABASE)

    def dsn_of(self, port: int, role: str, dbname: str) -> str:
        """Directly to the server on that port."""
        return (
            f"host=127.0.0.1 port={port} user={role} dbname={dbname} "
            f"passfile={self.passfile} connect_timeout=5"
        )

    def _write_passfile(self) -> None:
        lines = [f"127.0.0.1:*:*:{role}:{password}\n" for role, password in self.passwords.items()]
        self.passfile.touch(mode=0o600)
        self.passfile.write_text("".join(lines))
