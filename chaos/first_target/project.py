"""A running Compose project: the roles of its services as `midnight target inspect` guesses them."""

from __future__ import annotations

from collections.abc import Sequence

from chaos import engine
from chaos.engine.client import require_here
from chaos.engine.projects import Found
from chaos.first_target import ledgers, service
from chaos.first_target.asking import Asking
from chaos.first_target.draft import Draft, Item
from chaos.imports import names, writing
from chaos.targets.compose import guesses
from chaos.targets.compose.discovery import whole


def describe(project: str, name: str | None) -> Draft:
    """Raises UsageError if there is no such project."""
    at = engine.find()
    require_here(at)
    engine.ping(at)
    return of(project, whole(at, project), name)


def of(project: str, there: Sequence[Found], name: str | None = None) -> Draft:
    """What its containers show."""
    draft = Draft(name or names.of_text(project, "target"), "compose")
    services = ", ".join(sorted({each.service for each in there}))
    draft.seen.append(f"Compose project {project}, services: {services}")
    options = guesses.target_file(project, there)["options"]
    draft.option(
        "project",
        Item("The project, as `docker compose ls` calls it.", (f"project: {writing.value(project)}",)),
    )
    for role, given in options.items():
        if role != "project":
            draft.option(role, _role(role, given))
    _missing(draft, options)
    _ask(draft, there, options)
    return draft


def _role(role: str, given: dict[str, object]) -> Item:
    lines = tuple(f"{key}: {writing.value(value)}" for key, value in given.items())
    if given["service"] == guesses.CAPITALS:
        return Item("No single service holds the connections to the database: name the one that does.", lines)
    why = {
        "api": "It names the database in its settings, or is the only one that publishes a port",
        "entry": "It publishes a port and does not use the database: the load enters here",
        "database": "Its image is that of a database",
        "proxy": "Its image is Toxiproxy",
    }[role]
    return Item(f"{why}.", lines)


def _missing(draft: Draft, options: dict[str, object]) -> None:
    if "database" not in options:
        draft.option(
            "database",
            Item("No service, or more than one, looks like the database:", ("service: SERVICE",), on=False),
        )
    if "proxy" not in options:
        project = f"compose:{options['project']}"
        draft.option(
            "proxy",
            Item(
                f"There is no Toxiproxy: `midnight target wire {project}` prints an override that puts one in front"
                " of the database.",
                ("service: SERVICE",),
                on=False,
            ),
        )
    draft.option(
        "jobs",
        Item(
            "Any command in one of its containers can be the nightly job; whether it may run is its owner's decision:",
            ("nightly: {service: worker, argv: [/srv/bin/nightly]}",),
            on=False,
        ),
    )


def _ask(draft: Draft, there: Sequence[Found], options: dict[str, object]) -> None:
    """Ask the service where the load enters, if its port is published."""
    front = options.get("entry") or options["api"]
    assert isinstance(front, dict)
    published = sorted(
        number for each in there if each.service == front["service"] for _, number in each.ports.values()
    )
    for port in published[:1]:
        with Asking(f"http://127.0.0.1:{port}") as asking:
            bare = Draft(draft.name, draft.driver)
            service.describe(bare, asking, "/")
        draft.top, draft.seen = bare.top, [*draft.seen, *bare.seen]
    if not published:
        draft.add(
            "routes",
            Item("It publishes no port, so it was not asked.", ("read: {path: /}",)),
            ledgers.undocumented("/", None),
        )
