"""Conversations are kept for a time, and so many at most."""

from __future__ import annotations

from targets.reference.conversations import Conversations


def test_only_the_latest_are_kept() -> None:
    kept = Conversations(None, 2)
    for name in ("a", "b", "a", "c"):
        kept.add(name, name)
    assert [kept.said(name) for name in ("a", "b", "c")] == ["aa", "", "c"]


def test_without_a_bound_all_are_kept() -> None:
    kept = Conversations(None)
    for number in range(3000):
        kept.add(str(number), "x")
    assert all(kept.said(str(number)) == "x" for number in range(3000))
