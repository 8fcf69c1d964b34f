"""Check whether a volume with a disk's write bandwidth can be created here; otherwise the disk is used as it is."""

from __future__ import annotations

import platform

from chaos.host.volume import V1_LIMIT, why_not
from chaos.tools.part import Found, Missing

NAME = "slow volume"
REQUIRED = False


def find() -> Found | Missing:
    because = why_not()
    if because is not None:
        remedy = "not required: without it, logs rotate on the disk as it is, and the report says so"
        return Missing(NAME, because, remedy)
    how = "cgroup v1 blkio" if V1_LIMIT.exists() else "cgroup v2 io"
    return Found(NAME, platform.release(), "loop device", how)
