"""Bad answers in words: for each route which statuses and errors came, how often, when first, with one masked body."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chaos.record.hits import HitsHeader, HitTable, Outcome
from chaos.record.journal import Journal
from chaos.spec.units import show_seconds

MOST_KINDS = 5
"""Kinds shown of one route; the rest is summed up."""
_SHOWN = 120  # characters of a body in a sentence
_REASONS = 3
_NEITHER = (Outcome.GOOD, Outcome.UNSENT, Outcome.PENDING)
_OPEN = (Outcome.UNSENT, Outcome.PENDING)

Sample = Mapping[str, Any]
"""A line of `bad_answers.jsonl`."""


@dataclass(frozen=True, slots=True)
class Kind:
    """The bad answers of one route with one outcome and status: `count` of the `of` requests that ended."""

    route: str
    outcome: str
    status: int
    count: int
    of: int
    first: float  # seconds into the play, or into the baseline
    timeout: float
    reasons: tuple[str, ...] = ()
    type: str = ""
    length: int | None = None  # of the sampled body; None: none was sampled
    sample: str = ""

    @property
    def said(self) -> str:
        """`27 of 53 writes answered 400: {"errors": ...}, first at +3.2 s`."""
        return self._said(self._body())

    def said_after(self, told: set[str]) -> str:
        """The same, but a body that was `told` before is only mentioned; else it is added."""
        body = self._body()
        said = self._said(body)
        if not body.startswith(": ") or body not in said:  # without a text, or not part of the sentence
            return said
        if body in told:
            return self._said(", the same body")
        told.add(body)
        return said

    def _said(self, body: str) -> str:
        who = f"{self.route}s" if self.route in ("read", "write") else f"{self.route} requests"
        at = f"first at +{show_seconds(round(max(0.0, self.first), 1))}"
        return f"{self.count} of {self.of} {who} {self._what(body)}, {at}"

    def _what(self, body: str) -> str:
        why = ", ".join(self.reasons[:_REASONS])
        if self.outcome == "timeout":
            late = show_seconds(self.timeout)
            return f"answered {self.status} later than {late}" if self.status else f"timed out after {late}"
        if self.outcome == "refused":
            return f"got no connection ({why or 'refused'})"
        if self.outcome == "reset":
            return f"were cut off ({why or 'reset'})"
        if not self.status:
            return f"got an answer that is not HTTP ({why})" if why else "got an answer that is not HTTP"
        but = "" if self.outcome == "bad_status" else f", but {why or self.outcome.replace('_', ' ')}"
        return f"answered {self.status}{but}{body}"

    def _body(self) -> str:
        if self.length is None:
            return ""
        if self.length == 0:
            return ", without a body"
        if self.sample == "binary":
            return f", {self.length} bytes of {self.type or 'binary data'}"
        cut = self.sample if len(self.sample) <= _SHOWN else f"{self.sample[: _SHOWN - 3]}..."
        return f": {cut}" if cut else ""

    def to_json(self) -> dict[str, Any]:
        found = {name: getattr(self, name) for name in ("outcome", "status", "count", "first", "type")}
        return {**found, "reasons": list(self.reasons), "sample": self.sample, "said": self.said}


@dataclass(frozen=True, slots=True)
class OfRoute:
    """The bad answers of one route, the most frequent kind first."""

    route: str
    of: int
    kinds: tuple[Kind, ...]

    @property
    def bad(self) -> int:
        return sum(kind.count for kind in self.kinds)

    def sentences(self, told: set[str] | None = None) -> Iterator[str]:
        """Yield what each kind is; with `told`, a body that is there is not repeated, and any other is added."""
        for kind in self.kinds[:MOST_KINDS]:
            yield kind.said if told is None else kind.said_after(told)
        if rest := self.kinds[MOST_KINDS:]:
            yield f"{sum(kind.count for kind in rest)} more of {self.of}, of {len(rest)} other kinds"

    def to_json(self) -> dict[str, Any]:
        kinds = [kind.to_json() for kind in self.kinds[:MOST_KINDS]]
        rest = sum(kind.count for kind in self.kinds[MOST_KINDS:])
        return {"route": self.route, "of": self.of, "bad": self.bad, "kinds": kinds, "of_other_kinds": rest}


def sentences(found: Iterable[OfRoute]) -> Iterator[str]:
    """Yield the sentences of all routes; each body once."""
    told: set[str] = set()
    for route in found:
        yield from route.sentences(told)


@dataclass(frozen=True, slots=True)
class BadAnswers:
    """Those of the baseline, and those due from the start of the play on."""

    baseline: tuple[OfRoute, ...] = ()
    play: tuple[OfRoute, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "baseline": [each.to_json() for each in self.baseline],
            "play": [each.to_json() for each in self.play],
        }


def bad_answers(journal: Journal) -> BadAnswers:
    """Return the bad answers of a stored run."""
    if not len(journal.hits):
        return BadAnswers()
    begun, play = journal.baseline, journal.play
    header, samples = journal.hits_header, journal.bad_answers
    border = journal.hits.first_due(play.start) if play else len(journal.hits)
    start = begun.start if begun else 0.0
    return BadAnswers(
        of_rows(journal.hits.pieces(0, border), header, samples, start),
        of_rows(journal.hits.pieces(border), header, samples, play.start) if play else (),
    )


def of_rows(
    pieces: Iterable[HitTable], header: HitsHeader, samples: Sequence[Sample], zero: float
) -> tuple[OfRoute, ...]:
    """Return the bad answers among these rows, which are in order of `due`: the route with most of them first.
    Times count from `zero` (run clock)."""
    ended = np.zeros(len(header.routes), np.int64)
    count: dict[tuple[int, int, int], int] = {}
    first: dict[tuple[int, int, int], float] = {}
    for rows in pieces:
        ended += np.bincount(rows["route"][~np.isin(rows["outcome"], _OPEN)], minlength=len(ended))
        bad = rows[~np.isin(rows["outcome"], _NEITHER)]
        keys = np.stack([bad[each].astype(np.int64) for each in ("route", "outcome", "status")], axis=1)
        found, at, times = np.unique(keys, axis=0, return_index=True, return_counts=True)
        for (route, outcome, status), index, number in zip(found, at, times, strict=True):
            key = (int(route), int(outcome), int(status))
            count[key] = count.get(key, 0) + int(number)
            first.setdefault(key, float(bad["due"][index]))
    known = _by_kind(samples)
    kinds: dict[int, list[Kind]] = {}
    for key in sorted(count, key=lambda each: (-count[each], first[each])):
        code, outcome, status = key
        name = _name(outcome)
        kind = Kind(
            header.routes[code],
            name,
            status,
            count[key],
            int(ended[code]),
            first[key] - zero,
            header.timeouts[code],
        )
        told = _with_samples(kind, known.get((code, name, status), []))
        kinds.setdefault(code, []).append(told)
    routes = [OfRoute(header.routes[code], int(ended[code]), tuple(each)) for code, each in kinds.items()]
    return tuple(sorted(routes, key=lambda each: -each.bad))


def _name(outcome: int) -> str:
    try:
        return Outcome(outcome).name.lower()
    except ValueError:  # of a newer version
        return f"outcome {outcome}"


def _by_kind(samples: Sequence[Sample]) -> dict[tuple[int, str, int], list[Sample]]:
    found: dict[tuple[int, str, int], list[Sample]] = {}
    for each in samples:
        found.setdefault((each["route"], each["outcome"], each["status"]), []).append(each)
    return found


def _with_samples(kind: Kind, samples: Sequence[Sample]) -> Kind:
    """Add the reasons, and the first body."""
    if not samples:
        return kind
    body = samples[0]
    return replace(
        kind,
        reasons=tuple(dict.fromkeys(str(each["reason"]) for each in samples if each["reason"])),
        type=str(body["type"]),
        length=int(body["length"]),
        sample=str(body["sample"]),
    )


_REDIRECT = (
    "a redirect is not followed: sign in with `session` if it leads to a login, name the path it leads to, or"
    " `expect` it"
)
_CAUSES = {
    **dict.fromkeys((301, 302, 303, 307, 308), _REDIRECT),
    401: "401 is about credentials: see `headers` of the target and of the route",
    404: "404 is about the path: see the route's `path` and the target's `base_url`",
    429: "429 is a rate limit: lower the rate of the baseline, or lift the limit for midnight",
}
_NOBODY = "nothing listens at the target's `base_url`"


def causes(found: Sequence[OfRoute]) -> list[str]:
    """What is plain from statuses and errors alone."""
    kinds = [kind for route in found for kind in route.kinds]
    told = [_CAUSES[kind.status] for kind in kinds if kind.outcome == "bad_status" and kind.status in _CAUSES]
    told += [_NOBODY for kind in kinds if kind.outcome == "refused" and kind.reasons == ("refused",)]
    return list(dict.fromkeys(told))
