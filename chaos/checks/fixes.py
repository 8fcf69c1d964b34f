"""What to fix: at most three settings or findings, each with its evidence.

What a finding proves to be wrong comes first, then a database that had no connection left. Then the links of the chain,
in the order in which they moved. Each names a setting of the profile that the target's hardened profile has otherwise,
with the reasons that its file gives, or else what usually helps. No claim of a cause beyond that, and no advice on a
pool for which no request waited.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from chaos.checks import invariants, logs, loss
from chaos.checks.drill import fencing, runbook
from chaos.checks.finding import Finding, Outcome
from chaos.checks.leaks import leaks
from chaos.checks.link import Link
from chaos.checks.logged import Logged
from chaos.checks.plain import plain
from chaos.record.manifest import Cure, Manifest

MOST = 3
HEADING = "What to fix"


@dataclass(frozen=True, slots=True)
class Fix:
    """What to change, such as `api.pool_timeout: 30s → 2s`; why; and what the run showed of it."""

    what: str
    why: str
    evidence: str
    of_profile: bool = False  # a setting, with the reasons of its profile


@dataclass(frozen=True, slots=True)
class _Cause:
    """Settings that act on a link or a finding, the likeliest first, as patterns; and advice where none is known. `of`:
    how the reason of such a setting begins, as `read: ` if it is about a route."""

    settings: tuple[str, ...]
    advice: str
    why: str
    of: str = ""


_FULL = "database_full"
_EXHAUSTED = "pool_exhausted"
_OF_POOL = frozenset({"pool_in_use", _EXHAUSTED})
_OF_WAITS = frozenset({r"connection_across_outbound", r"pool_timeout", r"pool_size"})
"""Settings that change how long, and how many, wait for a connection of the pool: of no use if no request did."""

_REFUSED = re.compile(
    r"remaining connection slots are reserved|too many clients already|too many connections(?! for)",
    re.IGNORECASE,
)
"""What PostgreSQL and MySQL say when they have no connection left."""

_OF_LINKS = {
    "disk": _Cause(
        (r"volumes\.", r"rotation\.method", r"\blog\b"),
        "Take the logs off the database's disk",
        "a rotation and the database then no longer wait for each other",
    ),
    "cpu": _Cause(
        (r"batch\.scheduling", r"rotation\.scheduling", r"batch\."),
        "Run the nightly job at idle priority, or with a limit of its own",
        "the service then gets the CPU first",
    ),
    "latency": _Cause(
        (r"connection_across_outbound", r"statement_timeout", r"outbound_timeout"),
        "Bound how long a request waits for what it depends on",
        "a slow dependency then costs one request, not the pool",
    ),
    "pile_up": _Cause(
        (r"pool_timeout", r"database_deadline", r"worker_connections"),
        "Refuse requests that cannot be served in time",
        "an answer that comes after the client has given up is wasted work",
    ),
    "pool_in_use": _Cause(
        (r"connection_across_outbound", r"pool_timeout", r"pool_size"),
        "Hold a connection only while the database works",
        "the pool then serves more requests than it has connections",
    ),
    _EXHAUSTED: _Cause(
        (r"connection_across_outbound", r"pool_timeout", r"pool_size"),
        "Stop waiting for a connection before the client stops waiting for its answer",
        "a request then fails soon enough to be retried",
    ),
    _FULL: _Cause(
        (r"crowd_connection_limit", r"batch_connection_limit", r"connection_limit"),
        "Limit the connections of every user of the database",
        "the sum then stays below max_connections, and no user takes another's slots",
    ),
    "api_down": _Cause(
        (r"pool_pre_ping", r"retries", r"breaker", r"pool_recycle", r"database_deadline"),
        "Retry what is safe to repeat, and find dead connections before a request uses them",
        "a short loss then costs time, not errors",
    ),
}

_OF_FINDINGS = {
    loss.NAME: _Cause(
        (),
        "Acknowledge a write only when the database has committed it",
        "an acknowledged write must survive",
    ),
    logs.NAME: _Cause(
        (r"rotation\.method", r"rotation\.signal"),
        "Rotate by rename and signal, not by copytruncate",
        "a copy loses what is written while it is made",
    ),
    invariants.NAME: _Cause(
        (r"update",),
        "Let the database do the update in one statement, or lock the row",
        "read, change and write loses what others write in between",
    ),
    leaks.NAME: _Cause((r"leaks\.", r"cache"), "Release what each request takes", "it adds up every night"),
    fencing.NAME: _Cause((), "Fence the old primary before another is promoted", "two primaries diverge"),
    runbook.NAME: _Cause((), "Repair this step of the runbook", "recovery from a real loss would stop there"),
}


def fixes(
    findings: Sequence[Finding], chain: Sequence[Link], manifest: Manifest, logged: Logged | None = None
) -> tuple[Fix, ...]:
    """Return at most three, none twice. Where nothing failed, only settings that the profile has otherwise."""
    failed = any(finding.outcome is Outcome.FAIL for finding in findings)
    found: dict[str, Fix] = {}
    for cause, evidence in _causes(findings, chain, logged):
        fix = _fix(cause, plain(evidence), [each for each in manifest.cures if _written(each) not in found])
        if fix.of_profile or failed:
            found.setdefault(fix.what, fix)
    return tuple(found.values())[:MOST]


def _causes(
    findings: Sequence[Finding], chain: Sequence[Link], logged: Logged | None
) -> Iterator[tuple[_Cause, str]]:
    for finding in findings:
        if finding.outcome is Outcome.FAIL and finding.check in _OF_FINDINGS:
            cause = _OF_FINDINGS[finding.check]
            if finding.check == leaks.NAME and (route := finding.evidence.get("route")):
                cause = replace(cause, of=f"{route}: ")
            yield cause, finding.because
    moved = [link for link in chain if link.moved and link.name in _OF_LINKS]
    if not any(link.name == _FULL for link in moved) and (refused := _refused(logged)):
        yield _OF_LINKS[_FULL], refused
    unneeded = _OF_WAITS if _none_waited(chain) else frozenset[str]()
    for link in sorted(moved, key=lambda link: link.name != _FULL):
        if not (unneeded and link.name in _OF_POOL):
            cause = _OF_LINKS[link.name]
            settings = tuple(each for each in cause.settings if each not in unneeded)
            yield replace(cause, settings=settings), f"{link.title}, {link.because}"


def _refused(logged: Logged | None) -> str:
    """What the logs say of connections that the database had no slot for; empty if nothing."""
    rows = () if logged is None else logged.rows
    found = next((row for row in rows if _REFUSED.search(row.error.message)), None)
    return "" if found is None or logged is None else f"logged: {found.sentence(logged.zero)}"


def _none_waited(chain: Sequence[Link]) -> bool:
    """True if the pool's gauges show that no request waited for a connection; False also if there are none."""
    link = next((link for link in chain if link.name == _EXHAUSTED), None)
    if link is None or link.moved or link.peak is None or link.threshold is None:
        return False
    return link.peak <= link.threshold


def _fix(cause: _Cause, evidence: str, cures: Sequence[Cure]) -> Fix:
    for pattern in cause.settings:
        for each in cures:
            if re.search(pattern, each.setting) and each.because.startswith(cause.of):
                return Fix(_written(each), _reason(each), evidence, of_profile=True)
    return Fix(cause.advice, cause.why, evidence)


def _written(cure: Cure) -> str:
    return f"{cure.setting}: {cure.value} → {cure.cure}"


def _reason(cure: Cure) -> str:
    """The reasons of both files, without references to other lines of them."""
    told = [each for each in (cure.why, f"now: {cure.because}" if cure.because else "") if each]
    return "; ".join(told)
