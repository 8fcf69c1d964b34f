"""Write README.txt of a report: its content and what was replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_CONTENT = {
    "run.json": "manifest: what was played against which target",
    "experiment.yaml": "the experiment as played, in seconds and bytes",
    "events.jsonl": "events",
    "healer.jsonl": "events of a healer in another process",
    "verdict.json": "the verdict",
    "decision.json": "baseline decision of a gate or person",
    "hits.json": "the names of the codes in hits.npy",
    "instrument.jsonl": "the load generator's lag and wait for a CPU",
    "instrument-summary.json": "the same, summarized",
    "samples.jsonl": "gauges",
    "answers.jsonl": "the structure of a sample of good answers",
    "inventory-before.json": "inventory before the run",
    "inventory-after.json": "inventory after the run",
    "load.log": "output of the load process",
    "versions.json": "current midnight, Python, packages, kernel and engine",
    "settings.json": "current environment variables of midnight",
    "doctor.json": "current output of `midnight doctor --json`",
}

_HEAD = """\
Bug report for midnight run {run}

Review these files before you send them: midnight replaces what it
recognizes, but cannot know every name that is confidential to you.
"""

_REPLACED = """\
Secrets are masked as «secret»: those that the run's files refer to and that
could still be read, those in the environment, and anything that looks like
one. A name has the same placeholder in every file. Ordinary words of
midnight's own texts are replaced only where the context shows a name.
Not replaced: names of experiments, targets, steps, services and images,
loopback addresses, and paths outside home directories.
"""


def text(
    run: str,
    files: Mapping[str, str],
    replaced: Mapping[str, int],
    notes: Sequence[str],
    parts: Sequence[str],
) -> str:
    lines = [_HEAD.format(run=run), "Content:"]
    lines += [f"  {name} ({len(files[name].encode())} bytes): {_CONTENT.get(name, '')}" for name in files]
    lines += ["", "Replaced:"]
    lines += [f"  {line}" for line in counted(replaced)] or ["  no names"]
    lines += ["", _REPLACED]
    if parts:
        lines += [f"The run is a suite of {', '.join(parts)}: pack a report of each of them as well.", ""]
    lines += ["Left out:", *(f"  {note}" for note in notes)] if notes else []
    return "\n".join(lines) + "\n"


def counted(replaced: Mapping[str, int]) -> list[str]:
    """Return one line per kind of name."""
    plural = {"address": "addresses"}
    return [
        f"{count} {kind if count == 1 else plural.get(kind, f'{kind}s')}: {kind}-1"
        + (f" to {kind}-{count}" if count > 1 else "")
        for kind, count in replaced.items()
    ]
