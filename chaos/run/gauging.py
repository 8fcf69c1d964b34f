"""The target's own gauges, before the play: each is read once, and one that cannot be read is refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from chaos.errors import Refused, UsageError
from chaos.plan.names import names_in
from chaos.plan.planned import PlannedTarget
from chaos.plugin.driver import Site
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Answer, Probe, no, unknown, yes
from chaos.record.event import NOW, Recorded
from chaos.record.events import GaugesFound, TargetReady
from chaos.record.gauges import Api
from chaos.run import signals
from chaos.run.passing import passing
from chaos.sampling.database import role_of
from chaos.sampling.gauges import Seen, look
from chaos.spec.target import Target
from chaos.targets import gauges

OR_ZERO = "if it is shown only once something happened, write `NAME or 0`"


def ready(target: Target, handles: Handles, event: Callable[[Recorded], None]) -> Handles:
    """Journal that the target is up, and what each of its gauges is now. Returns the handles with their sources.

    Raises Refused for a gauge that cannot be read, and UsageError.
    """
    offered = tuple(sorted(handles.offered()))
    event(TargetReady(NOW, target.name, handles=offered, answers_within=handles.answers_within))
    handles = with_sources(target, handles)
    seen = look_at(handles)
    refuse(seen)
    event(_found(target.name, handles, seen))
    return handles


def refuse(seen: Sequence[Seen]) -> None:
    """Raises Refused for the first gauge that cannot be read."""
    wrong = [probe for probe in probes(seen) if probe.answer is Answer.NO]
    if wrong:
        raise Refused(
            wrong[0].line + (f" ({len(wrong) - 1} more gauges cannot be read)" if wrong[1:] else "")
        )


def with_sources(target: Target, handles: Handles) -> Handles:
    return replace(handles, gauges=gauges.found(target, handles))


def look_at(handles: Handles) -> list[Seen]:
    return [seen for source in handles.gauges for seen in look(source)]


def probes(seen: Sequence[Seen]) -> Iterator[Probe]:
    """Whether each gauge can be read: those that can are one answer for each place."""
    for source in dict.fromkeys(each.source.shown for each in seen):
        there = [each for each in seen if each.source.shown == source and each.values]
        if told := ", ".join(f"{each.gauge} {each.told}" for each in there):
            yield yes(f"gauges: {source}", told)
    for each in seen:
        what = f"gauges: {each.gauge}"
        if each.wrong and each.required:
            remedy = OR_ZERO if "is called" in each.wrong else ""
            yield no(what, f"{each.wrong} ({each.source.shown})", remedy)
        elif not each.values:
            yield unknown(what, f"not shown ({each.source.shown}, preset {each.source.preset})")


def table(handles: Handles, seen: Sequence[Seen]) -> Iterator[str]:
    """Lines for people: each gauge with its value, and where it comes from."""
    width = max((len(each.gauge) for each in seen), default=0)
    for each in seen:
        told = each.told if each.values else f"– {each.wrong or 'not shown'}"
        yield f"{each.gauge:<{width}}  {told:>8}  {each.formula.text}  ({each.source.shown})"
    yield f"pool: {pool_of(handles, seen) or 'nothing shows it'}"


def shown_now(plan: PlannedTarget) -> tuple[Handles, list[Seen]]:
    """Read the gauges of a service that is up. Raises UsageError for a target that midnight would have to start."""
    if plan.driver.started_by_us:
        name = plan.target.name
        instead = f"`midnight run EXPERIMENT --target {name} --rehearse` starts it, and shows its gauges"
        raise UsageError(f"midnight starts target {name!r} itself: {instead}")
    driver = plan.driver(plan.target, plan.options, plan.settings, {})
    names, stop = frozenset(names_in(plan.target.model_dump(mode="json"))), threading.Event()
    with passing("gauges", driver, plan.target, names) as session:
        session.begin()
        with signals.heard_by(lambda *_: stop.set(), signals.signals()):
            handles = with_sources(plan.target, driver.up(Site(session.run.id, session.creating, stop)))
            seen = look_at(handles)
    return handles, seen


def _found(name: str, handles: Handles, seen: Sequence[Seen]) -> GaugesFound:
    there = {
        gauge: {"from": each.source.shown, "as": each.formula.text, "value": value}
        for each in seen
        for gauge, value in each.values.items()
    }
    missing = tuple(each.gauge for each in seen if not each.values and not each.required)
    return GaugesFound(NOW, name, gauges=there, missing=missing, pool=pool_of(handles, seen))


def pool_of(handles: Handles, seen: Sequence[Seen]) -> str:
    """What the figures of the connection pool are in this run; empty if nothing shows one."""
    shown = {gauge: (each, value) for each in seen for gauge, value in each.values.items()}
    size = shown.get(Api.POOL_SIZE)
    is_sized = size is not None and size[1] > 0
    in_use = shown.get(Api.POOL_CHECKED_OUT)
    if in_use is not None:
        source = in_use[0].source
        by = f" (preset {source.preset})" if source.preset else ""
        return f"{source.shown}{by}{'' if is_sized else ', its size unknown'}"
    role = next(filter(None, map(role_of, handles.databases.values())), "")
    if not role:
        return ""
    return f"seen from the database: sessions of role {role}{'' if is_sized else ', its size unknown'}"
