"""OpenSLO v1 (github.com/OpenSLO/OpenSLO): read what the load's own hits, or the target's Prometheus, can answer as
midnight's SLOs.

Read are documents of `kind: SLO`, and the SLI and DataSource documents that they refer to. Those that say
whom to tell (Service, AlertPolicy, AlertCondition, AlertNotificationTarget) are passed over, and so are the
`alertPolicies` of an SLO. What else is asked and cannot be measured here is refused by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chaos.spec.openslo.indicators import asked
from chaos.spec.openslo.models import DataSource, Document, Indicator, SloSpec
from chaos.spec.openslo.objectives import Translated, refuse_composite, translated
from chaos.spec.openslo.sources import Sources
from chaos.spec.yamlfile import Mistakes, Where

VERSION = "openslo/v1"
KINDS = ("SLO", "SLI", "DataSource", "Service", "AlertPolicy", "AlertCondition", "AlertNotificationTarget")


@dataclass(frozen=True, slots=True)
class Known:
    """Referable objects of a file's documents: indicators by name, and data sources."""

    indicators: dict[str, tuple[Where, Indicator]] = field(default_factory=dict)
    sources: Sources = field(default_factory=Sources)


def is_openslo(document: Any) -> bool:
    return isinstance(document, dict) and ("apiVersion" in document or "kind" in document)


def translate(places: Sequence[tuple[Where, Any]]) -> list[list[Translated]]:
    """Return the SLOs of each document of one file, possibly none. Raises FileError."""
    mistakes, known = Mistakes(), Known()
    documents: list[tuple[Where, Document]] = []
    for at, written in places:
        with mistakes.noted():
            documents.append((at, _document(at, written)))
    for at, document in documents:
        with mistakes.noted():
            _learn(at.under("spec"), document, known)
    mistakes.refuse()  # what refers to a broken one would be refused for that alone
    found = []
    for at, document in documents:
        with mistakes.noted():
            found.append(_slos(at, document, known) if document.kind == "SLO" else [])
    mistakes.refuse()
    return found


def _learn(spec: Where, document: Document, known: Known) -> None:
    if document.kind == "SLI":
        known.indicators[document.metadata.name] = (spec, spec.parse(Indicator, document.spec))
    elif document.kind == "DataSource":
        known.sources.known[document.metadata.name] = spec.parse(DataSource, document.spec)


def _document(at: Where, written: Any) -> Document:
    document = at.parse(Document, written)
    if document.apiVersion != VERSION:
        raise at.under("apiVersion").broken(f"only {VERSION} is supported", document.apiVersion)
    if document.kind not in KINDS:
        raise at.under("kind").unknown(f"is not a kind of {VERSION}", document.kind, KINDS, document.kind)
    return document


def _slos(at: Where, document: Document, known: Known) -> list[Translated]:
    """Return one SLO per objective; several are numbered from 1."""
    spec, name = at.under("spec").parse(SloSpec, document.spec), document.metadata.name
    several = len(spec.objectives) > 1
    for number, objective in enumerate(spec.objectives):
        refuse_composite(at.under("spec", "objectives", number), objective)
    place, indicator = _indicator(at.under("spec"), spec, known)
    if several and indicator.thresholdMetric is not None:
        raise at.under("spec", "objectives").broken("a thresholdMetric has only one objective")
    what = asked(place, indicator, known.sources)
    names = [f"{name}-{number + 1}" if several else name for number in range(len(spec.objectives))]
    return [translated(each, at, spec, number, what) for number, each in enumerate(names)]


def _indicator(at: Where, spec: SloSpec, known: Known) -> tuple[Where, Indicator]:
    if (spec.indicator is None) == (spec.indicatorRef is None):
        raise at.broken("an SLO has exactly one of indicator and indicatorRef")
    if spec.indicator is not None:
        return at.under("indicator", "spec"), spec.indicator.spec
    ref = spec.indicatorRef or ""
    if ref not in known.indicators:
        raise at.under("indicatorRef").unknown("is not an SLI of this file", ref, known.indicators, ref)
    return known.indicators[ref]
