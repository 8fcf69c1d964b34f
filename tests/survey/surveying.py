"""Fixtures of the survey: the machine in `machine/`, and machines made by a test."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from chaos.survey.entry import Entry
from chaos.survey.machine import Machine
from chaos.survey.night import Night
from chaos.survey.reading import Sources, Survey, survey
from chaos.survey.root import Root

HERE = Path(__file__).parent
MACHINE = HERE / "machine"
MANIFESTS = sorted((HERE / "manifests").glob("*.yaml"))
BERLIN = ZoneInfo("Europe/Berlin")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def machine(root: Path, files: dict[str, str] | None = None) -> Machine:
    """A machine with these files below `root`."""
    (root / "etc").mkdir(parents=True, exist_ok=True)
    for name, text in (files or {}).items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Machine(Root.of(root))


def night(
    day: str = "2026-11-27", begin: str = "22:00", end: str = "06:00", zone: ZoneInfo = BERLIN
) -> Night:
    return Night.of(date.fromisoformat(day), time.fromisoformat(begin), time.fromisoformat(end), zone)


def surveyed(root: Path, files: dict[str, str], day: str = "2026-11-27") -> Survey:
    """The survey of such a machine in Berlin."""
    made = machine(root, {"/etc/timezone": "Europe/Berlin\n", **files})
    return survey(made, night(day), Sources())


def starts(found: Survey, entry: Entry) -> list[str]:
    """The local starts of an entry in the night, ranges as `00:00-01:00`."""
    planned = [each for each in found.planned if each.entry is entry]
    shown = []
    for start in planned[0].starts if planned else ():
        begin, end = found.night.local(start.earliest), found.night.local(start.latest)
        wide = (end - begin).total_seconds() > 60
        shown.append(f"{begin:%H:%M}-{end:%H:%M}" if wide else f"{begin:%H:%M}")
    return shown
