"""Every open descriptor with the stack that opened it."""

from __future__ import annotations

import os
from typing import Any

from . import ledger
from .groups import Groups

_FD = "/proc/self/fd"


def held() -> dict[str, list[dict[str, Any]]]:
    """`descriptors` and `sockets`, grouped by stack. `others`: places that opened a file of the same name, too."""
    paths = ledger.Paths()
    files, sockets = Groups(), Groups()
    for name in os.listdir(_FD):
        try:
            link = os.readlink(_FD + "/" + name)
        except OSError:  # the listing's own
            continue
        if link.startswith("socket:"):
            sockets.add("socket", ledger.connected.get(int(link[8:-1])), number=int(name))
        else:
            stacks = paths.of(link) if link.startswith("/") else ()
            stack = stacks[0] if stacks else None
            files.add(_kind(link), stack, number=int(name), what=link, others=len(stacks[1:]))
    return {"descriptors": files.listed(), "sockets": sockets.listed()}


def _kind(link: str) -> str:
    if link.startswith("/"):
        return "deleted file" if link.endswith(" (deleted)") else "file"
    return link.partition("anon_inode:")[2].strip("[]") or link.partition(":")[0]
