"""Define and run checks. A check that raises loses its own findings, never the verdict."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Generic, Literal, TypeVar

from chaos.checks.finding import Finding, Outcome
from chaos.errors import Unreadable
from chaos.record.redact import known

S_contra = TypeVar("S_contra", contravariant=True)
S = TypeVar("S")
T = TypeVar("T")


About = Literal["target", "run", "operators", "production"]
"""`run`: whether the run proves anything. Only what is about the target or its operators counts as judged; a pass is
told in the first line of the verdict if it is about the target or about production."""

Section = Literal["objectives", "recovery", "steps", "leaks", "other"]
"""Tables of a report."""


@dataclass(frozen=True, slots=True)
class Check(Generic[S_contra]):
    """`judge` is a pure function of a stored run, such as `Judged`; the rest says how its findings count and are shown.

    `cards` has labels for the key figures at the top of a report, by name of the finding; `""` is for all others.
    """

    name: str
    judge: Callable[[S_contra], list[Finding]]
    about: About = "target"
    section: Section = "other"
    at_least: bool = False  # what is measured as a ratio must reach what is allowed, not stay within it
    floor: bool = False  # the same in every unit
    cards: Mapping[str, str] = field(default_factory=dict)

    def sign(self, unit: str) -> Literal["≤", "≥"]:
        """How what is measured in this unit must compare with what is allowed: ≥ or ≤."""
        return "≥" if self.floor or (self.at_least and unit == "ratio") else "≤"

    @property
    def is_judgement(self) -> bool:
        """Without any such finding nothing was judged: the verdict is unknown."""
        return self.about in ("target", "operators")

    @property
    def is_told(self) -> bool:
        """True if a pass of it appears in the first line of a verdict."""
        return self.about in ("target", "production")

    def findings(self, subject: S_contra) -> list[Finding]:
        """Judge, and return the findings under this check's name."""
        return [replace(found, check=self.name) for found in self.judge(subject)]


def findings_of(checks: Iterable[Check[S]], subject: S) -> list[Finding]:
    """Return the findings of all checks, in order. Raises Unreadable if a file of the run cannot be read."""
    findings: list[Finding] = []
    for check in checks:
        found, broken = attempt(check.name, partial(check.findings, subject))
        findings += [*(found or ()), *broken]
    return findings


def attempt(check: str, make: Callable[[], T], name: str = "") -> tuple[T | None, list[Finding]]:
    """Return what `make` returns; if it raises, None and one `unknown` finding of that check, and of its name if none
    is given.

    Raises Unreadable: nothing can be judged in a run that cannot be read.
    """
    name = name or check
    try:
        return make(), []
    except Unreadable:
        raise
    except Exception as error:  # any error: the other checks still count
        because = known(f"{name} could not be judged: {type(error).__name__}: {error}")
        evidence = {"traceback": known("".join(traceback.format_exception(error)))}
        return None, [Finding(name, Outcome.UNKNOWN, None, None, "", because, evidence, check=check)]
