"""The contract of a sampling source. What it samples comes from the fixture `midnight_handles`."""

from __future__ import annotations

import re

import pytest

from chaos.plugin.handles import Handles
from chaos.plugin.source import SamplingSource
from chaos.sampling import plugged


@pytest.fixture
def kind(midnight_subject: str) -> type[SamplingSource]:
    return plugged.load(next(each for each in plugged.points() if each.name == midnight_subject))


def test_it_names_its_gauges_with_their_units(kind: type[SamplingSource]) -> None:
    assert kind.gauges, "gauges: each name that `read` may return, and its unit"
    assert [name for name in kind.gauges if not re.fullmatch(r"[a-z][a-z0-9_]*", name)] == []
    assert [name for name, unit in kind.gauges.items() if not unit] == [], "gauges without a unit"


def test_a_target_without_handles_does_not_raise(kind: type[SamplingSource]) -> None:
    source = kind.of(Handles())
    if source is not None:
        source.close()


def test_it_reads_what_it_names(kind: type[SamplingSource], midnight_handles: Handles) -> None:
    source = kind.of(midnight_handles)
    if source is None:
        pytest.skip("it has nothing to sample: return handles from a fixture `midnight_handles`")
    try:
        for _ in range(2):
            plugged.checked(kind, source.read())
    finally:
        source.close()
