"""The gauges of the source `api`: from wherever the target file says that they are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from math import isfinite

from chaos.plugin.handles import GaugeSource
from chaos.record.gauges import BREAKER_STATE, IN_FILES, Source
from chaos.sampling.shown import Document, Reader, Unreadable
from chaos.sampling.shown.documents import DocumentReader
from chaos.sampling.shown.pages import PageReader
from chaos.sampling.shown.rows import RowsReader
from chaos.sampling.source import Gauges
from chaos.spec import presets
from chaos.spec.formulas import Formula

_NAME = "name"  # the label that tells circuit breakers apart
_OF_THE_WORST = ("ratio", "s")  # units of which the worst worker counts, not the sum


def reader(source: GaugeSource, *, whole: bool = False) -> Reader:
    """What reads a source; `whole`: with everything that it shows, not only what is named."""
    if source.kind == "json":
        return DocumentReader(source)
    if source.kind == "sql":
        return RowsReader(source)
    formulas = [*source.must.values(), *source.may.values()]
    names = None if whole else {selector.name for formula in formulas for selector in formula.selectors}
    return PageReader(source, names)


def groups(sources: Sequence[GaugeSource]) -> list[list[GaugeSource]]:
    """The sources, each with those that show one of the same gauges: of several replicas, say."""
    found: list[list[GaugeSource]] = []
    for source in sources:
        named = {*source.must, *source.may}
        same = [group for group in found if any(named & {*each.must, *each.may} for each in group)]
        found = [group for group in found if group not in same]
        found.append([*chain.from_iterable(same), source])
    return found


class GaugesSource:
    """Reads the sources of one group, one after the other. What one of them does not show is missing, never zero."""

    def __init__(self, sources: Sequence[GaugeSource]) -> None:
        self._readers = [(each, reader(each)) for each in sources]

    def read(self) -> Gauges:
        found: dict[str, list[float]] = {}
        lacking: set[str] = set()
        for source, each in self._readers:
            try:
                seen = values(source, each.read())
            except Unreadable:
                seen = {}
            for gauge, value in seen.items():
                found.setdefault(gauge, []).append(value)
            lacking |= {_recorded(gauge) for gauge in source.must} - seen.keys()
        return {
            (Source.API, gauge): combined(gauge)(each)
            for gauge, each in found.items()
            if gauge not in lacking
        }

    def close(self) -> None:
        for _, each in self._readers:
            each.close()


def values(source: GaugeSource, document: Document) -> dict[str, float]:
    """The gauges of one answer, by their names in the journal."""
    found: dict[str, float] = {}
    for gauge, formula in chain(source.may.items(), source.must.items()):
        found |= _values(gauge, formula, document)
    return found


def _values(gauge: str, formula: Formula, document: Document) -> Iterator[tuple[str, float]]:
    for name, value in _of_each(gauge, formula, document):
        if value is not None and isfinite(value):
            yield name, value


def _of_each(gauge: str, formula: Formula, document: Document) -> Iterator[tuple[str, float | None]]:
    if gauge != BREAKER_STATE:
        yield _recorded(gauge), formula.of(document.find, combined(gauge))
        return
    shown = chain.from_iterable(map(document.find, formula.selectors))
    for breaker in dict.fromkeys(labels.get(_NAME, "") for labels, _ in shown):
        if breaker:
            yield f"{BREAKER_STATE}_{breaker}", formula.of(_only(document, breaker), max)


def _only(document: Document, breaker: str) -> Callable[..., list[tuple[Mapping[str, str], float]]]:
    return lambda selector: [each for each in document.find(selector) if each[0].get(_NAME) == breaker]


def combined(gauge: str) -> Callable[[Iterable[float]], float]:
    """How the values of several workers become one."""
    known = IN_FILES.get(gauge)
    worst = gauge.startswith(BREAKER_STATE) or (known is not None and known.unit in _OF_THE_WORST)
    return max if worst else sum


def _recorded(gauge: str) -> str:
    return str(IN_FILES.get(gauge, gauge))


@dataclass(frozen=True, slots=True)
class Seen:
    """One gauge of a source, looked at once: its value, or why there is none."""

    gauge: str
    source: GaugeSource
    formula: Formula
    values: Mapping[str, float]  # by gauge of the journal; several of a circuit breaker
    wrong: str = ""
    required: bool = True

    @property
    def told(self) -> str:
        several = [
            f"{name.removeprefix(BREAKER_STATE + '_')} {value:g}" for name, value in self.values.items()
        ]
        shown = several if self.gauge == BREAKER_STATE else [f"{value:g}" for value in self.values.values()]
        return ", ".join(shown)


def look(source: GaugeSource) -> list[Seen]:
    """Read a source once, and say of each of its gauges what it is, or why it cannot be read."""
    each = reader(source, whole=True)
    try:
        document = each.read()
    except Unreadable as error:
        required = {**source.may, **source.must}
        return [Seen(gauge, source, formula, {}, str(error)) for gauge, formula in required.items()]
    finally:
        each.close()
    return looked(source, document)


def looked(source: GaugeSource, document: Document) -> list[Seen]:
    """The same of one answer. A gauge of a preset is left out if it is not shown, unless none of them is."""
    named = [_look(gauge, source, formula, document) for gauge, formula in source.must.items()]
    preset = [_look(gauge, source, formula, document) for gauge, formula in source.may.items()]
    if not preset or any(document.find(selector) for seen in preset for selector in seen.formula.selectors):
        return [*named, *(replace(seen, required=False) for seen in preset)]
    wrong = f"nothing of preset {source.preset} is shown{_meant(source, document)}"
    return [*named, *(replace(seen, values={}, wrong=wrong) for seen in preset)]


def _meant(source: GaugeSource, document: Document) -> str:
    """The preset that does fit what is shown."""
    for name in presets.names():
        if (preset := presets.named(name)).kind == source.kind:
            formulas = (each for part in preset.parts for each in part.formulas.values())
            if any(document.find(selector) for each in formulas for selector in each.selectors):
                return f"; did you mean preset: {name}?"
    return f": there is {', '.join(document.names()[:10]) or 'nothing'}"


def _look(gauge: str, source: GaugeSource, formula: Formula, document: Document) -> Seen:
    found = dict(_values(gauge, formula, document))
    known = IN_FILES.get(gauge)
    counts = known is None or known.counts
    whys = [why for each in formula.selectors if (why := document.why_not(each, counts=counts))]
    is_wrong_kind = [why for why in whys if "is a counter" in why or "is part of a" in why]
    wrong = (is_wrong_kind or ([] if found else whys) or [""])[0]
    if not found and not wrong:
        no_name = (
            f"has no label `{_NAME}`: write {BREAKER_STATE}_NAME" if gauge == BREAKER_STATE else "no number"
        )
        wrong = no_name
    return Seen(gauge, source, formula, found, wrong)
