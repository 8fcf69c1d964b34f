"""A check by its name, and checks carried out: one that raises costs its own findings, never the verdict."""

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
    """`judge` is a pure function of a stored run, such as `Judged`; its findings bear the name of the check."""

    name: str
    judge: Callable[[S_contra], list[Finding]]


def findings_of(checks: Iterable[Check[S]], subject: S) -> list[Finding]:
    """What every check finds, in order. Raises Unreadable where a file of the run cannot be read."""
    findings: list[Finding] = []
    for check in checks:
        found, broken = attempt(check.name, partial(check.judge, subject))
        findings += [*(found or ()), *broken]
    return findings


def attempt(name: str, make: Callable[[], T]) -> tuple[T | None, list[Finding]]:
    """What `make` returns; where it raises, None and one finding of that name that nothing is known.

    Raises Unreadable: of a run that cannot be read nothing at all can be said.
    """
    try:
        return make(), []
    except Unreadable:
        raise
    except Exception as error:  # whatever it is, the other checks still count
        because = known(f"{name} could not be judged: {type(error).__name__}: {error}")
        evidence = {"traceback": known("".join(traceback.format_exception(error)))}
        return None, [Finding(name, name, Outcome.UNKNOWN, None, None, "", because, evidence)]
