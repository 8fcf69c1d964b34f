"""`midnight import har|openapi|k6|access-log FILE`: requests recorded elsewhere, as a target file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chaos.console.output import say, tell
from chaos.errors import UsageError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from chaos.imports.imported import Imported
    from chaos.imports.importing import Written

app = typer.Typer(no_args_is_help=True, help="Write requests recorded elsewhere into a target file.")

File = Annotated[str, typer.Argument(metavar="FILE", help="The recording; - reads standard input.")]
Logs = Annotated[
    list[str], typer.Argument(metavar="FILE...", help="Access logs, gzipped or not; - reads standard input.")
]
BaseUrl = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Address of the service; from a HAR, only requests to it are kept."),
]
Into = Annotated[
    Path | None,
    typer.Option(
        "--into",
        metavar="FILE",
        help="Target file to create, or to add missing routes to. Default: print.",
    ),
]
ToExperiment = Annotated[
    Path | None, typer.Option("--experiment", metavar="FILE", help="Write an experiment with mix and rates.")
]
Routes = Annotated[int, typer.Option(metavar="N", min=1, max=500, help="Keep the N most frequent routes.")]
Timezone = Annotated[
    str | None,
    typer.Option(metavar="ZONE", help="Time zone of the hours, such as Europe/Berlin; default: the log's."),
]
_ROUTES = 40


@app.command("har")
def har(
    file: File,
    base_url: BaseUrl = None,
    into: Into = None,
    experiment: ToExperiment = None,
    routes: Routes = _ROUTES,
) -> None:
    """Read a HAR that a browser or proxy recorded. Secrets, cookies and static files are never written."""
    from chaos.imports import importing

    _write(importing.from_har(file, base_url), into, experiment, routes)


@app.command("openapi")
def openapi(
    file: File,
    base_url: BaseUrl = None,
    into: Into = None,
    experiment: ToExperiment = None,
    routes: Routes = _ROUTES,
) -> None:
    """Read OpenAPI 3.0 to 3.2 or Swagger 2. Operations that delete or are deprecated become comments."""
    from chaos.imports import importing

    _write(importing.from_openapi(file, base_url), into, experiment, routes)


@app.command("k6")
def k6(
    file: File,
    base_url: BaseUrl = None,
    into: Into = None,
    experiment: ToExperiment = None,
    routes: Routes = _ROUTES,
) -> None:
    """Read a k6 script without running it. Lists what only running it would show."""
    from chaos.imports import importing

    _write(importing.from_k6(file, base_url), into, experiment, routes)


@app.command("access-log")
def access_log(
    files: Logs,
    base_url: BaseUrl = None,
    timezone: Timezone = None,
    into: Into = None,
    experiment: ToExperiment = None,
    routes: Routes = _ROUTES,
) -> None:
    """Read access logs of nginx, Apache, Caddy, Traefik, Envoy, ALB, and JSON lines. Night and day rates are those
    of the quietest and the busiest hour."""
    from chaos.imports import importing

    _write(importing.from_access_log(files, base_url, _zone(timezone)), into, experiment, routes)


def _zone(name: str | None) -> ZoneInfo | None:
    from zoneinfo import ZoneInfo

    try:
        return None if name is None else ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UsageError(f"--timezone must be a zone such as Europe/Berlin, got {name!r}") from None


def _write(imported: Imported, into: Path | None, to: Path | None, most: int) -> None:
    from chaos.imports import importing

    if to is not None and to.exists():
        raise UsageError(f"--experiment: {to} exists: name another file")
    written = importing.target(imported, most, into)
    played = None if to is None else importing.experiment(written, to)
    if into is None:
        tell(lambda: print(written.text, end=""))
    elif written.added:
        importing.write(into, written.text)
    if to is not None and played is not None:
        importing.write(to, played)
    _say(written, into, to)


def _say(written: Written, into: Path | None, to: Path | None) -> None:
    from chaos.imports.imported import counted

    off, kept = len(written.off), len(written.added) - len(written.off)
    where = f"{into}: " if into is not None else ""
    say(f"{where}{counted(kept, 'route')}{f', and {off} as comments' if off else ''}")
    for name in written.there:
        say(f"{where}{name} already exists: left unchanged")
    for each in written.imported.left_out:
        say(f"  left out: {each}")
    for note in written.imported.notes:
        say(f"  {note}")
    for variable, use in written.imported.secrets.items():
        say(f"  set {variable}: {use}")
    if to is not None:
        aim = f" --target {into}" if into is not None else ""
        say(f"{to}: mix and rates; check it: midnight validate {to}{aim}")
