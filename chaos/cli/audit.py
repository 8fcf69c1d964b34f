"""`midnight audit PATH...`: manifests read for what will hurt at midnight."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from chaos.audit import auditing, junit, names, sarif, show
from chaos.audit.finding import Audit
from chaos.audit.measured import Measured, of_run
from chaos.audit.rule import Severity
from chaos.cli.options import Json
from chaos.console.output import say, tell
from chaos.errors import UsageError
from chaos.record import store

Paths = Annotated[
    list[Path],
    typer.Argument(
        metavar="PATH...", help="Kubernetes manifests, Argo CD Applications, Compose files, directories."
    ),
]
FailOn = Annotated[Severity, typer.Option(help="Exit with 1 for a finding of this severity or above.")]
RunOption = Annotated[
    str | None, typer.Option("--run", metavar="RUN", help="Compare with the measurements of this stored run.")
]
MapOption = Annotated[
    Path | None,
    typer.Option(
        "--map", metavar="FILE", help="File with your variable names for workers, pools and max_connections."
    ),
]
SarifFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Write SARIF 2.1.0 to FILE.")]
JunitFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Write JUnit XML to FILE.")]


def audit(
    paths: Paths,
    fail_on: FailOn = Severity.ERROR,
    run: RunOption = None,
    map_: MapOption = None,
    json_: Json = False,
    sarif_file: SarifFile = None,
    junit_file: JunitFile = None,
) -> int:
    """Find settings in manifests that will hurt at midnight: file, line, reason and fix. Contacts nothing.

    Exit code: 0 nothing at or above --fail-on, 1 findings, 2 usage, or a manifest that cannot be read.
    """
    found = auditing.audit(paths, names.read(map_), _measured(run))
    if json_:
        tell(lambda: print(json.dumps(show.as_json(found, fail_on), indent=1)))
    else:
        tell(lambda: print("\n".join(show.as_text(found, fail_on))))
    _write(sarif_file, lambda: json.dumps(sarif.as_sarif(found), indent=1) + "\n")
    _write(junit_file, lambda: junit.as_junit(found, fail_on))
    _say_unread(found)
    return found.exit_code(fail_on)


def _measured(run: str | None) -> Measured | None:
    return None if run is None else of_run(store.find_run(run))


def _write(path: Path | None, render: Callable[[], str]) -> None:
    if path is None:
        return
    try:
        path.write_text(render(), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from None


def _say_unread(found: Audit) -> None:
    for error in found.unread:
        for line in error.lines:
            say(line)
