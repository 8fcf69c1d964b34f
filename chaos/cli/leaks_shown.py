"""`midnight leaks` on the terminal and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from chaos.census.descriptors import KINDS
from chaos.census.readings import Growth, ProcessReading, Reading
from chaos.console.output import print_whole
from chaos.spec.units import show_seconds

_ROWS, _FRAMES, _SESSIONS, _COMMAND = 20, 8, 20, 60  # shown at most

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """What was read: the last reading and, unless it is the only one, what grew before it."""

    reading: Reading
    held: Sequence[Row]
    growth: Growth | None
    sessions: Sequence[Row] | None  # None: no database was named
    earlier: Mapping[str, int] | None  # the sessions' counts at the first reading

    def document(self) -> dict[str, Any]:
        """Everything, as JSON."""
        found: dict[str, Any] = {
            "counts": dict(self.reading.counts),
            "held": list(self.held),
            "processes": [_process(each) for each in self.reading.processes],
        }
        if self.growth is not None:
            found["growth"] = {
                "seconds": round(self.growth.seconds, 3),
                "counts": dict(self.growth.counts),
                "grew": list(self.growth.rows),
                "started": [each.ref.pid for each in self.growth.started],
                "ended": [each.ref.pid for each in self.growth.ended],
            }
        if self.sessions is not None:
            found["sessions"] = {
                "counts": dict(_states(self.sessions)),
                "before": self.earlier,
                "each": list(self.sessions),
            }
        return found

    def show(self) -> None:
        """Print it: counts and limits, what grew (or, after one reading, what is held), sessions, levels."""
        _show_counts(self.reading, self.growth)
        if self.growth is None:
            _show_rows("held now", self.held, sign="")
        else:
            _show_growth(self.growth)
        if self.sessions is not None:
            _show_sessions(self.sessions, self.earlier)
        print()
        for line in _levels(self.reading):
            print(line)


def _process(each: ProcessReading) -> dict[str, Any]:
    return {
        "pid": each.ref.pid,
        "create_time": each.ref.create_time,
        "command": each.command,
        "level": each.level,
        "why_not": {str(number): because for number, because in each.why_not.items()},
        "unseen": each.unseen,
        "counts": dict(each.counts),
        "limits": dict(each.limits),
        "documents": {str(number): found for number, found in each.documents.items()},
    }


def _show_counts(reading: Reading, growth: Growth | None) -> None:
    first, others = reading.processes[0], len(reading.processes) - 1
    more = f" and {others} more" if others else ""
    print(f"process {first.ref.pid} ({_cut(first.command)}){more}\n")
    table = Table(box=None, pad_edge=False)
    table.add_column("held")
    for heading in ("now", *(("grew",) if growth else ())):
        table.add_column(heading, justify="right")
    table.add_column("nearest to its limit")
    for text, names, limited in _lines(reading.counts):
        now = sum(reading.counts[each] for each in names)
        grew = [_signed(sum(growth.counts[each] for each in names), text)] if growth else []
        table.add_row(text, _number(now, text), *grew, _nearest(reading, limited))
    print_whole(table)


def _lines(counts: Mapping[str, int]) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Each line's text, the counts it sums, and the limit that applies to it."""
    kinds = tuple(f"descriptors:{kind}" for kind in KINDS)
    yield "descriptors", kinds, "descriptors"
    for kind in kinds:
        if counts[kind]:
            yield f"  {kind}", (kind,), ""
    yield "threads", ("threads",), "threads"
    yield "memory:uss", ("memory:uss",), ""


def _nearest(reading: Reading, resource: str) -> str:
    """The process that is nearest to its limit of this resource."""
    found = []
    for each in reading.processes:
        if limit := each.limits.get(resource):
            held = sum(count for name, count in each.counts.items() if name.partition(":")[0] == resource)
            found.append((held / limit, f"{held:,} of {limit:,} in process {each.ref.pid}"))
    return max(found)[1] if found else ""


def _number(value: int, text: str) -> str:
    return f"{value / 1e6:.1f} MB" if text.startswith("memory") else f"{value:,}"


def _signed(value: int, text: str) -> str:
    return ("+" if value > 0 else "-" if value < 0 else "") + _number(abs(value), text)


def _show_growth(growth: Growth) -> None:
    within = show_seconds(round(growth.seconds, 1))
    if growth.rows:
        _show_rows(f"grown within {within}", growth.rows, sign="+")
    else:
        print(f"\nno descriptors or threads of one name grew within {within}")
    for what, each in (("started", growth.started), ("ended", growth.ended)):
        if each:
            listed = ", ".join(f"{one.ref.pid} ({_cut(one.command)})" for one in each)
            print(f"\n{what} in between, so not compared: {listed}")


def _show_rows(title: str, rows: Sequence[Row], sign: str) -> None:
    print(f"\n{title}")
    for row in rows[:_ROWS]:
        what = row.get("place") or row["what"]
        print(
            f"  {sign}{row['count']} {row['resource']}  {what}  (process {row['pid']}, level {row['level']})"
        )
        for line in _details(row, sign):
            print(f"      {line}")
    if len(rows) > _ROWS:
        print(f"  and {len(rows) - _ROWS} more: --json lists all")


def _details(row: Row, sign: str) -> Iterator[str]:
    if stack := row.get("stack"):
        yield f"of {row['held']} with this stack: {row['what']}"
        yield from (f"  {frame}" for frame in stack[:_FRAMES])
        if len(stack) > _FRAMES:
            yield f"  and {len(stack) - _FRAMES} more frames"
    elif sign and (fds := row.get("fds")):
        more = ", ..." if row["count"] > len(fds) else ""
        yield f"of {row['held']}; new descriptors {', '.join(map(str, fds))}{more}"
    if holder := row.get("holder"):
        yield f"held by {holder}"
    if bounded := row.get("bounded"):
        yield str(bounded)


def _show_sessions(sessions: Sequence[Row], earlier: Mapping[str, int] | None) -> None:
    states = _states(sessions)
    listed = ", ".join(f"{state} {count}" for state, count in states.most_common())
    print(f"\ndatabase sessions: {len(sessions)}{f' ({listed})' if listed else ''}{_grown(states, earlier)}")
    for each in sessions[:_SESSIONS]:
        age = "" if each["age"] is None else f" for {show_seconds(round(each['age'], 2))}"
        print(f"  {each['state']}{age}: {each['query'] or 'no query yet'}")
        print(f"      {_holder(each)}")
    if len(sessions) > _SESSIONS:
        print(f"  and {len(sessions) - _SESSIONS} more: --json lists all")


def _grown(states: Mapping[str, int], earlier: Mapping[str, int] | None) -> str:
    """By how many each state has more sessions than at the first reading."""
    if earlier is None:
        return ""
    more = {state: count - earlier.get(f"sessions:{state}", 0) for state, count in states.items()}
    grew = ", ".join(f"{state} +{count}" for state, count in more.items() if count > 0)
    return f"; grew: {grew}" if grew else "; none grew"


def _states(sessions: Sequence[Row]) -> Counter[str]:
    return Counter(str(each["state"]) for each in sessions)


def _holder(session: Row) -> str:
    holder = session["holder"]
    if holder is None:
        return f"holder unknown: {session['why']}"
    fd = "" if holder["fd"] is None else f", descriptor {holder['fd']}"
    through = f", through {_cut(holder['through'])}" if holder["through"] else ""
    why = f" ({session['why']})" if session["why"] else ""
    return f"held by process {holder['pid']} ({_cut(holder['command'])}){fd}{through}{why}"


def _levels(reading: Reading) -> Iterator[str]:
    """Which level was used for which processes, and why not the next."""
    said: dict[str, list[int]] = {}
    for each in reading.processes:
        missing = [f"not level {number}: {because}" for number, because in sorted(each.why_not.items())]
        text = f"not read: {each.unseen}" if each.unseen else "; ".join([f"level {each.level}", *missing])
        said.setdefault(text.replace(f"process {each.ref.pid} ", "it "), []).append(each.ref.pid)
    for text, pids in said.items():
        yield f"process{'es' if len(pids) > 1 else ''} {', '.join(map(str, pids))}: {text}"


def _cut(command: str) -> str:
    return command if len(command) <= _COMMAND else f"{command[: _COMMAND - 3]}..."
