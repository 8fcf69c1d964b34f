"""A probe asks, before any load, one thing that a run depends on. It changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from chaos.errors import MidnightError

log = logging.getLogger(__name__)


class Answer(StrEnum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"  # cannot be known before the play


@dataclass(frozen=True, slots=True)
class Probe:
    """What was asked and answered. `remedy` is what to type, or which key of the file to change."""

    what: str
    answer: Answer
    because: str = ""
    remedy: str = ""

    @property
    def line(self) -> str:
        """Everything in one line."""
        said = f"{self.what}: {self.because}" if self.because else self.what
        return f"{said}; {self.remedy}" if self.remedy else said


def yes(what: str, because: str = "") -> Probe:
    return Probe(what, Answer.YES, because)


def no(what: str, because: str, remedy: str = "") -> Probe:
    return Probe(what, Answer.NO, because, remedy)


def unknown(what: str, because: str, remedy: str = "") -> Probe:
    return Probe(what, Answer.UNKNOWN, because, remedy)


def answers(what: str, probe: Callable[[], Iterable[Probe]]) -> list[Probe]:
    """What `probe` yields. An error ends it as a `no`, named `what`: a plug-in may raise anything."""
    found: list[Probe] = []
    try:
        for probed in probe():
            log.debug("%s: %s", probed.answer, probed.line)
            found.append(probed)
    except MidnightError as error:
        log.debug("%s: %s", what, error)
        found.append(no(what, str(error)))
    except Exception as error:
        log.debug("%s: the probe failed", what, exc_info=True)
        found.append(no(what, f"{type(error).__name__}: {error}"))
    return found
