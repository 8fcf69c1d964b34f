"""Send enough requests to open connections in every worker: a baseline must not measure a cold start."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from chaos.later import httpx

CLIENTS, REQUESTS = 12, 120


def warm_up(url: str) -> None:
    # a new connection each, so that every worker gets its share
    limits = httpx.Limits(max_keepalive_connections=0)
    with (
        httpx.Client(timeout=5, trust_env=False, verify=False, limits=limits) as client,
        ThreadPoolExecutor(CLIENTS) as pool,
    ):

        def ask(_: int) -> None:
            with suppress(httpx.HTTPError):
                client.get(url)

        list(pool.map(ask, range(REQUESTS)))
