"""The load process's specification: one JSON line on its standard input."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from chaos.access import allowlist
from chaos.errors import Refused
from chaos.spec.routes import Route
from chaos.spec.units import Positive
from chaos.spec.yamlfile import Model

MOST_HITS = 20_000_000
"""A larger schedule is refused: 800 MB of hits is more likely a mistake in a file than intended."""


NotNegativeInt = Annotated[int, Field(ge=0)]


class LoadSpec(Model):
    """The requests to send and where to record them.

    `hits` is the table made by `hits.create`; its `due` times count from the schedule's zero until `go`, and from the
    run's start afterwards.
    """

    model_config = ConfigDict(hide_input_in_errors=True)  # an error must not show a secret

    base_url: Annotated[str, Field(pattern=r"^(?i:https?)://[^/]+")]
    hits: Path
    instrument: Path
    answers: Path | None = None  # where to record the sample of good answers
    notes: Path | None = None  # where to note what only the load process sees of ledger writes
    bad_answers: Path | None = None  # and that of bad ones
    clock_zero: float  # time.monotonic() at the run's start
    seed: Annotated[int, Field(ge=0)]
    ledger_base: Annotated[int, Field(ge=0)] = (
        0  # see `ledger.base_of`; the write `seq` has the key base + seq
    )
    routes: tuple[Route, ...] = Field(min_length=1)  # in the order of the route codes
    timeouts: tuple[Positive, ...]  # seconds, by route code
    allow_hosts: tuple[str, ...] = ()  # hosts beyond this machine that the load may target
    headers: Mapping[str, str] = Field(default_factory=dict, repr=False)  # of every request
    secrets: tuple[str, ...] = Field(default=(), repr=False)  # secrets that must not be printed
    beat: Positive = 0.05  # seconds between wake-ups if nothing is due: a longer pause shows as lag
    taken: Mapping[str, Any] = Field(default_factory=dict, repr=False)  # by the session: names and values
    sent_before: NotNegativeInt = 0  # requests of the run that other tables hold
    pauses: tuple[NotNegativeInt, ...] = ()  # so many hits must each time end before the rest begin

    @model_validator(mode="after")
    def _one_timeout_each(self) -> Self:
        if len(self.routes) != len(self.timeouts):
            raise ValueError(f"{len(self.routes)} routes have {len(self.timeouts)} timeouts")
        return self

    def beside(
        self, table: Path, instrument: Path, sent_before: int, pauses: tuple[int, ...] = ()
    ) -> LoadSpec:
        """That of a second load process of the run, with a table of its own."""
        ours = {
            "hits": table,
            "instrument": instrument,
            "answers": None,
            "pauses": pauses,
            "sent_before": sent_before,
        }
        return self.model_copy(update=ours)

    @property
    def host(self) -> str:
        return allowlist.host_of(self.base_url)


def addresses(spec: LoadSpec) -> list[str]:
    """The addresses of the target host, resolved once. Raises Refused for any that is not allowed."""
    return allowlist.addresses(spec.host, spec.allow_hosts)


def check_size(hits: int) -> None:
    """Raises Refused for a schedule of more than `MOST_HITS` requests."""
    if hits > MOST_HITS:
        raise Refused(f"load: {hits} requests exceed the limit of {MOST_HITS} per run")
