"""Each demand on a dashboard is broken once, and its check says where."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from deploy import dashboards
from tests.dashboards import checking
from tests.dashboards.checking import CHECKS

ONE_NIGHT = json.loads((dashboards.FOLDER / "one-night.json").read_text())
MANY_NIGHTS = json.loads((dashboards.FOLDER / "many-nights.json").read_text())

Break = Callable[[dict[str, Any]], object]


def panel(document: dict[str, Any], title: str) -> Any:
    return next(each for each in document["panels"] if each["title"] == title)


def first(document: dict[str, Any]) -> Any:
    return panel(document, "Availability")


def custom(document: dict[str, Any]) -> Any:
    return first(document)["fieldConfig"]["defaults"]["custom"]


def asking(expr: str) -> Break:
    return lambda document: first(document)["targets"][0].update(expr=expr)


BROKEN: list[tuple[str, Break, str]] = [
    ("not_promql", asking("sum(up"), "Availability A"),
    ("not_promql", asking("rate(up[$__rate])"), "Availability A"),
    ("not_promql", lambda it: it["annotations"]["list"][0].update(expr="max by ("), "annotation Faults"),
    ("not_promql", lambda it: it["templating"]["list"][1].update(query="label_values({, a)"), "variable"),
    ("unknown_variables", asking('up{job="$job"}'), "Availability A: $job"),
    ("unknown_variables", asking("rate(up[${range}])"), "Availability A: $range"),
    ("unknown_variables", lambda it: it["templating"]["list"].pop(), "$profile"),
    ("fixed_datasources", lambda it: first(it)["datasource"].update(uid="P1809F7CD0C75ACF3"), "Availability"),
    ("fixed_datasources", lambda it: first(it)["targets"][1].pop("datasource"), "Availability B"),
    ("fixed_datasources", lambda it: it["annotations"]["list"][0].pop("datasource"), "Faults"),
    ("fixed_datasources", lambda it: it["templating"]["list"][2].pop("datasource"), "target"),
    ("fixed_datasources", lambda it: it["templating"]["list"][0].update(query="loki"), "Availability"),
    ("without_words", lambda it: first(it).update(description=""), "Availability: description"),
    ("without_words", lambda it: first(it).pop("title"), "title"),
    ("without_words", lambda it: it.pop("description"), "the dashboard"),
    ("without_unit", lambda it: first(it)["fieldConfig"]["defaults"].pop("unit"), "Availability"),
    ("without_legend", lambda it: first(it)["targets"][0].pop("legendFormat"), "Availability"),
    ("without_legend", lambda it: first(it)["targets"][0].update(legendFormat="load"), "Availability"),
    ("without_legend", lambda it: first(it)["options"]["legend"].update(showLegend=False), "not shown"),
    ("without_legend", lambda it: first(it)["options"]["legend"].update(displayMode="hidden"), "not shown"),
    (
        "misplaced",
        lambda it: first(it)["gridPos"].update(w=9),
        "Availability and p99 of good requests: overlap",
    ),
    ("misplaced", lambda it: first(it)["gridPos"].update(h=9), "Availability and Faults and alerts: overlap"),
    (
        "misplaced",
        lambda it: panel(it, "Error ratio by window")["gridPos"].update(w=9),
        "wider than the grid",
    ),
    ("misplaced", lambda it: first(it).update(id=1), "SLOs and Availability: id 1"),
    (
        "colour_alone",
        lambda it: first(it)["fieldConfig"].pop("overrides"),
        "Availability: lines look the same",
    ),
    ("colour_alone", lambda it: custom(it)["thresholdsStyle"].update(mode="area"), "a shade"),
    ("colour_alone", lambda it: panel(it, "Alerts")["options"].update(showValue="never"), "words are hidden"),
    ("colour_alone", lambda it: panel(it, "Alerts")["fieldConfig"]["defaults"].pop("mappings"), "no words"),
    (
        "colour_alone",
        lambda it: panel(it, "Alerts")["fieldConfig"]["defaults"]["mappings"][0]["options"]["1"].pop("text"),
        "Alerts: ['silent', '', 'firing']",
    ),
]


@pytest.mark.parametrize(("check", "break_it", "said"), BROKEN)
def test_what_breaks_a_demand_is_found(check: str, break_it: Break, said: str) -> None:
    broken = copy.deepcopy(ONE_NIGHT)
    break_it(broken)
    assert said in "\n".join(getattr(checking, check)(broken))


def test_every_check_is_broken_above() -> None:
    assert {check for check, _, _ in BROKEN} == {check.__name__ for check in CHECKS}


def test_a_metric_that_nothing_exports_is_found() -> None:
    broken = copy.deepcopy(ONE_NIGHT)
    asking("sum(rate(reference_requests[5m])) / up")(broken)
    known = {name for _, expr in checking.queries(ONE_NIGHT) for name in checking.names(expr)}
    assert checking.unknown_metrics(broken, known) == ["Availability A: reference_requests"]


def test_a_counter_named_without_its_suffix_is_found() -> None:
    broken, name = copy.deepcopy(MANY_NIGHTS), "midnight_api_pool_waits_timed_out"
    panel(broken, "Availability")["targets"][0]["expr"] = f"rate({name}[5m]) + rate({name}_total[5m])"
    assert checking.unknown_metrics(broken, checking.of_midnight()) == [f"Availability A: {name}"]


def test_a_metric_of_a_variable_that_nothing_exports_is_found() -> None:
    broken = copy.deepcopy(MANY_NIGHTS)
    broken["templating"]["list"][1]["query"] = 'label_values({__name__=~"midnight_run_verdict|gone"}, target)'
    assert checking.unknown_metrics(broken, checking.of_midnight()) == ["variable experiment: gone"]


def test_a_table_whose_columns_have_no_unit_is_found() -> None:
    broken = copy.deepcopy(MANY_NIGHTS)
    panel(broken, "Drills by target")["fieldConfig"]["overrides"] = []
    assert checking.without_unit(broken) == ["Drills by target"]


@pytest.mark.parametrize(
    "break_it",
    [
        lambda it: it["fieldConfig"]["defaults"]["thresholds"]["steps"].pop(),
        lambda it: it["fieldConfig"]["defaults"]["thresholds"]["steps"][1].update(value=0.98),
        lambda it: it["fieldConfig"]["defaults"]["custom"]["thresholdsStyle"].update(mode="off"),
        lambda it: it.update(description="Share of requests that were answered well."),
    ],
)
def test_a_bound_without_its_line_or_its_word_is_found(break_it: Break) -> None:
    broken, bounds = copy.deepcopy(MANY_NIGHTS), {"midnight_run_availability_ratio": [0.99]}
    assert checking.without_line(broken, bounds) == []
    break_it(panel(broken, "Availability"))
    assert checking.without_line(broken, bounds) == ["Availability: midnight_run_availability_ratio"]
