"""What both dashboards are made of: queries, panels, variables.

Every panel has a title, a description, a unit and a legend; a line marks a bound; what a colour says, a word, a
position or a dash says, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from grafana_foundation_sdk.builders import dashboard as dashboards
from grafana_foundation_sdk.builders import prometheus, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.common import (
    GraphThresholdsStyleConfig,
    VizLegendOptions,
    VizTooltipOptions,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardCursorSync,
    DashboardLinkType,
    DashboardRangeMapOptions,
    DataSourceRef,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    Panel,
    RangeMap,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
    VariableOption,
    VariableRefresh,
    VariableSort,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
GROUP = ("experiment", "target", "profile")
OF_GROUP = ",".join(f'{label}=~"${label}"' for label in GROUP)
LEGEND = " ".join(f"{{{{{label}}}}}" for label in GROUP)
TAG = "midnight"
HEIGHT = 7
DASHES: Sequence[Sequence[int]] = ([], [10, 6], [2, 6], [14, 4, 2, 4])
"""One line style per query of a panel: whoever cannot tell colours apart tells the lines apart."""

Side = Literal["above", "below"]


@dataclass(frozen=True, slots=True)
class Query:
    """One query, and the name of its series in the legend."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True)
class Bound:
    """A dashed line at a value; `bad` is the side of it that is not allowed."""

    value: float
    bad: Side = "above"


@dataclass(frozen=True, slots=True)
class State:
    """What one value of a state timeline or a table means."""

    text: str
    color: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, from one query."""

    title: str
    expr: str
    unit: str
    mappings: Sequence[ValueMapping] = ()


def dashboard(title: str, uid: str, description: str) -> dashboards.Dashboard:
    """A dashboard without panels yet, with the variables that all queries use."""
    made = (
        dashboards.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags([TAG])
        .editable()
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(dashboards.DashboardLink("midnight").type(DashboardLinkType.DASHBOARDS).tags([TAG]))
        .with_variable(dashboards.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    )
    for label in GROUP:
        made = made.with_variable(_variable(label))
    return made


def _variable(label: str) -> dashboards.QueryVariable:
    of = '{__name__=~"midnight_run_verdict|midnight_fault_active"}'
    return (
        dashboards.QueryVariable(label)
        .label(label)
        .datasource(SOURCE)
        .query(f"label_values({of}, {label})")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(VariableOption(text="All", value="$__all", selected=True))
    )


def filled(made: dashboards.Dashboard, parts: Mapping[str, Sequence[Builder[Panel]]]) -> Dashboard:
    """The dashboard with a row for each part, and an id for each panel."""
    for title, panels in parts.items():
        made = made.with_row(dashboards.Row(title))
        for panel in panels:
            made = made.with_panel(panel)
    built = made.build()
    for number, each in enumerate(built.panels or (), start=1):
        each.id_val = number
    return built


def lines(
    title: str,
    description: str,
    unit: str,
    *queries: Query,
    bounds: Sequence[Bound] = (),
    width: int = 12,
    steps: bool = False,
) -> timeseries.Panel:
    """Lines over time. `steps`: values hold until the next one."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit(unit)
        .height(HEIGHT)
        .span(width)
        .color_scheme(dashboards.FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC))
        .legend(_legend().calcs(["min", "max", "lastNotNull"]))
        .tooltip(VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI))
        .line_interpolation(common.LineInterpolation.STEP_AFTER if steps else common.LineInterpolation.LINEAR)
        .targets([_target(number, each) for number, each in enumerate(queries)])
    )
    for number, _ in enumerate(queries[1:], start=1):
        dash = {"fill": "dash", "dash": DASHES[number]}
        panel = panel.override_by_query(_ref(number), [DynamicConfigValue("custom.lineStyle", dash)])
    if any(
        bound.bad == "below" for bound in bounds
    ):  # from 0, nothing is seen of what lies between 99 % and 100 %
        panel = panel.axis_soft_min(min(bound.value for bound in bounds))
    else:
        panel = panel.min(0).axis_soft_max(max((bound.value for bound in bounds), default=0))
    return _bounded(panel, bounds) if bounds else panel


def _bounded(panel: timeseries.Panel, bounds: Sequence[Bound]) -> timeseries.Panel:
    ordered = sorted(bounds, key=lambda bound: bound.value)
    first = "transparent" if ordered[0].bad == "above" else "red"
    steps = [Threshold(None, first)]
    steps += [Threshold(bound.value, "red" if bound.bad == "above" else "green") for bound in ordered]
    style = GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
    config = dashboards.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
    return panel.thresholds(config).thresholds_style(style)


def states(
    title: str, description: str, query: Query, meaning: Mapping[int, State], *, height: int = HEIGHT
) -> statetimeline.Panel:
    """One row per series; each state has its word in the row, not only its colour."""
    return (
        statetimeline.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit("none")
        .height(height)
        .span(24)
        .mappings([words(meaning)])
        .show_value(common.VisibilityMode.ALWAYS)
        .merge_values(True)
        .legend(_legend())
        .targets([_target(0, query)])
    )


def words(meaning: Mapping[int, State]) -> ValueMap:
    """What each value means."""
    return ValueMap(
        {
            str(value): ValueMappingResult(text=state.text, color=state.color, index=index)
            for index, (value, state) in enumerate(meaning.items())
        }
    )


def at_least(value: float | None, below: float | None, state: State) -> RangeMap:
    """What values from `value` to `below` mean; None: without an end."""
    result = ValueMappingResult(text=state.text, color=state.color)
    options = DashboardRangeMapOptions(result=result)
    options.from_val, options.to = value, below
    return RangeMap(options)


def rows(title: str, description: str, by: Sequence[str], *columns: Column, width: int = 12) -> table.Panel:
    """One row per series as it is now, one column per query."""
    panel = (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit("none")
        .height(HEIGHT)
        .span(width)
        .targets([_instant(number, column.expr) for number, column in enumerate(columns)])
    )
    names = {f"Value #{_ref(number)}": column.title for number, column in enumerate(columns)}
    order = {name: index for index, name in enumerate([*by, *names])}
    organize: dict[str, Any] = {
        "excludeByName": {"Time": True},
        "indexByName": order,
        "renameByName": names,
    }
    for column in columns:
        shown = [DynamicConfigValue("unit", column.unit)]
        if column.mappings:
            shown.append(DynamicConfigValue("mappings", list(column.mappings)))
        panel = panel.override_by_name(column.title, shown)
    return panel.with_transformation(DataTransformerConfig("merge", options={})).with_transformation(
        DataTransformerConfig("organize", options=organize)
    )


def _legend() -> VizLegendOptions:
    return (
        VizLegendOptions()
        .show_legend(True)
        .display_mode(common.LegendDisplayMode.TABLE)
        .placement(common.LegendPlacement.BOTTOM)
    )


def _ref(number: int) -> str:
    return "ABCDEFGH"[number]


def _target(number: int, query: Query) -> prometheus.Dataquery:
    return _asked(number, query.expr).legend_format(query.legend).range()


def _instant(number: int, expr: str) -> prometheus.Dataquery:
    return _asked(number, expr).format(PromQueryFormat.TABLE).instant()


def _asked(number: int, expr: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().ref_id(_ref(number)).datasource(SOURCE).expr(expr)
