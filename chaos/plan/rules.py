"""Rules between an experiment and a target. Each broken one is an error with file and line."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime

from chaos.access import allowlist
from chaos.errors import FileError
from chaos.load.segments import segments
from chaos.load.spec import MOST_HITS
from chaos.plugin.fault import Fault
from chaos.spec.abort import DEFAULTS, AlertFires, CheckFailed, SwitchedOff
from chaos.spec.experiment import STARTS_A_JOB, Experiment
from chaos.spec.gauges import named_in
from chaos.spec.invariants import PRIMARY
from chaos.spec.near import hint, instead
from chaos.spec.roles import ROLES
from chaos.spec.target import Target
from chaos.spec.units import in_unit_of, show_seconds
from chaos.spec.yamlfile import Model, Where

_EXAMPLES = {
    "read": "read: {path: /items/1}",
    "write": "write: {method: POST, path: /items, ...}",
    "outbound": "call: {role: outbound, path: /report}",
}


def of_consent(at: Where, target: Target) -> Iterator[FileError]:
    """The target needs a consent that is valid today (UTC)."""
    if target.consent is None:
        rule = f"{target.driver!r} acts on a target that midnight did not start"
        yield at.under("driver").broken(f"{rule}: add consent: {{owner: NAME, until: DATE}}")
    elif target.consent.until < datetime.now(UTC).date():
        rule = f"the consent of {target.consent.owner} expired on {target.consent.until}"
        yield at.under("consent", "until").broken(rule)


def of_gauges(at: Where, target: Target, offered: frozenset[str]) -> Iterator[FileError]:
    """Every source of gauges, and pprof, is on an allowed host, at an address or on a database that the target has."""
    addresses = ["base_url", *_members("addresses", offered)]
    yield from _of_address(at.under("pprof"), target.pprof or "", addresses, target)
    for index, reading in enumerate(target.gauges):
        here = at.under("gauges", index)
        yield from _of_address(here.under(reading.kind), reading.address, addresses, target)
        known = _members("databases", offered)
        if reading.database is not None and reading.database not in known:
            rule = "is not a database of this target"
            yield here.under("database").unknown(rule, reading.database, known)


def _of_address(place: Where, address: str, known: Sequence[str], target: Target) -> Iterator[FileError]:
    """It is on an allowed host, or begins with a known name; an empty one is fine."""
    name = named_in(address)
    if name is not None and name not in known:
        yield place.broken(f"{{{name}}} is not an address of this target; {instead(name, known)}")
    elif name is None and address:
        host = allowlist.host_of(address)
        if allowlist.is_foreign(host, target.allow):
            yield place.broken(f"{host} is not this machine and not listed in `allow`")


def _members(group: str, offered: frozenset[str]) -> list[str]:
    """The names of the handles of one group."""
    return sorted({name.split(".")[1] for name in offered if name.startswith(f"{group}.")})


def of_needs(
    at: Where, needs: frozenset[str], offered: frozenset[str], fault: str, target: Target
) -> Iterator[FileError]:
    """The target offers each handle that a fault needs."""
    for need in sorted(needs):
        if not offered & set(need.split("|")):
            named = need.replace("|", "' or '")
            yield at.broken(
                f"{fault} needs the handle '{named}', which target {target.name!r} does not offer"
            )


def of_floors(at: Where, fault: type[Fault], params: Model, held: float) -> Iterator[FileError]:
    """Each floor can be reached by a fault that is held for `held` seconds."""
    for name, most in fault.reachable(params, held).items():
        least, place = getattr(params, name), at.under("with", name)
        if least > most:
            given = place.value() or least
            allowed = f"a hold of {show_seconds(held)} allows {in_unit_of(given, most)} at most"
            yield place.broken(f"cannot be reached: {allowed}", given)


def of_load(at: Where, experiment: Experiment, target: Target) -> Iterator[FileError]:
    """The load is not too large, has known routes, and can break the limit on lost writes."""
    requests = expected(experiment)
    if requests > MOST_HITS:
        rule = f"{requests:.0f} requests, including the baseline's, exceed the maximum of {MOST_HITS} per run"
        yield at.under("load", "phases").broken(rule)
    for name in experiment.load.mix:
        if name not in target.routes:
            yield at.under("load", "mix", name).broken(_no_route(name, target))
    mix, allowed = experiment.load.mix, experiment.limits.lost_writes
    if allowed is None:
        return
    writes = ledger_routes(experiment, target)
    if not writes:
        yield at.under("limits", "lost_writes").broken(_no_ledger(target))
        return
    writing = requests * sum(mix[name] for name in writes) / sum(mix.values())
    if allowed >= writing:
        rule = f"{allowed} cannot be broken by this play of about {writing:.0f} writes"
        yield at.under("limits", "lost_writes").broken(rule)


def of_limits(
    at: Where, experiment: Experiment, target: Target, faults: Sequence[type[Fault]], offered: frozenset[str]
) -> Iterator[FileError]:
    """Each limit can be broken by these faults (by step) on this target."""
    limits = experiment.limits
    if limits.rpo is not None and not ledger_routes(experiment, target):
        yield at.under("limits", "rpo").broken(_no_ledger(target))
    if limits.lost_log_lines is not None and "logs" not in offered:
        rule = f"cannot be broken: target {target.name!r} offers no logs to count lines in"
        yield at.under("limits", "lost_log_lines").broken(rule)
    if limits.failed_jobs is not None and not any(step.fault == STARTS_A_JOB for step in experiment.steps):
        rule = f"cannot be broken: no step starts a job (fault: {STARTS_A_JOB})"
        yield at.under("limits", "failed_jobs").broken(rule)
    free = undisturbed(experiment, faults)
    if limits.recovery is not None and limits.recovery >= free:
        rule = (
            f"{show_seconds(limits.recovery)} cannot be broken by this play: from its first step on, "
            f"the longest stretch without a step is {show_seconds(free)}"
        )
        yield at.under("limits", "recovery").broken(rule)


def undisturbed(experiment: Experiment, faults: Sequence[type[Fault]]) -> float:
    """Seconds of the longest stretch from the first step on in which no step surely acts, in which a recovery is
    measured. A step that starts after another one, or whose act may end by itself, may leave any stretch."""
    length = experiment.load.length
    first = min((step.at for step in experiment.steps if step.at is not None), default=0.0)
    held = [
        (step.at, min(step.at + step.hold, length))
        for step, fault in zip(experiment.steps, faults, strict=True)
        if step.at is not None and fault.held_throughout
    ]
    reached, longest = first, 0.0
    for start, end in sorted(held):
        longest = max(longest, start - reached)
        reached = max(reached, end)
    return max(longest, length - reached)


def of_ledgers(at: Where, target: Target, offered: frozenset[str]) -> Iterator[FileError]:
    """The target has each database that writes are read back from."""
    for name, route in target.routes.items():
        read = route.ledger.read if route.ledger is not None else None
        if read is None or read.sql is None or (wanted := read.database_name) is None:
            continue
        if f"databases.{wanted}" not in offered:
            known = _members("databases", offered)
            fix = f"{instead(wanted, known)}; or add database: {{env: NAME}} with its connection string"
            rule = f"{wanted!r} is not a database of this target; {fix}"
            place = at.under("routes", name, "ledger", "read")
            here = place.under("database") if read.database else place.under("sql")
            yield here.broken(rule, hint=hint(wanted, known))


def ledger_routes(experiment: Experiment, target: Target) -> list[str]:
    """The routes of the mix whose writes can be read back."""
    return [name for name in experiment.load.mix if name in target.routes and target.routes[name].ledger]


def shows_a_pool(target: Target, offered: Collection[str]) -> bool:
    """Return True if a connection pool may be seen: by gauges of the service, or from its database."""
    return bool(target.gauges) or any(each.startswith("databases.") for each in offered)


def _no_route(name: str, target: Target) -> str:
    if name in ROLES:
        return (
            f"target {target.name!r} has no route with this role; add one to its routes, "
            f"such as {_EXAMPLES[name]}"
        )
    return f"target {target.name!r} has no such route; {instead(name, tuple(dict.fromkeys((*target.routes, *ROLES))))}"


def _no_ledger(target: Target) -> str:
    return f"cannot be broken: target {target.name!r} has no route with a `ledger` in the mix"


def of_rounds(
    at: Where, experiment: Experiment, target: Target, offered: frozenset[str]
) -> Iterator[FileError]:
    """Something of the target can be counted."""
    rounds = experiment.load.rounds
    if rounds is None:
        return
    roles = {name.partition(".")[2] for name in offered if name.startswith(("processes.", "containers."))}
    for index, role in enumerate(rounds.roles):
        if role not in roles and ("roles" in rounds.model_fields_set or not shows_a_pool(target, offered)):
            fix = (
                instead(role, sorted(roles))
                if roles
                else f"add it to the file's options, such as: processes: {{{role}: {{name: NAME}}}}"
            )
            rule = f"target {target.name!r} offers no process of this role; {fix}"
            yield at.under("load", "rounds", "roles", index).broken(rule, role, hint(role, sorted(roles)))


def of_invariants(
    at: Where, experiment: Experiment, target: Target, offered: frozenset[str]
) -> Iterator[FileError]:
    """Each question has a name of its own and what it needs. Those of the target's file are reported at the top."""
    named = {each.name for each in target.invariants}
    own = [(each, at.under("invariants", index)) for index, each in enumerate(experiment.invariants)]
    for each, here in own:
        if each.name in named:
            rule = f"target {target.name!r} has an invariant {each.name!r}, too: give this one another name"
            yield here.under("name").broken(rule)
    for each, here in (*own, *((each, at) for each in target.invariants)):
        need = f"databases.{each.database or PRIMARY}" if each.sql is not None else "base_url"
        if each.command is None and need not in offered:
            rule = f"invariant {each.name!r} needs the handle {need!r}, which target {target.name!r} does not offer"
            yield (here.under(each.kind) if here.place else here).broken(rule)


def expected(experiment: Experiment) -> float:
    """Expected number of requests of a run, including the baseline."""
    return sum(segment.length * segment.rate for segment in segments(experiment.load))


def _of_check(at: Where, check: str) -> Iterator[FileError]:
    from chaos.checks.registered import by_name  # slow: imports every check

    if check not in by_name():
        yield at.unknown(f"no check {check!r}", check, by_name())


def of_abort(at: Where, experiment: Experiment) -> Iterator[FileError]:
    """Each abort condition names what there is."""
    defaults = {condition.name for condition in DEFAULTS}
    for index, condition in enumerate(experiment.abort):
        if isinstance(condition, CheckFailed):
            yield from _of_check(at.under("abort", index, "check"), condition.check)
        if isinstance(condition, SwitchedOff) and condition.name not in defaults:
            rule = f"no default condition {condition.name!r}"
            yield at.under("abort", index, "name").unknown(rule, condition.name, sorted(defaults))


def of_alerts(at: Where, experiment: Experiment, target: Target) -> Iterator[FileError]:
    """What is asked of Prometheus and Alertmanager can be asked."""
    asking = [("alerts", index) for index, _ in enumerate(experiment.alerts)]
    asking += [("slos", index) for index, slo in enumerate(experiment.slos) if slo.asked is not None]
    asking += [("abort", i) for i, each in enumerate(experiment.abort) if isinstance(each, AlertFires)]
    if target.prometheus is None:
        for place in asking[:1]:
            rule = f"target {target.name!r} names no Prometheus: give `prometheus: {{url: URL}}` in its file"
            yield at.under(*place).broken(rule)
        return
    for index, objective in enumerate(experiment.alerts):
        if objective.delivered and target.alertmanager is None:
            rule = f"target {target.name!r} names no `alertmanager: {{url: URL, receiver: PORT}}`"
            yield at.under("alerts", index, "delivered").broken(rule)


def of_paging(at: Where, target: Target, offered: frozenset[str]) -> Iterator[FileError]:
    """Prometheus and Alertmanager are on allowed hosts, or at addresses that the target has."""
    addresses = _members("addresses", offered)
    for key, given in (("prometheus", target.prometheus), ("alertmanager", target.alertmanager)):
        if given is not None:
            yield from _of_address(at.under(key, "url"), given.url, addresses, target)
