"""Check every table and index of a server with pg_amcheck, if it works."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal, TypeAlias

from chaos.errors import TargetError
from chaos.postgres.cluster import Cluster
from chaos.postgres.connection import ask

_NAME = "pg_amcheck"
_SHOWN = 3  # lines of its output

Condition: TypeAlias = Literal["sound", "damaged", "not checked"]
_OUTCOMES: dict[int, Condition] = {0: "sound", 2: "damaged"}


@dataclass(frozen=True, slots=True)
class Checked:
    outcome: Condition
    said: str  # the tool and its findings, or why it was not run
    seconds: float


def check_relations(server: Cluster, dsn: str, *, timeout: float = 3600.0) -> Checked:
    """Run pg_amcheck on every database of the server, as the user of `dsn`; installs the extension first."""
    programs, began = server.programs, time.monotonic()
    if not programs.installation.program(_NAME).exists():
        return Checked("not checked", f"{_NAME} is not installed", 0.0)
    (known,) = ask(dsn, "SELECT count(*) FROM pg_available_extensions WHERE name = 'amcheck'")
    if not known:
        return Checked("not checked", f"PostgreSQL {programs.installation.version} here has no amcheck", 0.0)
    options = ["--all", "--install-missing", "--heapallindexed", "--no-password", f"--maintenance-db={dsn}"]
    try:
        code, said = programs.run(_NAME, *options, timeout=timeout)
    except TargetError as error:
        return Checked("not checked", str(error), time.monotonic() - began)
    version = f"{_NAME} {programs.installation.version}"
    # 2 means damage; any other code means that it could not check.
    outcome = _OUTCOMES.get(code, "not checked")
    words = "; ".join(" ".join(line.split()) for line in said.strip().splitlines()[:_SHOWN])
    told = f"{version} found nothing wrong" if code == 0 else f"{version}: {words}"
    return Checked(outcome, told, time.monotonic() - began)
