"""One night: SLOs, faults and alerts, then the chain, a row for each link in the order of the story.

The same panels show a night live, by the exporters and recording rules, and an imported one, by what midnight sampled.
"""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import units

from chaos.checks.text import percent
from deploy.dashboards import bounds, chain, faults
from deploy.dashboards.chain import LOAD, ONLY_IMPORTED, RATE, Panels
from deploy.dashboards.parts import OF_GROUP, Bound, Query, State, dashboard, filled, lines, states

GOOD = f'midnight_requests_total{{outcome="good",{OF_GROUP}}}'
DESCRIPTION = (
    "A night of midnight: live, or imported with `midnight report RUN --format openmetrics`. Choose its minutes as "
    "the time range. Shaded: a fault acts; point at it for its name. A dashed horizontal line is a bound, named in "
    "the panel's description. In a legend, `sampled` is what midnight sampled in an imported night, `load` what its "
    "load saw."
)


def build() -> models.Dashboard:
    made = dashboard("midnight: one night", "midnight-one-night", DESCRIPTION)
    made = made.time("now-15m", "now").refresh("5s").annotation(faults.Faults())
    links = {
        f"{number}. {title[0].upper()}{title[1:]}": panels()
        for number, (title, panels) in enumerate(chain.LINKS.items(), start=1)
    }
    parts = {
        "SLOs": _slos(),
        "Faults and alerts": _faults_and_alerts(),
        **links,
        "Contexts and caches": chain.kept(),
    }
    return filled(made, parts)


def _slos() -> Panels:
    slo, percentile = bounds.availability(), bounds.latency()
    fast, slow = bounds.alert("ErrorBudgetBurnsFast"), bounds.alert("ErrorBudgetBurnsSlowly")
    # The rule has no series until the first server error.
    no_error = (
        'label_replace(0 * sum(rate(reference_requests_total[5m])), "sloth_slo", "availability", "", "")'
    )
    windows = ("5m", "30m", "1h", "6h")
    return [
        lines(
            "Availability",
            "Share of requests that were answered well, by SLO. Dashed line: the SLO of the midnight sequence, "
            f"{percent(slo)}. The recording rule looks back 5 min, so it falls late and recovers late.",
            units.PercentUnit,
            Query(
                f"1 - max by (sloth_slo) (slo:sli_error:ratio_rate5m or {no_error})",
                "{{sloth_slo}}, last 5 min",
            ),
            Query(f"sum(rate({GOOD}{RATE})) / sum(rate({LOAD}{RATE}))", "load"),
            bounds=[Bound(slo, bad="below")],
            width=8,
        ),
        lines(
            "p99 of good requests",
            f"From the instant at which a request was due. Dashed line: the SLO of the midnight sequence, "
            f"{percentile:g} s. {ONLY_IMPORTED}",
            units.Seconds,
            Query(chain.quantile(0.99), "load, p99"),
            bounds=[Bound(percentile)],
            width=8,
        ),
        lines(
            "Error ratio by window",
            f"How fast the error budget burns. Dashed lines: {percent(fast)} in 5 min and 1 h pages "
            f"(ErrorBudgetBurnsFast), {percent(slow)} in 30 min and 6 h makes a ticket (ErrorBudgetBurnsSlowly). "
            "No line: no server error yet.",
            units.PercentUnit,
            *(
                Query(
                    f"max by (sloth_slo) (slo:sli_error:ratio_rate{each})", f"{{{{sloth_slo}}}}, last {each}"
                )
                for each in windows
            ),
            bounds=[Bound(slow), Bound(fast)],
            width=8,
        ),
    ]


def _faults_and_alerts() -> Panels:
    pending, firing = ('ALERTS{alertstate="pending"}', 'ALERTS{alertstate="firing"} * 2')
    return [
        states(
            "Faults",
            "Which step acts. Of a live night one that is shorter than the scrape interval can be missing.",
            Query(
                f"{faults.acting()} or max by ({faults.BY}) "
                f"(max_over_time({faults.ACTIVE}{{{OF_GROUP}}}[$__range]) * 0)",
                "{{step}} ({{fault}})",
            ),
            {0: State("at rest", "transparent"), 1: State("acts", "red")},
        ),
        states(
            "Alerts",
            "Pending and firing alerts of this Prometheus, whoever wrote the rule. An imported night has none: "
            "`midnight alerts RUN` replays rules against it.",
            Query(
                f"max by (alertname, severity) ({pending} or {firing} or max_over_time(ALERTS[$__range]) * 0)",
                "{{alertname}} ({{severity}})",
            ),
            {0: State("silent", "transparent"), 1: State("pending", "orange"), 2: State("firing", "red")},
        ),
    ]
