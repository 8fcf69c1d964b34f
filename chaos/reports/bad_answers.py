"""The bad answers of a run, as rows of text for the report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chaos.checks.bad_answers import MOST_KINDS, BadAnswers, OfRoute


@dataclass(frozen=True, slots=True)
class BadRow:
    """One kind of bad answers of a route, or in one row those of all other kinds. `body`: the whole sample,
    if the sentence has not all of it."""

    when: str
    route: str
    said: str
    type: str
    body: str


def bad_rows(found: BadAnswers) -> Iterator[BadRow]:
    """Yield the rows, those of the play first."""
    for when, routes in (("play", found.play), ("baseline", found.baseline)):
        for route in routes:
            yield from _rows(when, route)


def _rows(when: str, route: OfRoute) -> Iterator[BadRow]:
    kinds = (*route.kinds[:MOST_KINDS], None)
    for sentence, kind in zip(route.sentences(), kinds, strict=False):
        sample = kind.sample if kind and kind.sample != "binary" and kind.sample not in sentence else ""
        yield BadRow(when, route.route, sentence, kind.type if kind else "", sample)
