"""The target's own detector: the loss is detected after a number of consecutive failed probes, one per period.

It does not know what was injected. `write` does a write that is rolled back, directly on the database, as a monitor
beside it would; `http` checks that the API is ready; `rows` counts a table and fails once there are fewer rows than
before.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Annotated, Literal, LiteralString

from pydantic import Field

from chaos.access import trust
from chaos.errors import TargetError
from chaos.later import conninfo, httpx, psycopg, sql
from chaos.plugin.driver import Incident
from chaos.plugin.fault import Evidence
from chaos.plugin.handles import Handles
from chaos.postgres.connection import ask_within
from chaos.postgres.writes import attempt_write
from chaos.runbook_actions.action import Action
from chaos.spec.units import Positive, show_seconds
from chaos.spec.yamlfile import Model

_COUNT: LiteralString = "SELECT count(*) FROM {}"

Failure = str  # a probe's error; empty if it was good


class DetectParams(Model):
    probe: Literal["write", "http", "rows"] = "write"
    period: Positive = 1.0
    failures: Annotated[int, Field(ge=1)] = 3  # in a row
    timeout: Positive = 2.0  # of a probe; libpq gives up on a connection after 2 s at the soonest
    table: str = "records"  # of `rows`


class Detect(Action):
    Params = DetectParams

    def __init__(self, params: DetectParams, handles: Handles) -> None:
        self._params, self._handles = params, handles
        self._rows, self._fell = 0, ""
        self._quoted = sql.Identifier(*params.table.split("."))

    def do(self, incident: Incident, stop: threading.Event) -> Evidence:
        probe = self._probe(incident.target.ready)
        failed, probes, first, because = 0, 0, 0.0, ""
        due = time.monotonic()
        while not stop.wait(max(0.0, due - time.monotonic())):
            begun = time.monotonic()
            because = probe()
            probes += 1
            failed = failed + 1 if because else 0
            first = begun if failed == 1 else first
            if failed >= self._params.failures:
                rule = f"{self._params.failures} failures in a row, {show_seconds(self._params.period)} apart"
                failing = time.monotonic() - first
                told = {"probe": self._params.probe, "rule": rule, "probes": probes}
                return {**told, "failing_seconds": failing, "said": because}
            due += self._params.period
        raise TargetError(f"nothing was detected in {probes} probes ({self._params.probe})")

    def _probe(self, ready: str) -> Callable[[], Failure]:
        if self._params.probe == "http":
            url = self._handles.base_url.rstrip("/") + ready
            return lambda: self._ready(url)
        database = next(iter(self._handles.databases.values()), None)
        if database is None:
            raise TargetError(f"the probe {self._params.probe!r} needs a database in the target's file")
        if self._params.probe == "write":
            return lambda: self._takes_a_write(database.admin_dsn)
        name = conninfo.conninfo_to_dict(next(iter(database.dsns.values()), "")).get("dbname")
        dsn = conninfo.make_conninfo(database.admin_dsn, **({"dbname": name} if name else {}))
        return lambda: self._holds_its_rows(dsn)

    def _ready(self, url: str) -> Failure:
        try:
            answer = httpx.get(
                url,
                headers=self._handles.headers,
                timeout=self._params.timeout,
                trust_env=False,
                verify=trust.trust(url),
            )
            return "" if answer.is_success else f"answered with {answer.status_code}"
        except httpx.HTTPError as error:
            return str(error) or type(error).__name__

    def _takes_a_write(self, dsn: str) -> Failure:
        try:
            attempt = attempt_write(dsn, commit=False, deadline=self._params.timeout)
        except TargetError as error:
            return str(error)
        return "" if attempt.outcome == "accepted" else f"{attempt.outcome}: {attempt.said}"

    def _holds_its_rows(self, dsn: str) -> Failure:
        try:
            ((count,),) = ask_within(
                dsn, sql.SQL(_COUNT).format(self._quoted).as_string(), self._params.timeout
            )
        except (TargetError, psycopg.Error) as error:
            return str(error).strip()
        before, self._rows = self._rows, int(count or 0)
        # known from then on: new rows fill the gap but do not bring back the old ones
        if self._rows < before:
            self._fell = f"{self._rows} rows ({before} before)"
        return self._fell
