"""Verify that the service is back, as its operators would: ready, several times in a row."""

from __future__ import annotations

import threading
import time
from typing import Annotated

from pydantic import Field

from chaos.access import trust
from chaos.errors import TargetError
from chaos.later import httpx
from chaos.plugin.driver import Incident
from chaos.plugin.fault import Evidence
from chaos.plugin.handles import Handles
from chaos.runbook_actions.action import Action
from chaos.spec.units import Positive
from chaos.spec.yamlfile import Model


class VerifyParams(Model):
    good: Annotated[int, Field(ge=1)] = 5  # answers in a row
    period: Positive = 0.2
    timeout: Positive = 2.0


class Verify(Action):
    Params = VerifyParams

    def __init__(self, params: VerifyParams, handles: Handles) -> None:
        self._params, self._handles = params, handles

    def do(self, incident: Incident, stop: threading.Event) -> Evidence:
        url = self._handles.base_url.rstrip("/") + incident.target.ready
        begun, asked, good, because = time.monotonic(), 0, 0, "it was never queried"
        with httpx.Client(
            headers=self._handles.headers,
            timeout=self._params.timeout,
            trust_env=False,
            verify=trust.trust(url),
        ) as client:
            while not stop.wait(self._params.period if asked else 0.0):
                asked += 1
                try:
                    answer = client.get(url)
                    good = good + 1 if answer.is_success else 0
                    because = f"the last answer was {answer.status_code}"
                except httpx.HTTPError as error:
                    good, because = 0, str(error) or type(error).__name__
                if good >= self._params.good:
                    return {"asked": asked, "good_in_a_row": good, "seconds": time.monotonic() - begun}
        raise TargetError(f"the service is not back after {asked} attempts: {because}")
