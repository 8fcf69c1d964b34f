"""What the surveyed machine itself decides: its time zone, and which schedulers it has."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

from chaos.survey.root import CannotRead, Root


@dataclass(frozen=True)
class Machine:
    root: Root

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone of /etc/localtime, else of /etc/timezone, else UTC."""
        for name in (self._linked(), self._written()):
            if (found := zone_named(name)) is not None:
                return found
        return ZoneInfo("UTC")

    @property
    def zone_is_taken(self) -> bool:
        """True if there is a zone, but nothing names it: UTC is only taken for it."""
        named = zone_named(self._linked()) or zone_named(self._written())
        return named is None and self.root.exists("/etc/localtime")

    def _linked(self) -> str:
        try:
            link = str((self.root.real("/etc") / "localtime").readlink())
        except (CannotRead, OSError):  # a copy made by `cp -L`: the file does not name its zone
            return ""
        return link.partition("zoneinfo/")[2]

    def _written(self) -> str:
        try:
            return self.root.text("/etc/timezone").strip()
        except CannotRead:
            return ""

    @cached_property
    def systemd(self) -> bool:
        """True if systemd runs there; of a copied /etc, if it has systemd's directory."""
        if self.root.live:
            return self.root.is_directory("/run/systemd/system")
        return self.root.is_directory("/etc/systemd/system")

    @cached_property
    def anacron(self) -> bool:
        """True if anacron is installed; of a copied /etc, if it has anacron's table."""
        if self.root.live:
            return self.root.exists("/usr/sbin/anacron")
        return self.root.exists("/etc/anacrontab")

    @cached_property
    def debian(self) -> bool:
        return self.root.exists("/etc/debian_version")


def zone_named(name: str) -> ZoneInfo | None:
    """The zone of this name; None if there is none."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        return None
