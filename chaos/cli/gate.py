"""`midnight gate EXPERIMENT...`: may this be released?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chaos.cli.output import Json
from chaos.errors import UsageError

Names = Annotated[list[str], typer.Argument(metavar="EXPERIMENT...", help="Names, or paths to their files.")]
Target = Annotated[str, typer.Option(help="A target's name or a path to its file.")]
Profile = Annotated[str | None, typer.Option(help="The target's profile; its first one if not given.")]
Seed = Annotated[int, typer.Option(min=0, help="Decides every arrival of the load.")]
BaselineOption = Annotated[
    str | None,
    typer.Option("--baseline", metavar="RUN|latest-pass|FILE", help="What no figure may be worse than."),
]
Tolerate = Annotated[
    list[str] | None, typer.Option("--tolerance", metavar="FIGURE=VALUE", help="How much worse it may be.")
]
JsonFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write what --json prints; a later gate's --baseline.")
]
JunitFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Write JUnit XML.")]
MarkdownFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Write Markdown for a job summary.")]
Within = Annotated[
    str | None, typer.Option(metavar="AGE", help="Refuse when the last passing drill is older, such as 31d.")
]
DrillTarget = Annotated[
    str | None, typer.Option(metavar="TARGET", help="The target that is drilled, if another.")
]
Strict = Annotated[bool, typer.Option("--baseline-strict", help="Fail also on a baseline of a single run.")]
Release = Annotated[
    bool,
    typer.Option(
        "--release", help="Fail on no baseline; these runs begin a new one if their objectives hold."
    ),
]
AllowPartial = Annotated[
    bool, typer.Option("--allow-partial", help="Take `3 of 4 links exercised` for a pass.")
]
Objectives = Annotated[
    Path | None, typer.Option("--slo", metavar="FILE", help="Judge by the SLOs of this file.")
]


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
) -> int:
    """Play each experiment once, judge it, compare it with a baseline, and say whether to release.

    Ends with 0 pass, 1 violated, worse than the baseline or not drilled, 2 usage, 3 unknown or in part,
    4 aborted, 5 midnight failed, 6 not undone. Nothing is played twice: an unknown is an unknown.
    """
    from chaos.cli import gating  # brings SQLAlchemy, which no other command waits for

    _refuse_contradictions(baseline, strict=baseline_strict, release=release)
    outputs = gating.Outputs(junit_file, markdown_file, json_file)
    outputs.check()
    within = gating.drill_age(require_drill_within)
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
    )
    return gating.pass_through(planned, asked, outputs, json_=json_)


def _refuse_contradictions(baseline: str | None, *, strict: bool, release: bool) -> None:
    if strict and (baseline is None or release):
        rule = "--baseline-strict holds to a baseline: it goes with --baseline, and not with --release"
        raise UsageError(rule)
