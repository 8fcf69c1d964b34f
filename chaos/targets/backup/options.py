"""The options of a target that is a backup."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from chaos.spec.broken import BrokenRule
from chaos.spec.units import Positive
from chaos.spec.yamlfile import Model, Name, unique

Kind = Literal["base", "dump", "pgbackrest"]
Identifier = Annotated[str, StringConstraints(pattern=r"^[^\x00]{1,63}$")]
Dotted = Annotated[str, StringConstraints(pattern=r"^[^\x00.]{1,63}(\.[^\x00.]{1,63})?$")]


class Heartbeat(Model):
    """A table that production writes to all the time: its newest row shows how old the data is."""

    table: Dotted  # with its schema, if any
    column: Identifier  # a time; UTC if it has no zone
    database: Identifier | None = None


class Query(Model):
    """A sanity query on the data; every expectation given must hold."""

    name: Name
    sql: Annotated[str, Field(min_length=1, max_length=10_000)]
    database: Identifier | None = None
    at_least: float | None = None  # of the first column of the one row
    at_most: float | None = None
    equals: bool | int | float | str | None = None
    rows: Annotated[int, Field(ge=0)] | None = None  # number of rows
    within: Positive = 60.0

    def broken_rules(self) -> Iterator[BrokenRule]:
        if all(each is None for each in (self.at_least, self.at_most, self.equals, self.rows)):
            yield BrokenRule("expects nothing: state at_least, at_most, equals or rows")


class BackupOptions(Model):
    kind: Kind
    path: Path  # the backup, a directory of which to take the newest entry, or a repository
    pattern: str = "*"  # pattern of the entries' names
    archive: Path | None = None  # a directory of archived WAL, for kind `base`
    stanza: Identifier | None = None  # of a pgBackRest repository
    scratch: Path | None = None  # where to restore it; default: the system's temporary directory
    database: Identifier = "postgres"  # default for queries; a dump is restored into it
    superuser: Identifier = "postgres"  # of the cluster that was backed up
    jobs: Annotated[int, Field(ge=1, le=64)] = 1  # parallel jobs to restore a dump, if its format allows
    heartbeat: Heartbeat | None = None
    queries: tuple[Query, ...] = ()

    @field_validator("queries")
    @classmethod
    def _named_once(cls, queries: tuple[Query, ...]) -> tuple[Query, ...]:
        return unique(queries, "query")

    def broken_rules(self) -> Iterator[BrokenRule]:
        if self.archive is not None and self.kind != "base":
            yield BrokenRule(f"is only for kind base; a {self.kind} has its own", "archive")
        if (self.stanza is not None) != (self.kind == "pgbackrest"):
            yield BrokenRule("is only for a pgBackRest repository", "stanza")

    def database_of(self, asked: Heartbeat | Query) -> str:
        return asked.database or self.database
