"""A probe checks one thing that a run depends on, before any load. It changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import ParamSpec

from chaos.errors import MidnightError

P = ParamSpec("P")

log = logging.getLogger(__name__)


class Answer(StrEnum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"  # cannot be known before the play
    LEFT_OUT = "left out"  # the target lacks what it needs, and the experiment allows that


@dataclass(frozen=True, slots=True)
class Probe:
    """A question and its answer. `remedy` is the command to run, or the key of the file to change."""

    what: str
    answer: Answer
    because: str = ""
    remedy: str = ""

    @property
    def line(self) -> str:
        """Format everything on one line."""
        said = f"{self.what}: {self.because}" if self.because else self.what
        return f"{said}; {self.remedy}" if self.remedy else said


def yes(what: str, because: str = "") -> Probe:
    return Probe(what, Answer.YES, because)


def no(what: str, because: str, remedy: str = "") -> Probe:
    return Probe(what, Answer.NO, because, remedy)


def unknown(what: str, because: str, remedy: str = "") -> Probe:
    return Probe(what, Answer.UNKNOWN, because, remedy)


def until_no(probes: Callable[P, Iterable[Probe]]) -> Callable[P, Iterator[Probe]]:
    """Decorate a generator of probes of which each presumes the ones before it: the first `no` is the last, and the
    code after that `yield` does not run."""

    @wraps(probes)
    def until(*args: P.args, **kwargs: P.kwargs) -> Iterator[Probe]:
        for probe in probes(*args, **kwargs):
            yield probe
            if probe.answer is Answer.NO:
                return

    return until


def answers(what: str, probe: Callable[[], Iterable[Probe]]) -> list[Probe]:
    """Yield the answers of `probe`. An error ends it as a `no` named `what`: a plugin may raise anything."""
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
