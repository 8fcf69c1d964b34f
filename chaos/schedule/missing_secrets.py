"""Secrets that a schedule file needs and that cannot be read: no notification is sent then, or no run begins."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.access import route_secrets
from chaos.access.secrets import SecretReader
from chaos.errors import UsageError
from chaos.notify.destinations import Destination, Webhook
from chaos.schedule.file import ScheduleFile
from chaos.spec import named_files
from chaos.spec import target as targets
from chaos.spec.secret import Secret


def missing(found: ScheduleFile) -> list[str]:
    """Return a line for each secret of a destination, and for each target, with what is missing. Only this process was
    asked: a scheduler may run in another environment."""
    reader, said = SecretReader(), list[str]()
    for name, destination in found.notify.items():
        for place, secret in _secrets(destination):
            try:
                reader(secret, f"notify: {name}: {place}")
            except UsageError as error:
                said.append(str(error))
    for name in dict.fromkeys(schedule.target for schedule in found.schedules):
        try:
            route_secrets.read_all(targets.load(named_files.search(name, "targets")), reader)
        except UsageError as error:
            said.append(f"target {name}: {error}")
    return said


def _secrets(destination: Destination) -> Iterator[tuple[str, Secret]]:
    if not isinstance(destination, Webhook):
        yield "apprise", destination.apprise
        return
    if isinstance(destination.webhook, Secret):
        yield "webhook", destination.webhook
    for name, secret in destination.headers.items():
        yield f"headers: {name}", secret
