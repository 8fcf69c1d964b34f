"""Replicas of one role are sampled apart, under the role and their own names."""

from __future__ import annotations

from chaos.sampling.source import labelled


def test_a_single_replica_is_labelled_by_its_role_and_several_by_their_names_too() -> None:
    refs = {"api": ["api-1", "api-2"], "database": ["db-1"], "none": []}
    assert labelled(refs, str) == {"api api-1": "api-1", "api api-2": "api-2", "database": "db-1"}
