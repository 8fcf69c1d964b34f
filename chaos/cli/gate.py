"""`midnight gate EXPERIMENT...`: decide whether to release."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chaos.cli.options import Json
from chaos.errors import UsageError

Names = Annotated[
    list[str], typer.Argument(metavar="EXPERIMENT...", help="Experiment names or paths to their files.")
]
Target = Annotated[str, typer.Option(help="Target name or path to its file.")]
Profile = Annotated[str | None, typer.Option(help="Target profile. Default: the first one.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the load's arrivals.")]
BaselineOption = Annotated[
    str | None,
    typer.Option("--baseline", metavar="RUN|latest-pass|FILE", help="Baseline to compare figures with."),
]
Tolerate = Annotated[
    list[str] | None,
    typer.Option("--tolerance", metavar="FIGURE=VALUE", help="How much worse a figure may be."),
]
JsonFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Write the JSON of --json to FILE. Works as a later gate's --baseline."
    ),
]
JunitFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Write JUnit XML to FILE.")]
MarkdownFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write a Markdown job summary to FILE.")
]
Within = Annotated[
    str | None,
    typer.Option(metavar="AGE", help="Fail if the last passing drill is older than AGE, e.g. 31d."),
]
DrillTarget = Annotated[
    str | None, typer.Option(metavar="TARGET", help="Target of the drill. Default: --target.")
]
Strict = Annotated[
    bool,
    typer.Option(
        "--baseline-strict", help="Fail on worse figures even with a single-run baseline (default: advisory)."
    ),
]
Release = Annotated[
    bool,
    typer.Option(
        "--release", help="Make the comparison advisory; start a new baseline if SLOs and limits hold."
    ),
]
AllowPartial = Annotated[
    bool, typer.Option("--allow-partial", help="Accept a partial pass (`3 of 4 links exercised`).")
]
Manifests = Annotated[
    list[Path] | None,
    typer.Option(metavar="PATH", help="Audit these manifests, too; an error in them fails the gate."),
]
Objectives = Annotated[Path | None, typer.Option("--slo", metavar="FILE", help="Judge by the SLOs in FILE.")]


def gate(
    names: Names,
    target: Target = "embedded",
    profile: Profile = None,
    seed: Seed = 1,
    baseline: BaselineOption = None,
    tolerance: Tolerate = None,
    json_: Json = False,
    json_file: JsonFile = None,
    junit_file: JunitFile = None,
    markdown_file: MarkdownFile = None,
    require_drill_within: Within = None,
    drill_target: DrillTarget = None,
    allow_partial: AllowPartial = False,
    baseline_strict: Strict = False,
    release: Release = False,
    slo: Objectives = None,
    audit: Manifests = None,
) -> int:
    """Play experiments and decide whether to release. Each is played once, judged, and compared with a baseline.

    Exit code: 0 pass, 1 violated, worse than the baseline, no recent drill or an error in manifests, 2 usage,
    3 unknown or partial, 4 aborted, 5 midnight failed, 6 not undone. Nothing is retried: unknown stays unknown.
    """
    from chaos.play import gating  # imports SQLAlchemy: slow

    _refuse_contradictions(baseline, strict=baseline_strict, release=release)
    outputs = gating.Outputs(junit_file, markdown_file, json_file)
    outputs.check()
    within = gating.drill_age(require_drill_within)
    manifests = gating.audit_manifests(audit or ())
    planned = gating.plan(names, target, profile, seed, slo)
    asked = gating.Asked(
        baselines=gating.find_baselines(baseline, planned, allow_partial=allow_partial, release=release),
        tolerances=gating.tolerances(tolerance or ()),
        allow_partial=allow_partial,
        drill_within=within,
        drill_target=drill_target or planned[0].target.name,
        slo=slo,
        strict=baseline_strict,
        release=release,
        audit=manifests,
    )
    return gating.pass_through(planned, asked, outputs, json_=json_)


def _refuse_contradictions(baseline: str | None, *, strict: bool, release: bool) -> None:
    if strict and (baseline is None or release):
        rule = "--baseline-strict requires --baseline and excludes --release"
        raise UsageError(rule)
