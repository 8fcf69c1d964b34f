"""Processes of a target: running or stopped, their priority, and their limit of descriptors."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from chaos.host.processes import process_of, ref_from_json, ref_to_json
from chaos.plugin.handles import Handles, ProcessRef
from chaos.record.inventory.document import PROCESSES, Source


def sources(handles: Handles) -> Iterator[Source]:
    for role, each in handles.processes.items():
        for ref in each:
            yield {"kind": PROCESSES, "place": f"{role} ({ref.pid})", "ref": ref_to_json(ref)}


def read(source: Source, mark: str) -> Mapping[str, Any]:
    """Return nothing for a process that has ended. Raises OSError, psutil.Error."""
    del mark
    ref: ProcessRef = ref_from_json(source["ref"])
    process = process_of(ref)
    if process is None:
        return {}
    children = [each for each in process.children(recursive=True) if _is_stopped(each)]
    return {
        f"process {source['place']}": {
            "state": "stopped" if _is_stopped(process) else "running",
            "children that are stopped": len(children),
            "nice": process.nice(),
            "scheduler": os.sched_getscheduler(ref.pid),
            "processors": sorted(os.sched_getaffinity(ref.pid)),
            "descriptors at most": _descriptors_at_most(ref.pid),
            "oom_score_adj": int(Path(f"/proc/{ref.pid}/oom_score_adj").read_text()),
        }
    }


def _is_stopped(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(process.status() == psutil.STATUS_STOPPED)
    return False


def _descriptors_at_most(pid: int) -> str:
    """The soft limit: unlike prlimit, the file shows it to any user."""
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    (limit,) = (line.split()[3] for line in lines if line.startswith("Max open files"))
    return limit
