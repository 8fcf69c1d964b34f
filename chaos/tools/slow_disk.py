"""A disk with a small disk's bandwidth, for the target's data and logs; without it the disk is used as it is."""

from __future__ import annotations

import platform

from chaos.host import throttled, volume
from chaos.host.disk import attached
from chaos.host.privileges import is_root
from chaos.host.volume import Way
from chaos.tools import packages
from chaos.tools.part import Found, Missing

NAME = "slow disk"
REQUIRED = False

_PACKAGES = {
    "apt-get": ("libnbd-bin", "e2fsprogs", *(("mount",) if is_root() else ("fuse3", "fuse2fs"))),
    "dnf": ("nbdfuse", "e2fsprogs", *(() if is_root() else ("fuse3", "fuse2fs"))),
}


def find() -> Found | Missing:
    ways = volume.ways()
    if ways[Way.SERVED] is None:
        mounted = "nbdfuse and a loop device" if is_root() else "nbdfuse and fuse2fs"
        return Found(NAME, platform.release(), mounted, "one bandwidth for all processes and containers")
    how = "cgroup v1 blkio" if throttled.V1_LIMIT.exists() else "cgroup v2 io"
    if ways[Way.THROTTLED] is not None:
        without = "not required, but without it the disk cannot be slowed, and a night proves little"
    elif attached.missing():
        without = f"not required: until then a loop device with a write limit is used, {how}"
    else:
        return Found(NAME, platform.release(), "loop device", f"{how}, because {ways[Way.SERVED]}")
    return Missing(NAME, str(ways[Way.SERVED]), f"{_remedy()} ({without})")


def get() -> Found:
    if attached.missing():
        packages.install(NAME, str(attached.why_not()), _PACKAGES)
    found = find()
    if isinstance(found, Missing):
        raise found.error()
    return found


def _remedy() -> str:
    if attached.missing():
        return packages.remedy(NAME, _PACKAGES)
    if not attached.FUSE.exists():
        return "type: sudo modprobe fuse"
    if not attached.may_open_fuse():
        return f"type: sudo chmod 666 {attached.FUSE}"
    return "type: sudo modprobe loop"
