"""How long a server takes to end, and how many processes it has, by its command line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from chaos.audit.environment import Variable
from chaos.audit.node import Node, as_number
from chaos.audit.quantity import seconds
from chaos.audit.workload import Container

GUNICORN_GRACE = 30.0
_GRACE = ("--graceful-timeout", "--timeout-graceful-shutdown")
_GUNICORN_ARGS = "GUNICORN_CMD_ARGS"
_SLEEP = re.compile(r"\bsleep\s+([0-9.]+[smh]?)")


def graceful(container: Container, variables: Mapping[str, Variable]) -> tuple[float, str] | None:
    """Return the seconds a server gives its requests, and where that is said; None if it cannot be known."""
    words = _words(container, variables)
    if (given := option(words, _GRACE)) is not None:
        return given, next(each for each in _GRACE if each in " ".join(words))
    if any(word.rpartition("/")[2] == "gunicorn" for word in words):
        return GUNICORN_GRACE, "gunicorn's default"
    return None


def pre_stop(container: Container) -> float:
    """Seconds that the preStop hook sleeps; 0 without one, or if it cannot be known."""
    hook = container.node.at("lifecycle", "preStop")
    if (slept := hook.at("sleep", "seconds").number) is not None:
        return slept
    found = _SLEEP.search(" ".join(hook.at("exec", "command").words()))
    return (seconds(found[1]) or 0.0) if found else 0.0


def workers(
    container: Container, variables: Mapping[str, Variable], names: Sequence[str]
) -> tuple[float, str] | None:
    """Return the number of processes of a server and the name of the setting; None if nothing says it."""
    if (given := option(_words(container, variables), ("--workers", "-w"))) is not None:
        return given, "--workers"
    return setting(variables, names)


def setting(variables: Mapping[str, Variable], names: Sequence[str]) -> tuple[float, str] | None:
    """Return the number in the first of these variables that has one, and its name."""
    for name in names:
        found = variables.get(name)
        if found is not None and (number := as_number(found.value)) is not None and number >= 0:
            return number, name
    return None


def option(words: Sequence[str], names: Sequence[str]) -> float | None:
    """Return the number that an option is given, as `--name 3` or `--name=3`."""
    for word, following in zip(words, [*words, ""][1:], strict=True):
        name, equals, value = word.partition("=")
        if name in names and (number := as_number(value if equals else following)) is not None:
            return number
    return None


def grace_period(pod: Node) -> float:
    """Seconds from the signal to the kill."""
    given = pod.at("terminationGracePeriodSeconds").number
    return 30.0 if given is None else given


def _words(container: Container, variables: Mapping[str, Variable]) -> list[str]:
    more = variables.get(_GUNICORN_ARGS)
    return [*container.words, *((more.value or "").split() if more else [])]
