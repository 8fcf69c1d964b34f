"""A target's definition: a named YAML file with driver, routes and profiles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from chaos.spec import invariants, sessions, templates, yamlfile
from chaos.spec.broken import BrokenRule, refuse
from chaos.spec.fields import HeaderName
from chaos.spec.gauges import Address, Reading
from chaos.spec.invariants import Invariant
from chaos.spec.old_ledger import of_old_file
from chaos.spec.paging import Alertmanager, Prometheus
from chaos.spec.production import Production
from chaos.spec.request import HeaderValue
from chaos.spec.routes import Route
from chaos.spec.runbook import RunbookStep
from chaos.spec.sessions import Call
from chaos.spec.units import Positive
from chaos.spec.yamlfile import Date, Model, Name, unique

Host = Annotated[
    str, Field(pattern=r"^([a-z0-9._-]+|[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*)$", max_length=253)
]  # lower case, without port


class Consent(Model):
    """Who agreed that the target may be harmed, and the last day (UTC) of that consent."""

    owner: Annotated[str, Field(min_length=1, max_length=200)]
    until: Date
    postrotate: bool = False  # allow the scripts of the team's own logrotate stanza, which the plan prints
    witness: bool = False  # ask the witness in its Python processes what they hold


class Target(Model):
    name: Name
    driver: Name
    title: str = ""
    profiles: tuple[Name, ...] = ()  # files in targets/profiles/; the first is the default
    ready: Annotated[str, Field(pattern=r"^/")] = "/"
    session: tuple[Call, ...] = Field(default=(), max_length=sessions.MOST_CALLS)  # made once before the load
    headers: dict[HeaderName, HeaderValue] = Field(
        default_factory=dict
    )  # of each route, and of its read-back
    routes: dict[Name, Route] = Field(default_factory=dict)  # none: no load
    gauges: tuple[Reading, ...] = ()  # where its own gauges are shown
    consent: Consent | None = None  # if the driver requires it
    allow: tuple[Host, ...] = ()  # hosts other than this machine that may be accessed
    runbook: dict[Name, RunbookStep] = Field(default_factory=dict)  # its operators' steps after a loss
    assumed: dict[Name, Positive] | None = None  # seconds of parts not performed: paging, deciding ...
    production: Production | None = None  # what a drill projects to
    invariants: tuple[Invariant, ...] = ()  # asked in every experiment
    pprof: Address | None = None  # of a Go service: its goroutines are counted, and named by their stacks
    prometheus: Prometheus | None = None  # whose alerts are watched
    alertmanager: Alertmanager | None = None
    options: dict[str, Any] = Field(default_factory=dict)  # of the driver

    @model_validator(mode="before")
    @classmethod
    def _ledger_is_of_a_route(cls, given: Any) -> Any:
        """One line about a file of the time when a target had one read-back."""
        refuse(of_old_file(given))
        return given

    @field_validator("invariants")
    @classmethod
    def _invariants_named_once(cls, given: tuple[Invariant, ...]) -> tuple[Invariant, ...]:
        return unique(given, "invariant")

    def broken_rules(self) -> Iterator[BrokenRule]:
        if self.alertmanager is not None and self.prometheus is None:
            yield BrokenRule("needs `prometheus`, whose alerts it delivers", "alertmanager")
        yield from invariants.of_target(self.invariants, self.routes)
        yield from self._names_in_braces()
        yield from self._under_its_headers()

    def _under_its_headers(self) -> Iterator[BrokenRule]:
        for index, call in enumerate(self.session):
            yield from (rule.under("session", index) for rule in call.under(self.headers))
        for name, route in self.routes.items():
            yield from (rule.under("routes", name) for rule in route.under(self.headers))

    def _names_in_braces(self) -> Iterator[BrokenRule]:
        """Names that are filled in nowhere."""
        yield from sessions.unknown_names(self.session)
        taken = sessions.taken(self.session)
        for name, value in self.headers.items():
            if isinstance(value, str):
                yield from templates.broken(value, taken, ("headers", name))
        for name, route in self.routes.items():
            for rule in route.unknown_names(route.known_names(taken)):
                yield BrokenRule(str(rule), "routes", name, *rule.place)


def load(path: Path) -> Target:
    """Load the target in a file. Raises FileError for every broken rule."""
    return yamlfile.load(path, Target)
