"""Every resource that can leak has a limit, a bound, a name and a place in each list, or is left out on purpose."""

from __future__ import annotations

import pytest

from chaos.checks.leaks import resources
from chaos.checks.leaks.told import thing
from chaos.spec.leak_limits import MEMORY, LeakLimits
from chaos.spec.rounds import COUNTED_AS, Bounds

KINDS = {each.kind for each in resources.ALL}
NOT_IN_THE_FIGURE = {"objects"}  # how many a request leaves varies with what Python caches


def test_every_kind_has_a_limit_and_a_bound() -> None:
    assert {COUNTED_AS.get(kind, kind) for kind in KINDS} == set(LeakLimits.model_fields) - {MEMORY}
    assert set(Bounds.model_fields) == KINDS


def test_every_kind_with_a_limit_is_in_the_figure() -> None:
    counted = {each.name for each in resources.ALL if each.figure}
    assert counted == set(LeakLimits.model_fields) - {MEMORY} - NOT_IN_THE_FIGURE


def test_what_is_compared_after_a_play_is_counted_from_outside() -> None:
    assert not [each.name for each in resources.ALL if each.returned and each.witnessed]


@pytest.mark.parametrize(
    ("resource", "one", "several"),
    [
        ("descriptors:file", "open file", "open files"),
        ("descriptors:deleted", "deleted file still open", "deleted files still open"),
        ("descriptors:other", "descriptor (other)", "descriptors (other)"),
        ("sessions:idle in transaction", *(f"database session{s} (idle in transaction)" for s in ("", "s"))),
        ("entries:context_entries", "entry (context_entries)", "entries (context_entries)"),
        ("threads", "thread", "threads"),
    ],
)
def test_one_piece_and_several_have_a_name(resource: str, one: str, several: str) -> None:
    assert (thing(resource), thing(resource, 2)) == (one, several)
