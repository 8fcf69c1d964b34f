"""How a run of a job ended, in words."""

from __future__ import annotations

from typing import Any

from chaos.faults.shared.job_run import JobRun
from chaos.faults.shared.memory_kills import MemoryKills

KILLED = (-9, 137)  # from midnight's own child process, and from one in a container
COMPLETED = "completed"


def how_it_ended(run: JobRun, killed: MemoryKills) -> str:
    """Return `completed`, `exit code 3: no such table`, or who killed it."""
    code = run.code
    if code is None:
        return "still running when the hold ended"
    if run.completed:
        return COMPLETED
    last = run.output.last()
    because = last[-1] if last else "it gave no reason"
    if code in KILLED or because.endswith("ended with -9"):  # the job, or a child of it
        return killed.told
    if code in run.expects.exit:
        return f"exit code {code}, but {run.unmet()}"
    return f"exit code {code}: {because}"


def told_of(run: JobRun, killed: MemoryKills) -> dict[str, Any]:
    """The run for the report: how it ended, what it used and its last lines."""
    used, report = run.used, run.output.report()
    said = {"report": report} if report is not None else {}
    return {
        "exit_code": run.code,
        "ended": how_it_ended(run, killed),
        "cpu_seconds": round(used.cpu, 3),
        "read_bytes": used.read,
        "written_bytes": used.written,
        "disk_read_bytes": used.disk_read,
        "disk_written_bytes": used.disk_written,
        "peak_rss_mb": round(used.peak_rss / 1e6, 1),
        "processes": len(run.seen),
        "output_bytes": run.output.bytes,
        "last_lines": run.output.last(),
        **said,
    }
