"""Replicas of one role are sampled apart, under the role and their own names."""

from __future__ import annotations

from chaos.sampling.source import labelled


def test_one_has_the_name_of_its_role_and_several_their_own_too() -> None:
    refs = {"api": ["api-1", "api-2"], "database": ["db-1"], "none": []}
    assert labelled(refs, str) == {"api api-1": "api-1", "api api-2": "api-2", "database": "db-1"}
