"""A rehearsal: probe everything a run would do, inject nothing.

The target is started (or attached to) as for a run, each step is built and prepared, and everything is undone.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from chaos.checks.text import many
from chaos.errors import Aborted, MidnightError, Refused, UsageError
from chaos.plan.names import names
from chaos.plan.planned import Plan, PlannedStep
from chaos.plugin import registry
from chaos.plugin.driver import Driver, Site
from chaos.plugin.fault import Fault, Undo
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Answer, Probe, answers, no, unknown, yes
from chaos.run import gauging, invariants, ledger_places, pager, route_probes, signals
from chaos.run.passing import passing
from chaos.run.session import Session
from chaos.run.signed_in import signed_in

TARGET, INVARIANTS, ALERTS = "target", "invariants", "alerts"
FLOOR = "floor"  # prefix of a probe of a step's floor


@dataclass(frozen=True, slots=True)
class Row:
    """One probe and its subject: the target, or a step by name."""

    part: str
    probe: Probe

    def to_json(self) -> dict[str, Any]:
        return {"part": self.part, **asdict(self.probe)}


def rehearse(plan: Plan, driver: Driver) -> list[Row]:
    """Probe the target and every step. Raises Aborted if stopped, UndoError if something is left."""
    rows = [Row(TARGET, probe) for probe in answers("target", driver.probes)]
    faults = (each.step.fault for each in plan.steps)
    with passing("rehearsal", driver, plan.target, names(plan), faults) as session:
        rows += _on_handles(plan, driver, session)
    return [*rows, *_left_out(plan)]


def _left_out(plan: Plan) -> Iterator[Row]:
    """What the target cannot play or show, as the plan names it, and what to add to its file."""
    for each in plan.left_out:
        part = each.name if each.kind == "step" else each.kind
        yield Row(part, Probe(each.what, Answer.LEFT_OUT, each.because, each.remedy))


def refuse_target(plan: Plan, driver: Driver) -> None:
    """Raises Refused for the first item of the target file that cannot be used."""
    _refuse(plan, [Row(TARGET, probe) for probe in answers("target", driver.probes)])


def refuse_steps(plan: Plan, handles: Handles, run: str) -> None:
    """Raises Refused for the first step that would fail on these handles, or invariant without an answer."""
    rows = [row for planned in plan.steps for row in _step(planned, handles, run)]
    _refuse(plan, [*rows, *_invariants(plan, handles)])


def _refuse(plan: Plan, rows: list[Row]) -> None:
    wrong = [row for row in rows if row.probe.answer is Answer.NO]
    if not wrong:
        return
    first, others = wrong[0], len(wrong) - 1
    more = f" ({others} more: `midnight run {plan.experiment.name} --rehearse` lists all)" if others else ""
    part = "" if first.part in (TARGET, INVARIANTS) else f"step {first.part!r}: "
    raise Refused(f"{part}{first.probe.line}{more}")


def _on_handles(plan: Plan, driver: Driver, session: Session) -> list[Row]:
    """Probe what needs a target that is up. A target that does not come up is a row, too."""
    stop, run = threading.Event(), session.run.id
    with signals.heard_by(lambda *_: stop.set(), signals.signals()):
        session.begin()
        try:
            handles = driver.up(Site(run, session.creating, stop))
        except Aborted:
            raise
        except MidnightError as error:
            return [Row(TARGET, no("comes up and answers", str(error)))]
        rows = [Row(TARGET, yes("comes up and answers", handles.base_url))]
        if plan.target.session:
            try:
                handles = signed_in(plan.target, handles)
            except UsageError as error:
                return [*rows, Row(TARGET, no("session", str(error)))]
            rows.append(Row(TARGET, yes("session", many(len(plan.target.session), "call"))))
        rows += [
            Row(TARGET, probe) for probe in answers("routes", lambda: route_probes.probes(plan, handles))
        ]
        rows += [Row(TARGET, probe) for probe in answers("gauges", lambda: _gauges(plan, handles))]
        for planned in plan.steps:
            if stop.is_set():
                raise Aborted("stopped during the rehearsal; everything is undone")
            rows += _step(planned, handles, run)
        return [*rows, *_ledgers(plan, handles), *_invariants(plan, handles), *_alerts(plan, handles)]


def _ledgers(plan: Plan, handles: Handles) -> list[Row]:
    """Look for keys that no run has written."""
    return [Row(TARGET, probe) for probe in answers("ledger", lambda: ledger_places.probes(plan, handles))]


def _gauges(plan: Plan, handles: Handles) -> Iterator[Probe]:
    """Read each of the target's gauges once."""
    return gauging.probes(gauging.look_at(gauging.with_sources(plan.target, handles)))


def _invariants(plan: Plan, handles: Handles) -> list[Row]:
    """Ask each question that changes nothing."""
    found = answers("invariants", lambda: invariants.probes(plan.invariants, handles))
    return [Row(INVARIANTS, probe) for probe in found]


def _alerts(plan: Plan, handles: Handles) -> list[Row]:
    return [Row(ALERTS, probe) for probe in answers("alerts", lambda: pager.probes(plan, handles))]


def _step(planned: PlannedStep, handles: Handles, run: str) -> list[Row]:
    """Probe one step: the fault's own probes, whether it can be prepared, whether its undo is self-contained."""
    name = planned.step.fault
    # Its own mark, so that names reserved for the play stay free.
    fault = planned.fault(planned.params, handles, f"{run}-{planned.step.name}/probe")
    found = answers(name, fault.probes)
    prepared: list[Undo] = []
    if all(probe.answer is not Answer.NO for probe in found):
        found += answers(f"{name}: can be prepared", lambda: _prepared(fault, name, prepared.append))
    if prepared:
        found.append(_undo(name, prepared[0]))
    if not any(probe.what.startswith(FLOOR) for probe in found):
        found.append(unknown(FLOOR, "known only while the step acts"))
    return [Row(planned.step.name, probe) for probe in found]


def _prepared(fault: Fault, name: str, keep_undo: Callable[[Undo], None]) -> Iterator[Probe]:
    keep_undo(fault.prepare())
    yield yes(f"{name}: can be prepared")


def _undo(name: str, undo: Undo) -> Probe:
    """Probe whether another process could run this undo: it is JSON, and its fault is found by name."""
    what = f"{name}: can be undone"
    try:
        json.dumps(undo)
        registry.undo_of(f"fault:{name}")
    except (TypeError, ValueError, MidnightError) as error:
        return no(what, f"{type(error).__name__}: {error}")
    return yes(what, "also by the watchdog, if midnight is killed" if undo else "it leaves nothing to undo")
