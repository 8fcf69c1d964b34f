"""Whether midnight may read the memory of a process (level 2), as the kernel decides it, and why not."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from chaos.census.descriptors import Unseen, reading, text_of
from chaos.host import families

_SCOPE = "/proc/sys/kernel/yama/ptrace_scope"
_SYS_PTRACE = 1 << 19  # CAP_SYS_PTRACE
_AS_ROOT = "run midnight as root, or type: sudo sysctl kernel.yama.ptrace_scope=0"


@dataclass(frozen=True, slots=True)
class Tracer:
    """This process, as far as the rules of ptrace(2) go."""

    uid: int
    able: bool  # it has CAP_SYS_PTRACE
    scope: int  # Yama's ptrace_scope; 0 without Yama


def may_trace(pid: int) -> str:
    """Empty if midnight may read the process's memory, else why not and what is needed. Raises Gone."""
    try:
        os.close(
            os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
        )  # the kernel's own check; reads nothing
    except OSError:
        try:
            with reading(pid):
                status = fields(text_of(f"/proc/{pid}/status"))
        except Unseen as unseen:
            return str(unseen)
        return why_not(pid, status, _ourselves(), descends=pid in _below())
    return ""


def why_not(pid: int, status: Mapping[str, str], ours: Tracer, *, descends: bool) -> str:
    """The first rule of ptrace(2) that forbids it. `status` is the process's own in /proc."""
    owners = set(map(int, status["Uid"].split()[:3]))
    if ours.scope >= 3:
        return "this kernel forbids tracing until it is rebooted (Yama's ptrace_scope is 3)"
    if ours.able:
        return f"the kernel protects process {pid}, although midnight has CAP_SYS_PTRACE"
    if ours.uid == 0:
        return "root lacks CAP_SYS_PTRACE here: start midnight's container with cap_add: [SYS_PTRACE]"
    if ours.scope == 2:
        return f"Yama allows tracing to root alone (ptrace_scope is 2): {_AS_ROOT}"
    if owners != {ours.uid}:
        whose = ", ".join(map(str, sorted(owners)))
        return f"process {pid} belongs to user {whose}, midnight runs as {ours.uid}: run it as root or as that user"
    if ours.scope == 1 and not descends:
        return f"Yama allows tracing of a process's own children only (ptrace_scope is 1): {_AS_ROOT}"
    return (
        f"the kernel protects process {pid} (it changed its user, or is not dumpable): run midnight as root"
    )


def catches(pid: int, signal: int) -> bool:
    """Whether the process handles a signal itself, so that sending it cannot end it. Raises Gone, Unseen."""
    with reading(pid):
        mask = int(fields(text_of(f"/proc/{pid}/status"))["SigCgt"], 16)
    return bool(mask >> (signal - 1) & 1)


def fields(status: str) -> dict[str, str]:
    """/proc/PID/status by name."""
    return {name: value.strip() for name, _, value in (line.partition(":") for line in status.splitlines())}


def _ourselves() -> Tracer:
    able = int(fields(text_of("/proc/self/status"))["CapEff"], 16)
    try:
        scope = int(text_of(_SCOPE))
    except (OSError, ValueError):
        scope = 0
    return Tracer(os.geteuid(), bool(able & _SYS_PTRACE), scope)


def _below() -> list[int]:
    return families.family(os.getpid(), families.children())
