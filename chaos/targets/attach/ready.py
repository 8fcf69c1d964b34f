"""Wait until an attached service answers."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from chaos.access import trust
from chaos.errors import NoVerdict
from chaos.later import httpx
from chaos.plugin.driver import Site
from chaos.spec.units import show_seconds

log = logging.getLogger(__name__)

ANSWER_WITHIN = 2.0  # seconds; doubled after each attempt that took longer: some services are slow
POLL = 0.2  # seconds between two attempts: a service emits no event when it is ready


def wait_until_ready(
    url: str, headers: Mapping[str, str], within: float, site: Site, *, any_answer: bool
) -> None:
    """Wait until `url` answers with a 2xx, or at all if `any_answer`; redirects are not followed.

    Raises NoVerdict after `within` seconds: a target that is down is not midnight's failure. Raises Aborted.
    """
    end, last, patience = time.monotonic() + within, "", ANSWER_WITHIN
    verify = trust.trust(url)
    log.debug("waits up to %g s for an answer of %s%s", within, url, "" if any_answer else " with a 2xx")
    with httpx.Client(headers=headers, trust_env=False, verify=verify) as client:
        while True:
            site.check()
            try:
                with client.stream("GET", url, timeout=patience) as answer:
                    log.debug("%s: %d", url, answer.status_code)
                    if any_answer or answer.is_success:
                        return
                    last = f"it answered {answer.status_code}"
            except httpx.HTTPError as error:
                last = _logged(url, str(error) or type(error).__name__, last)
                if isinstance(error, httpx.TimeoutException):
                    patience = min(2 * patience, max(end - time.monotonic(), ANSWER_WITHIN))
            if time.monotonic() >= end:
                raise NoVerdict(f"the target was not ready within {show_seconds(within)}: {url}: {last}")
            site.stopping.wait(POLL)


def _logged(url: str, now: str, before: str) -> str:
    """Why it is not ready now: logged only on change, because it is checked five times a second."""
    if now != before:
        log.debug("%s: %s", url, now)
    return now
