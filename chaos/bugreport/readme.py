"""README.txt of a report: what is inside, and what was replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_CONTENT = {
    "run.json": "what was played, and against what",
    "experiment.yaml": "the experiment as it was played: seconds and bytes",
    "events.jsonl": "what happened",
    "healer.jsonl": "what another process undid",
    "verdict.json": "what was made of it",
    "decision.json": "what a gate or a person decided",
    "hits.json": "the names of the codes in hits.npy",
    "instrument.jsonl": "the load generator's own lag and run delay",
    "instrument-summary.json": "the same in a few figures",
    "samples.jsonl": "gauges",
    "answers.jsonl": "the shape of a sample of the good answers",
    "inventory-before.json": "what was there before the run",
    "inventory-after.json": "what was there after the run",
    "load.log": "what the load process said",
    "versions.json": "midnight, Python, packages, kernel and engine, now",
    "settings.json": "midnight's environment variables, now",
    "doctor.json": "what `midnight doctor --json` prints, now",
}

_HEAD = """\
Bug report on the midnight run {run}

Look through these files before you send them: midnight replaces what it
recognizes, and cannot know every name that is confidential to you.
"""

_REPLACED = """\
Secrets are masked as «secret»: those that the run's files refer to and that
could still be read, those of the environment, and what has the form of one.
The same name is the same placeholder in every file. Ordinary words of
midnight's own texts are replaced only where their context shows a name.
Kept as they are: names of experiments, targets, steps, services and images,
loopback addresses, and paths outside of home directories.
"""


def text(
    run: str,
    files: Mapping[str, str],
    replaced: Mapping[str, int],
    notes: Sequence[str],
    parts: Sequence[str],
) -> str:
    lines = [_HEAD.format(run=run), "Inside:"]
    lines += [f"  {name} ({len(files[name].encode())} bytes): {_CONTENT.get(name, '')}" for name in files]
    lines += ["", "Replaced:"]
    lines += [f"  {line}" for line in counted(replaced)] or ["  no names"]
    lines += ["", _REPLACED]
    if parts:
        lines += [f"The run is a suite of {', '.join(parts)}: each of them needs a report of its own.", ""]
    lines += ["Not inside:", *(f"  {note}" for note in notes)] if notes else []
    return "\n".join(lines) + "\n"


def counted(replaced: Mapping[str, int]) -> list[str]:
    """One line for each kind of name."""
    plural = {"address": "addresses"}
    return [
        f"{count} {kind if count == 1 else plural.get(kind, f'{kind}s')}: {kind}-1"
        + (f" to {kind}-{count}" if count > 1 else "")
        for kind, count in replaced.items()
    ]
