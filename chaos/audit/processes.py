"""How many processes of a container have a pool of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chaos.audit.command_line import is_unknown, option, words
from chaos.audit.environment import Variable
from chaos.audit.servers import setting, workers
from chaos.audit.workload import Container

_CONCURRENCY = ("-c", "--concurrency")
_ONE_PROCESS = ("gevent", "eventlet", "threads", "solo", "beat")


def processes(
    container: Container, variables: Mapping[str, Variable], names: Sequence[str]
) -> tuple[float, str]:
    """Return their number, and what is missing to know it: empty if nothing. A server without setting has one."""
    mode = variables.get("MODE")
    if mode is not None and mode.value in ("worker", "beat"):  # as Dify's image starts Celery
        pool = variables.get("CELERY_WORKER_CLASS")
        return _celery(pool.value or "gevent" if pool else "gevent", None, variables)
    given = words(container, variables)
    if any(word.rpartition("/")[2] == "celery" for word in given):
        is_missing = is_unknown(given, _CONCURRENCY)
        return _celery(_pool(given), option(given, _CONCURRENCY), {} if is_missing else variables)
    found = workers(container, variables, [each for each in names if not each.startswith("CELERY")])
    if found is not None and found[0] is None:
        return 1.0, f"the number of workers of {container.workload.item.name}"
    return (found[0] if found and found[0] is not None else 1.0), ""


def _celery(pool: str, concurrency: float | None, variables: Mapping[str, Variable]) -> tuple[float, str]:
    """Celery's pools of greenlets or threads live in one process; prefork has one process for each task."""
    if pool in _ONE_PROCESS:
        return 1.0, ""
    found = setting(variables, ("CELERY_WORKER_AMOUNT",))
    number = concurrency if concurrency is not None else found[0] if found else None
    return (1.0, "the concurrency of a Celery worker") if number is None else (number, "")


def _pool(words: Sequence[str]) -> str:
    for word, following in zip(words, [*words, ""][1:], strict=True):
        name, equals, value = word.partition("=")
        if name in ("-P", "--pool"):
            return value if equals else following
    return "beat" if "beat" in words else "prefork"
