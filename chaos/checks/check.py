"""Define and run checks. A check that raises loses its own findings, never the verdict."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from chaos.checks.finding import Finding, Outcome
from chaos.errors import Unreadable
from chaos.record.redact import known

S_contra = TypeVar("S_contra", contravariant=True)
S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Check(Generic[S_contra]):
    """`judge` is a pure function of a stored run, such as `Judged`; its findings carry the check's name."""

    name: str
    judge: Callable[[S_contra], list[Finding]]


def findings_of(checks: Iterable[Check[S]], subject: S) -> list[Finding]:
    """Return the findings of all checks, in order. Raises Unreadable if a file of the run cannot be read."""
    findings: list[Finding] = []
    for check in checks:
        found, broken = attempt(check.name, partial(check.judge, subject))
        findings += [*(found or ()), *broken]
    return findings


def attempt(name: str, make: Callable[[], T]) -> tuple[T | None, list[Finding]]:
    """Return what `make` returns; if it raises, None and one `unknown` finding of that name.

    Raises Unreadable: nothing can be judged in a run that cannot be read.
    """
    try:
        return make(), []
    except Unreadable:
        raise
    except Exception as error:  # any error: the other checks still count
        because = known(f"{name} could not be judged: {type(error).__name__}: {error}")
        evidence = {"traceback": known("".join(traceback.format_exception(error)))}
        return None, [Finding(name, name, Outcome.UNKNOWN, None, None, "", because, evidence)]
