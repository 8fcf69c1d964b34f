"""How long a server takes to end, and how many processes it has, by its command line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from chaos.audit.command_line import is_unknown, option, words
from chaos.audit.environment import Variable
from chaos.audit.node import Node, as_number
from chaos.audit.quantity import seconds
from chaos.audit.workload import Container

GUNICORN_GRACE = 30.0
_GRACE = ("--graceful-timeout", "--timeout-graceful-shutdown")
_WORKERS = ("--workers", "-w")
_GUNICORN_ARGS = "GUNICORN_CMD_ARGS"
_SLEEP = re.compile(r"\bsleep\s+([0-9.]+[smh]?)")


def graceful(container: Container, variables: Mapping[str, Variable]) -> tuple[float, str] | None:
    """Return the seconds a server gives its requests, and where that is said; None if it cannot be known."""
    given = _words(container, variables)
    if (number := option(given, _GRACE)) is not None:
        return number, next(each for each in _GRACE if each in " ".join(given))
    if not is_unknown(given, _GRACE) and any(word.rpartition("/")[2] == "gunicorn" for word in given):
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
) -> tuple[float | None, str] | None:
    """Return the number of processes of a server, which is None if it cannot be known, and the name of the setting;
    None if nothing says it."""
    given = _words(container, variables)
    number = option(given, _WORKERS)
    if number is not None or is_unknown(given, _WORKERS):
        return number, _WORKERS[0]
    return setting(variables, names)


def setting(variables: Mapping[str, Variable], names: Sequence[str]) -> tuple[float, str] | None:
    """Return the number in the first of these variables that has one, and its name."""
    for name in names:
        found = variables.get(name)
        if found is not None and (number := as_number(found.value)) is not None and number >= 0:
            return number, name
    return None


def grace_period(pod: Node) -> float:
    """Seconds from the signal to the kill."""
    given = pod.at("terminationGracePeriodSeconds").number
    return 30.0 if given is None else given


def _words(container: Container, variables: Mapping[str, Variable]) -> list[str]:
    more = variables.get(_GUNICORN_ARGS)
    return [*words(container, variables), *((more.value or "").split() if more else [])]
