"""A night as an experiment: the worst collision, by the faults there are; what no fault can do is a comment."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chaos.spec.units import show_seconds
from chaos.spec.userfile import write_text
from chaos.survey import commands, shown
from chaos.survey.collisions import Collision
from chaos.survey.entry import Entry
from chaos.survey.reading import Survey
from chaos.survey.rotations import Rotation

_QUIET, _WARM = 15, 10  # seconds of the play before the steps
_LONGEST, _USUAL, _SHORTEST = 600, 60, 10  # seconds of a step
_LEAST_LOG = 1_000_000  # bytes: a smaller rotation would not be felt
_FLOOR = 10_000_000  # bytes, `min_rotated` of the fault
_NO_SQL = "no fault runs a statement of pg_cron: start it from jobs.nightly, as psql -c"
_NO_CLUSTER = "runs in a container: name its command as jobs.nightly of the target"
_JOBS = 8  # played at most
_LOGS = 3  # named in a comment
_ENOUGH = f"{_JOBS} jobs are already played: swap the commands to replay this one"


def write(survey: Survey, path: Path) -> Path:
    """Write the experiment atomically, and return its path. Raises OSError."""
    return write_text(path, text(survey))


def text(survey: Survey) -> str:
    """The experiment as YAML."""
    worst = max(survey.collisions, key=_weight, default=None)
    entries = _replayed(survey, worst)
    steps = _steps(survey, entries, worst)
    wake = round(steps.length) + 20
    return "\n".join(
        [
            *(f"# {line}" for line in _about(survey, worst)),
            *(f"# {line}" for line in _left_out(survey, entries)),
            "name: this-night",
            f"title: The night of {survey.night.middle}, as planned",
            "if_missing: leave_out     # a job that the target does not name is not exercised, and named",
            "load:",
            "  timeout: 5s",
            "  mix: {read: 6, write: 3, outbound: 1}     # roles of the routes of your target",
            "  baseline: {for: 8s, rate: 40, availability: 99%, p99: 500ms}",
            "  phases:",
            f"    - {{name: warm, for: {_WARM}s, rate: 40}}",
            f"    - {{name: night, for: {_QUIET}s, rate: 1}}",
            f"    - {{name: wake, for: {wake}s, rate: 40}}",
            "    - {name: recovery, for: 45s, rate: 40}",
            *(["steps:", *steps.lines] if steps.lines else []),
            *steps.comments,
            "slos:",
            "  - {name: availability, availability: 99%}",
            "  - {name: p99, latency: {percentile: 99, below: 2s}}",
            "limits:",
            "  recovery: 30s",
            "  lost_writes: 0",
            "budget: {rto: 15m, rpo: 5m}",
            "",
        ]
    )


def _weight(found: Collision) -> tuple[int, int, int]:
    return len(found.shared.database) + bool(found.shared.disk), len(found.sure), len(found.entries)


def _replayed(survey: Survey, worst: Collision | None) -> list[Entry]:
    """The entries of the worst collision, the longest and best known job first, and the night's rotation."""
    planned = [each.entry for each in survey.planned if not each.often]
    together = list(worst.entries) if worst is not None else planned
    together.sort(key=lambda each: (-(each.took.median if each.took else 0.0), not each.uses.role))
    return [
        *together,
        *(each for each in planned if each.uses.role == commands.ROTATION and each not in together),
    ]


def _about(survey: Survey, worst: Collision | None) -> Iterator[str]:
    yield f"Written by `midnight survey`. {shown.headline(survey)}."
    if worst is None:
        yield "No two jobs start together: the jobs of the night are played at once, which is worse than the plan."
        return
    at = survey.night.local(worst.at)
    yield f"Replays {at:%H:%M}, the minute with the most in common. As the worst case, all that may start then does."
    yield "A rotation at another time follows the other steps."
    yield from shown.shared(worst)


def _left_out(survey: Survey, entries: Sequence[Entry]) -> Iterator[str]:
    taken = set(map(id, entries))
    others = [each for each in survey.planned if id(each.entry) not in taken]
    for each in others:
        when = "all night" if each.often else shown.span(each.starts[0], survey.night)
        yield _one_line(f"not replayed, another time: {shown.named(each.entry)}, {when}")
    yield from (
        _one_line(f"not replayed, its time is unknown: {shown.named(each)}") for each in shown.no_time(survey)
    )


@dataclass(slots=True)
class _Steps:
    """The steps so far: their lines, comments on what has none, and when each ends, in seconds from the first."""

    lines: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    ends: dict[str, float] = field(default_factory=dict)
    turns: dict[str, str] = field(default_factory=dict)  # the last step of those that run one after another
    jobs: int = 0

    @property
    def length(self) -> float:
        return max([float(_SHORTEST), *self.ends.values()])

    def start(self, name: str, after: str, hold: int) -> str:
        """The line that starts a step; empty `after`: with the first."""
        self.ends[name] = self.ends.get(after, 0.0) + hold
        return f"after: {after}" if after else f"at: {_WARM + _QUIET}s"

    @property
    def last(self) -> str:
        """The step that ends last; empty if there is none."""
        return max(self.ends, key=lambda name: self.ends[name], default="")


def _steps(survey: Survey, entries: Sequence[Entry], worst: Collision | None) -> _Steps:
    steps = _Steps()
    for entry in entries:
        because = _why_not(survey, entry, steps)
        if because:
            steps.comments.append(f"  # {_one_line(f'{shown.named(entry)}: {because}')}")
            continue
        hold = _hold(entry)
        if entry.uses.role == commands.ROTATION:
            apart = worst is not None and entry not in worst.entries
            start = steps.start("logrotate", steps.last if apart else "", hold)
            steps.lines += _logrotate(survey, entry, start, hold)
            continue
        steps.jobs += 1
        number = f"-{steps.jobs}" if steps.jobs > 1 else ""
        start = steps.start(f"batch_job{number}", steps.turns.get(entry.turn, ""), hold)
        if entry.turn:
            steps.turns[entry.turn] = f"batch_job{number}"
        steps.lines += _batch_job(entry, number, start, hold)
    return steps


def _why_not(survey: Survey, entry: Entry, steps: _Steps) -> str:
    """Why no step replays an entry; empty if one does."""
    if entry.uses.role == commands.ROTATION:
        if "logrotate" in steps.ends:
            return "one rotation of these logs is played already"
        bytes_due = _due_bytes(survey)
        return (
            "" if bytes_due >= _LEAST_LOG else f"its logs have {shown.size(bytes_due)}: too little to matter"
        )
    if entry.kind == "pg_cron":
        return _NO_SQL
    if entry.kind in ("cronjob", "ofelia"):
        return _NO_CLUSTER
    if not entry.command:
        return "its command is not known"
    return _ENOUGH if steps.jobs == _JOBS else ""


def _due_bytes(survey: Survey) -> int:
    return sum(each.size for each in survey.rotations.logs if each.due is not False)


def _hold(entry: Entry) -> int:
    if entry.took is None:
        return _USUAL
    return min(_LONGEST, max(_SHORTEST, round(entry.took.longest * 1.5)))


def _logrotate(survey: Survey, entry: Entry, start: str, hold: int) -> list[str]:
    logs = [each for each in survey.rotations.logs if each.due is not False]
    grown = max(1, round(_due_bytes(survey) / 1e6))
    floor = min(_FLOOR, round(grown * 1e6 / 2))
    return [
        f"  # {_one_line(f'{shown.named(entry)}, {entry.source}: {len(logs)} logs, the largest {logs[0].log}')}",
        f"  # {_one_line(f'on your own target: logs: {{{_named(logs)}}}')}",
        "  - name: logrotate",
        "    fault: logrotate",
        f"    {start}",
        f"    hold: {hold}s",
        "    optional: true",
        f"    with: {{grown: {grown}MB, min_rotated: {floor}B}}",
    ]


def _named(logs: Sequence[Rotation]) -> str:
    """The largest logs, and the stanza that rotates them: the directory of stanzas if there are several."""
    largest = [Path(each.log) for each in logs[:_LOGS]]
    directory = largest[0].parent
    files = [each.name if each.parent == directory else str(each) for each in largest]
    stanzas = list(dict.fromkeys(each.stanza.rpartition(":")[0] for each in logs[:_LOGS]))
    places = {str(Path(each).parent) for each in stanzas}
    stanza = places.pop() if len(stanzas) > 1 and len(places) == 1 else stanzas[0]
    return f"directory: {directory}, files: [{', '.join(files)}], stanza: {stanza}"


def _batch_job(entry: Entry, number: str, start: str, hold: int) -> list[str]:
    """The first job is `nightly`, which every shipped target has; the others play where the target names them."""
    known = f"took {shown.took(entry)} in {entry.took.runs} runs" if entry.took else "duration unknown"
    name = f"nightly{number}"
    argv = f"{{argv: [sh, -c, {json.dumps(entry.command)}]}}"
    return [
        f"  # {_one_line(f'{shown.named(entry)}, {entry.source}: {known}')}",
        f"  # {_one_line(f'on your own target: jobs: {{{name}: {argv}}}')}",
        f"  - name: batch_job{number}",
        "    fault: batch_job",
        f"    {start}",
        f"    hold: {hold}s",
        f"    with: {{job: {name}, deadline: {show_seconds(hold).replace(' ', '')}}}",
    ]


def _one_line(text: str) -> str:
    """Fit for a comment of YAML."""
    return "".join(char if char.isprintable() else "?" for char in text)[:200]
