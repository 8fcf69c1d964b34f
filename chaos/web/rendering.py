"""Pages from templates. Everything is escaped: names come from files that others write."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from chaos.checks.figure import Figure
from chaos.checks.figures import every
from chaos.history.entry import Entry, Unreadable, read_entry
from chaos.history.query import VERDICTS
from chaos.play.in_progress import is_in_progress
from chaos.record.store import RunDir
from chaos.reports.show import show_figure
from chaos.web.nights import MARKS, NO_RUN, WORDS

ENVIRONMENT = Environment(
    loader=PackageLoader("chaos.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

SIGNS = {"pass": "P", "fail": "F", "unknown": "U", "warning": "!"}
"""The sign of a finding's outcome; a neutral one has a dash."""


def segment(text: str) -> str:
    """Return text as one segment of a path, even with slashes in it."""
    return quote(text, safe="")


def query(**given: object) -> str:
    """Return a query string of what is given and not empty."""
    return urlencode({name: value for name, value in given.items() if value not in (None, "")})


def code(text: str) -> Markup:
    """Return text with what is in backticks as code, and everything escaped; a single backtick stays."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else part for number, part in enumerate(parts)
    )


def minute(text: str | None) -> str:
    """Show a stored instant, to the minute; UTC as everywhere in midnight."""
    return (text or "")[:16].replace("T", " ")


def age(text: str, now: datetime | None = None) -> str:
    """Show how long ago an instant is: `3h ago`, `12d ago`."""
    gone = ((now or datetime.now(UTC)) - datetime.fromisoformat(text)).total_seconds()
    for seconds, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if gone >= seconds:
            return f"{gone // seconds:.0f}{unit} ago"
    return "just now" if gone >= 0 else "in the future"


def verdict_of(entry: Entry) -> str:
    """Return what became of the run, by the calendar's kinds, for a class and a sign."""
    if is_in_progress(entry):
        return "playing"
    return entry.verdict if entry.verdict in VERDICTS else "none"


def about(run: RunDir) -> Entry | None:
    """Return what is known of a run by its own files; None if they cannot be read."""
    try:
        return read_entry(run)
    except (Unreadable, OSError):
        return None


def figures_of(entry: Entry) -> list[tuple[Figure, str]]:
    """Return the figures of `midnight runs` and the RTO, without those that the run did not exercise."""
    return [
        (figure, show_figure(figure, value, lower_bound=figure.name in entry.lower_bounds))
        for figure in every()
        if (figure.listed or figure.drill) and figure.exercised(value := entry.figures.get(figure.name))
    ]


ENVIRONMENT.filters |= {"segment": segment, "code": code, "minute": minute, "age": age}
ENVIRONMENT.globals |= {
    "query": query,
    "verdict_of": verdict_of,
    "figures_of": figures_of,
    "marks": MARKS,
    "words": WORDS,
    "no_run": NO_RUN,
    "signs": SIGNS,
}


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    return HTMLResponse(ENVIRONMENT.get_template(template).render(**values), status)


def problem(status: int, said: str) -> HTMLResponse:
    """Say in one line why there is no such page."""
    return page("problem.html", status, title=str(status), said=said)
