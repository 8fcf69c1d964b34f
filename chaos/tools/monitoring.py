"""Prometheus, promtool, Alertmanager, node_exporter and blackbox_exporter: on PATH, or from packages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.tools import packages
from chaos.tools.command import CommandFailed, version, which
from chaos.tools.part import Found, Missing


@dataclass(frozen=True, slots=True)
class Program:
    """One of them, under the first of its names that is there: Debian's packages have names of their own."""

    NAME: str
    names: Sequence[str]
    packages: Mapping[str, Sequence[str]]
    service: str  # of Debian's package: it must not start, on a port that a run or another Prometheus needs
    REQUIRED: bool = False

    def find(self) -> Found | Missing:
        program = next(filter(None, map(which, self.names)), None)
        if program is None:
            return Missing(self.NAME, "it is not on PATH", packages.remedy(self.NAME, self.packages))
        try:
            return Found(self.NAME, version(program, r"version (\d[\w.]*)"), str(program), "PATH")
        except CommandFailed as reason:
            return Missing(self.NAME, str(reason), packages.remedy(self.NAME, self.packages))

    def find_binary(self) -> Path:
        """The program. Raises ToolMissing."""
        found = self.find()
        if isinstance(found, Missing):
            raise found.error()
        return Path(found.where)

    def get(self) -> Found:
        found = self.find()
        if isinstance(found, Missing):
            packages.install(self.NAME, found.because, self.packages, services=(self.service,))
            found = self.find()
        if isinstance(found, Missing):
            raise found.error()
        return found


promtool = Program("promtool", ("promtool",), {"*": ("prometheus",)}, "prometheus")
prometheus = Program("prometheus", ("prometheus",), {"*": ("prometheus",)}, "prometheus")
alertmanager = Program(
    "alertmanager",
    ("alertmanager", "prometheus-alertmanager"),
    {"apt-get": ("prometheus-alertmanager",), "*": ("alertmanager",)},
    "prometheus-alertmanager",
)
node_exporter = Program(
    "node_exporter",
    ("node_exporter", "prometheus-node-exporter"),
    {"apt-get": ("prometheus-node-exporter",), "*": ("node_exporter",)},
    "prometheus-node-exporter",
)
blackbox_exporter = Program(
    "blackbox_exporter",
    ("blackbox_exporter", "prometheus-blackbox-exporter"),
    {"apt-get": ("prometheus-blackbox-exporter",), "*": ("blackbox_exporter",)},
    "prometheus-blackbox-exporter",
)

SERVERS = (prometheus, alertmanager, node_exporter, blackbox_exporter)
NAMES = tuple(part.NAME for part in SERVERS)
PROGRAMS = (promtool, *SERVERS)
