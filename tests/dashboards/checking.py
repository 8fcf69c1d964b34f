"""What is demanded of a dashboard, each demand as a function that returns what breaks it.

Grafana's JSON is read as it is, so the checks hold for whatever wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import combinations
from typing import Any

import promql_parser
from promql_parser import VectorSelector

from chaos.metrics import families
from chaos.record.gauges import GAUGES
from chaos.reports import openmetrics

Document = Mapping[str, Any]
Problems = list[str]

BUILT_IN = {"__interval": "1s", "__rate_interval": "4s", "__range": "60s"}
"""Grafana's own variables, and what they are here."""
VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
LABEL_VALUES = re.compile(r"label_values\((.+), (\w+)\)")
WIDTH = 24
OF_PROMETHEUS = {"up", "ALERTS"}
"""Series of every Prometheus: https://prometheus.io/docs/concepts/jobs_instances/ and .../alerting_rules/."""
OF_THE_LOAD = {"midnight_fault_active", "midnight_requests_total", "midnight_request_duration_seconds_bucket"}


def panels(document: Document) -> list[Document]:
    """All but the rows."""
    return [each for each in document["panels"] if each["type"] != "row"]


def targets(panel: Document) -> list[Document]:
    found: list[Document] = panel.get("targets", [])
    return found


def defaults(panel: Document) -> Document:
    found: Document = panel.get("fieldConfig", {}).get("defaults", {})
    return found


def filled_in(text: str, given: Mapping[str, str] = BUILT_IN) -> str:
    """With Grafana's variables replaced; those of the dashboard select all."""
    return VARIABLE.sub(lambda found: given.get(found[1] or found[2], ".*"), text)


def queries(document: Document) -> Iterator[tuple[str, str]]:
    """Every query, with its place: those of panels, annotations and variables."""
    for panel in panels(document):
        for each in targets(panel):
            yield f"{panel.get('title')} {each['refId']}", each["expr"]
    for each in document["annotations"].get("list", []):
        yield f"annotation {each['name']}", each["expr"]
    for each in document["templating"]["list"]:
        if each["type"] == "query":
            found = LABEL_VALUES.fullmatch(each["query"])
            yield f"variable {each['name']}", found[1] if found else each["query"]


def names(expr: str) -> set[str]:
    """The metrics that a query names, in `__name__=~"a|b"`, too."""
    found: set[str] = set()

    def see(each: Any) -> None:
        selector = each if isinstance(each, VectorSelector) else getattr(each, "vector_selector", None)
        if selector is not None:
            by_label = [m.value for m in selector.matchers.matchers if m.name == "__name__"]
            found.update([selector.name] if selector.name else "|".join(by_label).split("|"))

    promql_parser.walk(promql_parser.parse(filled_in(expr)), see)
    return found


def of_midnight() -> set[str]:
    """Every metric that midnight exports, live or of an imported night."""
    sampled = (
        openmetrics.named(source.of("x") if source.endswith(":") else source, gauge)
        for source, kind in GAUGES.items()
        for gauge in kind
    )
    names = {f"{each.name}_total" if each.counter else each.name for each in sampled}
    return {each.exposed for each in families.families()} | names | OF_THE_LOAD


def not_promql(document: Document) -> Problems:
    found = []
    for place, expr in queries(document):
        try:
            promql_parser.parse(filled_in(expr))
        except ValueError as error:
            found.append(f"{place}: {str(error).splitlines()[0]}")
    return found


def unknown_variables(document: Document) -> Problems:
    known = {each["name"] for each in document["templating"]["list"]} | set(BUILT_IN)
    return [
        f"{place}: ${name}"
        for place, expr in queries(document)
        for name in (found[1] or found[2] for found in VARIABLE.finditer(expr))
        if name not in known
    ]


def unknown_metrics(document: Document, exported: Collection[str]) -> Problems:
    return [
        f"{place}: {name}"
        for place, expr in queries(document)
        for name in sorted(names(expr) - set(exported))
    ]


def fixed_datasources(document: Document) -> Problems:
    """Whatever names a data source other than by the variable, or none at all."""
    asking = [(panel["title"], panel) for panel in panels(document)]
    asking += [
        (f"{panel['title']} {each['refId']}", each) for panel in panels(document) for each in targets(panel)
    ]
    asking += [(each["name"], each) for each in document["annotations"].get("list", [])]
    asking += [(each["name"], each) for each in document["templating"]["list"] if each["type"] == "query"]
    variable = [each for each in document["templating"]["list"] if each["type"] == "datasource"]
    known = {f"${{{each['name']}}}" for each in variable if each["query"] == "prometheus"}
    return [place for place, each in asking if each.get("datasource", {}).get("uid") not in known]


def without_words(document: Document) -> Problems:
    found = [] if document.get("description") else ["the dashboard: description"]
    for panel in panels(document):
        place = panel.get("title") or f"panel {panel.get('id')}"
        found += [f"{place}: {key}" for key in ("title", "description") if not panel.get(key)]
    return found


def without_unit(document: Document) -> Problems:
    found = [panel["title"] for panel in panels(document) if not defaults(panel).get("unit")]
    for panel in panels(document):
        shown = {key for each in _overrides(panel) for key in each if key == "unit"}
        if panel["type"] == "table" and not shown:
            found.append(panel["title"])
    return found


def without_legend(document: Document) -> Problems:
    """A query whose series have no name, two with the same, or a legend that is not shown."""
    found = []
    for panel in panels(document):
        if panel["type"] == "table":
            continue  # its columns have names
        legend = panel.get("options", {}).get("legend", {})
        if not legend.get("showLegend") or legend.get("displayMode") == "hidden":
            found.append(f"{panel['title']}: not shown")
        given = [each.get("legendFormat", "") for each in targets(panel)]
        if not all(given) or len(set(given)) < len(given):
            found.append(f"{panel['title']}: {given}")
    return found


def misplaced(document: Document) -> Problems:
    """Panels that overlap, reach out of the grid, or have the id of another."""
    found = []
    for one, other in combinations(document["panels"], 2):
        if one["id"] == other["id"]:
            found.append(f"{one['title']} and {other['title']}: id {one['id']}")
        if _cells(one) & _cells(other):
            found.append(f"{one['title']} and {other['title']}: overlap")
    for each in document["panels"]:
        if each["gridPos"]["x"] + each["gridPos"]["w"] > WIDTH:
            found.append(f"{each['title']}: wider than the grid")
    return found


def _cells(panel: Document) -> set[tuple[int, int]]:
    at = panel["gridPos"]
    return {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}


def without_line(document: Document, bounds: Mapping[str, Collection[float]]) -> Problems:
    """Line charts of a metric that has a bound, without a line at it, or without a word about the line."""
    found = []
    for panel in panels(document):
        if panel["type"] != "timeseries":
            continue
        config = defaults(panel)
        lines = {step["value"] for step in config.get("thresholds", {}).get("steps", [])}
        drawn = config.get("custom", {}).get("thresholdsStyle", {}).get("mode", "off") != "off"
        for name in sorted(name for each in targets(panel) for name in names(each["expr"]) if name in bounds):
            if not (drawn and lines & set(bounds[name]) and "dashed line" in panel["description"].lower()):
                found.append(f"{panel['title']}: {name}")
    return found


def colour_alone(document: Document) -> Problems:
    """What only a colour says: a state without a word, two lines that look the same, a bound that is only a shade."""
    found = []
    for panel in panels(document):
        title, config = panel["title"], defaults(panel)
        if panel["type"] == "timeseries":
            if config.get("custom", {}).get("thresholdsStyle", {}).get("mode") == "area":
                found.append(f"{title}: a shade instead of a line")
            dashes = [str(_dash(panel, each["refId"])) for each in targets(panel)]
            found += [f"{title}: lines look the same"] * (len(set(dashes)) < len(dashes))
        if panel["type"] == "state-timeline" and panel["options"].get("showValue") != "always":
            found.append(f"{title}: words are hidden")
        for words in _meanings(panel):
            found += [f"{title}: {words}"] * (not all(words) or len(set(words)) < len(words))
        if panel["type"] == "state-timeline" and not any(_meanings(panel)):
            found.append(f"{title}: no words")
    return found


def _overrides(panel: Document) -> list[dict[str, Any]]:
    found = panel.get("fieldConfig", {}).get("overrides", [])
    return [{each["id"]: each["value"] for each in override["properties"]} for override in found]


def _dash(panel: Document, ref: str) -> Any:
    for override in panel.get("fieldConfig", {}).get("overrides", []):
        if override["matcher"] == {"id": "byFrameRefID", "options": ref}:
            return [each["value"] for each in override["properties"] if each["id"] == "custom.lineStyle"]
    return "solid"


def _meanings(panel: Document) -> Iterator[list[str]]:
    """The words of each set of mapped values."""
    sets = [defaults(panel).get("mappings", []), *(each.get("mappings", []) for each in _overrides(panel))]
    for mappings in filter(None, sets):
        words: list[str] = []
        for each in mappings:
            options = each["options"]
            results = [options["result"]] if each["type"] == "range" else options.values()
            words += [result.get("text", "") for result in results]
        yield words


CHECKS: tuple[Callable[[Document], Problems], ...] = (
    not_promql,
    unknown_variables,
    fixed_datasources,
    without_words,
    without_unit,
    without_legend,
    misplaced,
    colour_alone,
)
"""Those that need to know nothing else."""
