"""What a process holds, in numbers: descriptors by kind, threads, memory, and the limits they run into."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from chaos.census.descriptors import KINDS, Gone, Unseen, kind_of, links, reading, text_of
from chaos.host import families
from chaos.host.processes import process_of, ref_of
from chaos.plugin.handles import ProcessRef

__all__ = ["DESCRIPTORS", "THREADS", "Gone", "Unseen", "counted", "counts", "limits", "memory", "tree"]

DESCRIPTORS, THREADS, MEMORY = "descriptors", "threads", "memory"

_CGROUPS = Path("/sys/fs/cgroup")
_PRIVATE = ("Private_Clean", "Private_Dirty", "Private_Hugetlb")


def tree(ref: ProcessRef) -> list[ProcessRef]:
    """The process and its living descendants, oldest first. Raises Gone."""
    if process_of(ref) is None:
        raise Gone(ref.pid)
    found = [ref]
    for pid in families.family(ref.pid, families.children())[1:]:
        with suppress(psutil.NoSuchProcess):  # ended meanwhile
            child = ref_of(pid)
            found += [child] if process_of(child) is not None else []
    return sorted(found, key=lambda each: (each.create_time, each.pid))


def counts(pid: int) -> dict[str, int]:
    """Its descriptors of each kind, 0 included, and its threads. Raises Gone, Unseen."""
    kinds = map(kind_of, links(pid).values())
    with reading(pid):
        return counted(kinds, len(os.listdir(f"/proc/{pid}/task")))


def counted(kinds: Iterable[str], threads: int) -> dict[str, int]:
    """The counts of a process by the kinds of its descriptors."""
    found = Counter(kinds)
    return {**{f"{DESCRIPTORS}:{kind}": found[kind] for kind in KINDS}, THREADS: threads}


def memory(pid: int) -> dict[str, int]:
    """Bytes: `memory:uss`, its own alone, and `memory:rss`. Raises Gone, Unseen."""
    with reading(pid):
        lines = text_of(f"/proc/{pid}/smaps_rollup").splitlines()[1:]
    size = {name: 1024 * int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
    return {f"{MEMORY}:uss": sum(size.get(name, 0) for name in _PRIVATE), f"{MEMORY}:rss": size["Rss"]}


def limits(pid: int) -> dict[str, int]:
    """The soft limits that its resources run into; without those that do not limit it. Raises Gone, Unseen.

    `threads` is the least of what bounds them: RLIMIT_NPROC counts those of all of its user's processes, a cgroup's
    pids.max those of all of its processes.
    """
    with reading(pid):
        soft = _soft(text_of(f"/proc/{pid}/limits"))
        groups = text_of(f"/proc/{pid}/cgroup")
        status = text_of(f"/proc/{pid}/status")
    bounds = [*_of_cgroups(groups), *_of_kernel()]
    if not _ignores_nproc(status) and "Max processes" in soft:
        bounds.append(soft["Max processes"])
    found = {DESCRIPTORS: soft["Max open files"]} if "Max open files" in soft else {}
    return {**found, **({THREADS: min(bounds)} if bounds else {})}


def _soft(table: str) -> dict[str, int]:
    """The numbers of /proc/PID/limits: a name of 26 columns, then the soft limit."""
    rows = ((line[:26].strip(), line[26:].split()) for line in table.splitlines()[1:])
    return {name: int(values[0]) for name, values in rows if values and values[0].isdigit()}


def _of_cgroups(groups: str, root: Path = _CGROUPS) -> Iterator[int]:
    """pids.max of its cgroup and of each above it, where they can be read here."""
    for line in groups.splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "pids" not in controllers.split(","):
            continue
        top = root / "pids" if controllers else root
        place = top / path.lstrip("/")
        for group in (place, *place.parents):
            with suppress(OSError, ValueError):  # none in the root group; "max"
                yield int((group / "pids.max").read_text())
            if group == top:
                break


def _of_kernel() -> Iterator[int]:
    for name in ("threads-max", "pid_max"):
        with suppress(OSError, ValueError):
            yield int(Path(f"/proc/sys/kernel/{name}").read_text())


def _ignores_nproc(status: str) -> bool:
    """The kernel does not apply RLIMIT_NPROC to root, nor to CAP_SYS_ADMIN or CAP_SYS_RESOURCE."""
    fields = dict(line.partition(":")[::2] for line in status.splitlines())
    able = int(fields["CapEff"].strip(), 16)
    return fields["Uid"].split()[0] == "0" or bool(able & (1 << 21 | 1 << 24))
