"""Give services of a project the witness, by an override file; the project's own is never edited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chaos.census.witness.ask import DIRECTORY, folder
from chaos.census.witness.giving import ANSWERS, COPIED, PYTHONPATH, first_on
from chaos.engine.projects import Found
from chaos.errors import UsageError
from chaos.targets.compose import overrides
from chaos.targets.compose.overrides import WITNESS, Override


def give(project: str, there: Sequence[Found], services: Sequence[str]) -> Override:
    """The witness's folder is mounted read-only; answers are in the container's memory, and end with it. Raises
    UsageError.
    """
    known = {each.service: each for each in there}
    for service in services:
        if service not in known:
            raise UsageError(
                f"compose:{project}/{service or 'SERVICE'}: the service must be one of {', '.join(sorted(known))}"
            )
    document = {
        "services": {service: _service(known[service]) for service in services},
        WITNESS: {service: "true" for service in services},
    }
    marks = frozenset({WITNESS})
    back = ("To take the witness away:", *overrides.back(project, there, marks))
    return Override(marks, document, back)


def _service(found: Found) -> dict[str, Any]:
    mount = {"type": "bind", "source": str(folder()), "target": str(COPIED), "read_only": True}
    return {
        "environment": {
            PYTHONPATH: first_on(found.environment.get(PYTHONPATH, ""), COPIED),
            DIRECTORY: ANSWERS,
        },
        "volumes": [mount],
        "tmpfs": [f"{ANSWERS}:mode=1777,size=64m"],
    }
