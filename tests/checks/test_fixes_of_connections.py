"""Advice on connections follows what ran out: the database's slots, or the pool where somebody waited for it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from chaos.checks.finding import Finding, Outcome
from chaos.checks.fixes import fixes
from chaos.checks.link import Link
from chaos.checks.logged import Logged, LoggedRow
from chaos.record.events import ErrorsRead, LoggedError
from chaos.record.manifest import Cure, Manifest

CURES = [
    Cure("api.pool_timeout", "30s", "longer than any client waits", "2s", ""),
    Cure("api.database_deadline", "null", "none", "5s", ""),
    Cure("api.connection_across_outbound", "true", "the usual habit", "false", ""),
    Cure("database.crowd_connection_limit", "null", "unlimited", "40", ""),
]
BAD = Finding("availability", Outcome.FAIL, 0.5, 0.95, "ratio", "50 %", check="availability")
SLOTS = "connection failed: FATAL:  remaining connection slots are reserved for roles with SUPERUSER"


def link(name: str, at: float | None, peak: float = 1.0, threshold: float = 0.0) -> Link:
    return Link(name, name, at, peak, peak, 0.0, threshold, "count", "because")


def settings(chain: list[Link], *messages: str) -> list[str]:
    """The settings and advice given, in order."""
    rows = tuple(LoggedRow("E", "", LoggedError(message=each, count=44)) for each in messages)
    told = Logged(ErrorsRead(0.0), rows, 0.0)
    found = fixes([BAD], chain, cast(Manifest, SimpleNamespace(cures=CURES)), told)
    return [each.what.partition(":")[0] for each in found]


def test_where_nobody_waited_for_the_pool_no_advice_is_on_it() -> None:
    nobody = link("pool_exhausted", None, peak=0.0)
    chain = [link("latency", 1.0), link("pile_up", 2.0), link("pool_in_use", 3.0), nobody]
    assert settings(chain) == [
        "Bound how long a request waits for what it depends on",
        "api.database_deadline",
    ]


def test_where_requests_waited_for_the_pool_the_advice_is_on_it() -> None:
    chain = [link("pile_up", 1.0), link("pool_exhausted", 2.0)]
    assert settings(chain) == ["api.pool_timeout", "api.connection_across_outbound"]


@pytest.mark.parametrize("chain", [[], [link("pool_exhausted", None, peak=3.0)]])
def test_a_pool_that_is_not_known_to_be_free_may_be_the_cause(chain: list[Link]) -> None:
    assert settings([link("pile_up", 1.0), *chain]) == ["api.pool_timeout"]


def test_a_database_without_a_free_connection_comes_first() -> None:
    chain = [link("pile_up", 1.0), link("database_full", 5.0)]
    assert settings(chain) == ["database.crowd_connection_limit", "api.pool_timeout"]


@pytest.mark.parametrize(
    "message", [SLOTS, "FATAL:  sorry, too many clients already", "Too many connections"]
)
def test_what_the_logs_say_of_its_slots_is_enough(message: str) -> None:
    assert settings([link("pile_up", 1.0)], "other", message)[0] == "database.crowd_connection_limit"


@pytest.mark.parametrize("message", ["Connection refused", 'FATAL:  too many connections for role "crowd"'])
def test_another_refusal_does_not_show_that_the_slots_ran_out(message: str) -> None:
    assert settings([link("pile_up", 1.0)], message) == ["api.pool_timeout"]
