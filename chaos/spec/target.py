"""A target's definition: a named YAML file with driver, routes and profiles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from chaos.spec import yamlfile
from chaos.spec.production import Production
from chaos.spec.routes import Route
from chaos.spec.runbook import RunbookStep
from chaos.spec.units import Positive
from chaos.spec.yamlfile import BrokenRule, Date, Model, Name

Host = Annotated[
    str, Field(pattern=r"^([a-z0-9._-]+|[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*)$", max_length=253)
]  # lower case, without port


class Readback(Model):
    """How to read the ledger back: `{after}` in the path becomes a sequence number, `{limit}` a page size.

    The answer is `{"records": [{"seq": int, "checksum": str}, ...], "last": bool}` in order of `seq`.
    """

    path: Annotated[str, Field(pattern=r"^/")]
    limit: Annotated[int, Field(ge=1, le=10000)] = 1000


class Cleanup(Model):
    """How to remove the records of runs afterwards. With `{seq}` in the path, one request per key. Without it, the body
    is `{"seq": [key, ...]}`, with at most `limit` keys.

    Only records that were read back and identified as a run's are removed.
    """

    method: Literal["DELETE", "POST"] = "DELETE"
    path: Annotated[str, Field(pattern=r"^/")]
    limit: Annotated[int, Field(ge=1, le=10000)] = 500

    @property
    def one_by_one(self) -> bool:
        return "{seq}" in self.path


class Consent(Model):
    """Who agreed that the target may be harmed, and the last day (UTC) of that consent."""

    owner: Annotated[str, Field(min_length=1, max_length=200)]
    until: Date
    postrotate: bool = False  # allow the scripts of the team's own logrotate stanza, which the plan prints


class Target(Model):
    name: Name
    driver: Name
    title: str = ""
    profiles: tuple[Name, ...] = ()  # files in targets/profiles/; the first is the default
    ready: Annotated[str, Field(pattern=r"^/")] = "/"
    routes: dict[Name, Route] = Field(default_factory=dict)  # none: no load
    readback: Readback | None = None
    cleanup: Cleanup | None = None
    consent: Consent | None = None  # if the driver requires it
    allow: tuple[Host, ...] = ()  # hosts other than this machine that may be accessed
    runbook: dict[Name, RunbookStep] = Field(default_factory=dict)  # its operators' steps after a loss
    assumed: dict[Name, Positive] | None = None  # seconds of parts not performed: paging, deciding ...
    production: Production | None = None  # what a drill projects to
    options: dict[str, Any] = Field(default_factory=dict)  # of the driver

    @model_validator(mode="after")
    def _only_what_was_read_is_removed(self) -> Self:
        if self.cleanup is not None and self.readback is None:
            raise BrokenRule("needs `readback`: only records that were read back are removed", "cleanup")
        return self


def load(path: Path) -> Target:
    """Load the target in a file. Raises FileError for the first broken rule."""
    return yamlfile.load(path, Target)
