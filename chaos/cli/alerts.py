"""`midnight alerts RUN --rules FILE...`: replay a run against alerting rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from chaos.cli.options import Json, Reference
from chaos.errors import UsageError
from chaos.record import store
from chaos.spec import units

Rules = Annotated[
    list[Path], typer.Option(metavar="FILE", help="Prometheus rules. May be given several times.")
]
Map = Annotated[
    Path | None,
    typer.Option("--map", metavar="FILE", help="File that maps a run's gauges to metrics of your own."),
]
Hold = Annotated[
    str, typer.Option(metavar="TIME", help="Stretch the worst moment, for rules with a long `for`.")
]
Require = Annotated[
    list[str] | None,
    typer.Option(metavar="ALERT=TIME", help="Fail unless it fires within TIME of the first injection."),
]
Scrape = Annotated[str, typer.Option(metavar="TIME", help="Scrape interval of your Prometheus.")]
Evaluate = Annotated[str, typer.Option(metavar="TIME", help="Evaluation interval of your Prometheus.")]

ProbeTimeout = Annotated[
    str | None,
    typer.Option(
        metavar="TIME", help="When a probe gives up. Default: 0.5 s before --scrape, at most 9.5 s."
    ),
]


def alerts(
    run: Reference,
    rules: Rules,
    map_: Map = None,
    hold: Hold = "0s",
    require: Require = None,
    scrape: Scrape = "15s",
    evaluate: Evaluate = "15s",
    probe_timeout: ProbeTimeout = None,
    json_: Json = False,
) -> int:
    """Replay a run's samples against alerting rules. Says which alerts fire, how long after the injections, and why the
    others never do. Needs promtool, but no Prometheus.

    Exit code: 0, or 1 if an alert of --require is late or never fires, 2 usage, 3 unknown.
    """
    from chaos.alerts import mapping, replay, show  # numpy and the parser: slow
    from chaos.alerts import rules as rule_files
    from chaos.record.journal import Journal

    found = rule_files.load(rules)
    played = replay.play(
        Journal(store.find_run(run)),
        found,
        rules,
        mapped={} if map_ is None else mapping.load(map_),
        scrape=_positive("--scrape", scrape),
        every=_positive("--evaluate", evaluate),
        hold=_seconds("--hold", hold),
        patience=None if probe_timeout is None else _positive("--probe-timeout", probe_timeout),
    )
    wanted = show.required(require or [], played)
    code, findings = show.judged(played, wanted)
    if json_:
        print(json.dumps(show.document(played, wanted, code), indent=1))
    else:
        print("\n".join([*show.lines(played), *findings]))
    return code


def _seconds(option: str, text: str) -> float:
    try:
        found = units.seconds(text)
        if found < 0:
            raise ValueError("must not be negative")
        return found
    except ValueError as error:
        raise UsageError(f"{option} {text}: {error}") from None


def _positive(option: str, text: str) -> float:
    found = _seconds(option, text)
    if found < 0.25:
        raise UsageError(f"{option} {text}: must be at least 250ms, the interval of a run's samples")
    return found
