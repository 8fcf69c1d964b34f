"""Invariants: named questions to a target before and after the play, and what their answers must be."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from chaos.spec import broken
from chaos.spec.broken import BrokenRule
from chaos.spec.fields import Status
from chaos.spec.runbook import Words
from chaos.spec.units import Positive
from chaos.spec.yamlfile import Model, Name

PRIMARY = "primary"
KINDS = ("sql", "http", "command")

_READS = re.compile(r"\s*(select|with|values|table|show)\b", re.IGNORECASE)
_POINTER = re.compile(r"(/([^~/]|~[01])*)*")


def _reading(sql: str) -> str:
    if not _READS.match(sql):
        raise ValueError("must be one statement that reads: SELECT, WITH, VALUES, TABLE or SHOW")
    return sql


def _pointer(text: str) -> str:
    if not _POINTER.fullmatch(text):
        path = "/" + "/".join(re.findall(r"\w+", text.removeprefix("$")))
        meant = f"; did you mean {path}?" if text.startswith("$") else ""
        raise ValueError(f"must be a JSON pointer such as /orders/0/count{meant}")
    return text


def _number(given: Any) -> Any:
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise ValueError("must be a number")
    return given


def _scalar(given: Any) -> Any:
    if given is not None and not isinstance(given, bool | int | float | str):
        raise ValueError("must be a number, a text, true or false")
    return given


def _as_delta(given: Any) -> Any:
    """`delta: 0` means a fixed difference."""
    if isinstance(given, int | float) and not isinstance(given, bool):
        return {"plus": given}
    if given is not None and not isinstance(given, dict | Delta):
        raise ValueError("must be a number, or a mapping such as {acknowledged: ROUTE}")
    return given


Number = Annotated[int | float, BeforeValidator(_number)]
Scalar = Annotated[bool | int | float | str, BeforeValidator(_scalar)]


class Delta(Model):
    """By how much the answer must have changed: the sum of what is given. The run itself knows the first two."""

    acknowledged: Name | None = None  # good answers to this route between the two questions
    reported: dict[Name, Annotated[str, Field(min_length=1, max_length=60)]] = Field(default_factory=dict)
    """By step, the key of a number in the last report of each of its runs."""
    plus: Number = 0

    def __str__(self) -> str:
        parts = [f"acknowledged {self.acknowledged}"] if self.acknowledged else []
        parts += [f"{key} reported by {step}" for step, key in self.reported.items()]
        return " + ".join([*parts, *([f"{self.plus}"] if self.plus or not parts else [])])


class Invariant(Model):
    """One question, asked before and after the play; the rules are about the second answer, `delta` about both.

    Without a rule, the status must be `status`, or the exit code of the command 0.
    """

    name: Name
    sql: Annotated[Words, AfterValidator(_reading)] | None = None  # one row with one column
    database: Name | None = None  # of the target; else the primary
    http: Annotated[str, Field(pattern=r"^/([^/].*)?$", max_length=2000)] | None = None
    status: Status | None = None  # else any 2xx
    pointer: Annotated[str, AfterValidator(_pointer)] | None = Field(default=None, alias="json")
    command: tuple[Words, ...] | None = Field(default=None, min_length=1)  # the last line that it prints
    within: Positive = 10.0  # of one answer
    equals: Scalar | None = None
    at_most: Number | None = None
    at_least: Number | None = None
    delta: Annotated[Delta | None, BeforeValidator(_as_delta)] = None

    @property
    def kind(self) -> str:
        """Return what is asked: `sql`, `http` or `command`."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def has_rule(self) -> bool:
        return any(rule is not None for rule in (self.equals, self.at_most, self.at_least, self.delta))

    @property
    def shown(self) -> str:
        """Return the question in one line."""
        if self.command is not None:
            return " ".join(self.command)
        return " ".join((self.sql or f"GET {self.http}").split())

    @property
    def rules(self) -> str:
        """Return what the answer must be, in one line."""
        given = [("equals", self.equals), ("at most", self.at_most), ("at least", self.at_least)]
        found = [f"{name} {value}" for name, value in given if value is not None]
        if self.delta is not None:
            found.append(f"changed by {self.delta}")
        return ", ".join(found) or ("exit code 0" if self.command else f"status {self.status or '2xx'}")

    def broken_rules(self) -> Iterator[BrokenRule]:
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            yield BrokenRule("an invariant has exactly one of sql, http and command")
            return
        if self.database is not None and self.sql is None:
            yield BrokenRule("is only for sql", "database")
        for key, value in (("status", self.status), ("json", self.pointer)):
            if value is not None and self.http is None:
                yield BrokenRule("is only for http", key)
        yield from self._rules()

    def _rules(self) -> Iterator[BrokenRule]:
        if not self.has_rule and (self.sql is not None or self.pointer is not None):
            yield BrokenRule("judges nothing: give equals, at_most, at_least or delta")
        if self.at_most is not None and self.at_least is not None and self.at_most < self.at_least:
            yield BrokenRule(f"is less than at_least, {self.at_least}: no answer can be both", "at_most")
        numbers = self.at_most is not None or self.at_least is not None or self.delta is not None
        if isinstance(self.equals, bool | str) and numbers:
            yield BrokenRule("must be a number beside at_most, at_least or delta", "equals")


def of_experiment(
    invariants: Sequence[Invariant], mix: Collection[str], steps: Collection[str]
) -> Iterator[BrokenRule]:
    """Yield the rules that an experiment's invariants break."""
    for index, each in enumerate(invariants):
        place = ("invariants", index)
        if each.command is not None:
            rule = "a command belongs in `invariants` of the target file, like those of its runbook"
            yield BrokenRule(rule, *place, "command")
        if each.delta is None:
            continue
        route = each.delta.acknowledged
        if route is not None and route not in mix:
            rule = f"{route!r} is not a route of the mix"
            yield broken.unknown(rule, route, mix, *place, "delta", "acknowledged")
        for step in each.delta.reported:
            if step not in steps:
                rule = f"{step!r} is not a step of this experiment"
                yield broken.unknown(rule, step, steps, *place, "delta", "reported", step)


def of_target(invariants: Sequence[Invariant], routes: Collection[str]) -> Iterator[BrokenRule]:
    """Yield the rules that a target's invariants break: they hold in every experiment, whatever its steps."""
    for index, each in enumerate(invariants):
        if each.delta is None:
            continue
        place, route = ("invariants", index, "delta"), each.delta.acknowledged
        if route is not None and route not in routes:
            rule = f"{route!r} is not a route of this target"
            yield broken.unknown(rule, route, routes, *place, "acknowledged")
        if each.delta.reported:
            yield BrokenRule("names a step, which only an experiment has", *place, "reported")


def parsed(documents: Iterable[Any]) -> tuple[Invariant, ...]:
    """Return the invariants of a stored target."""
    return tuple(Invariant.model_validate(each) for each in documents)
