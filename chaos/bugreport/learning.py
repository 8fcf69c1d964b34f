"""Learn what must not leave this machine: secrets readable here and names known here."""

from __future__ import annotations

import getpass
import os
import pwd
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from chaos.access import dsn
from chaos.access.secrets import SecretReader
from chaos.bugreport import here
from chaos.bugreport.forms import HOST, PROJECT, USER
from chaos.bugreport.placeholders import Placeholders
from chaos.errors import UsageError
from chaos.plan.names import names_in
from chaos.record import redact
from chaos.spec.secret import Secret
from chaos.spec.secret_values import is_secret

_PEOPLE = 1000  # the first uid of human users
_USERINFO = re.compile(r"://([^\s\"'<>]*)@")


def learn_secrets(manifest: Mapping[str, Any]) -> None:
    """Register for masking: secrets that the run's files refer to, if still readable, and those in the environment."""
    reader = SecretReader()
    redact.known.learn([], names_in(manifest))
    for reference in _references(manifest):
        with suppress(UsageError, ValidationError):
            reader.connection(Secret.model_validate(reference), "")
    for name, value in os.environ.items():
        if is_secret(name, value):
            _learn_value(reader, value)


def placeholders(manifest: Mapping[str, Any]) -> Placeholders:
    """Return placeholders that know this machine's names, its users and the run's project."""
    options = manifest.get("options")
    found = Placeholders(set(_services(options)))
    with suppress(OSError):
        found.learn(HOST, socket.gethostname())
    for domain in _domains():
        found.learn(HOST, domain)
    for name in _users():
        found.learn(USER, name)
    if isinstance(options, Mapping) and isinstance(project := options.get("project"), str):
        found.learn(PROJECT, project)
    return found


def _learn_value(reader: SecretReader, value: str) -> None:
    if dsn.is_url(value):
        with suppress(UsageError):
            reader.take_apart(value, "")
    elif (found := _USERINFO.search(value)) is not None:
        reader.learn(found[1], *found[1].split(":", 1))
    else:
        reader.learn(value)


def _references(node: Any) -> Iterator[dict[str, Any]]:
    """Every `{env: NAME}` and `{file: PATH}`."""
    if isinstance(node, Mapping):
        given = {key: value for key, value in node.items() if value is not None}
        if given.keys() <= {"env", "file", "prefix"} and given.keys() & {"env", "file"}:
            yield given
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _services(node: Any) -> Iterator[str]:
    """Yield services of a Compose project that have a role: `db` says what it is, not whose."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key in ("service", "past"):
                yield from [value] if isinstance(value, str) else (each for each in value or () if each)
            yield from _services(value)


def _domains() -> Iterator[str]:
    """Yield this machine's DNS search domains, without using the network."""
    with suppress(OSError):
        for line in Path("/etc/resolv.conf").read_text(errors="replace").splitlines():
            if line.startswith(("search", "domain")):
                yield from line.split()[1:]


def _users() -> Iterator[str]:
    with suppress(KeyError, OSError):
        yield getpass.getuser()
    yield from filter(None, (os.environ.get("SUDO_USER"), os.environ.get("LOGNAME")))
    yield from (each.pw_name for each in pwd.getpwall() if each.pw_uid >= _PEOPLE)
    if (home := here.home()) is not None:
        yield home.name
