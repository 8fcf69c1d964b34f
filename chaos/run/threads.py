"""Run blocking verbs in threads of the asynchronous runner."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

log = logging.getLogger(__name__)


async def in_thread(call: Callable[[], T], *, on_cancel: Callable[[], None] | None = None) -> T:
    """Run a blocking call in a thread. When cancelled, call `on_cancel`, wait for the call to end, and only then
    propagate the cancellation, not its error: nothing is left running unobserved."""
    task = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if on_cancel is not None:
            on_cancel()
        while not task.done():
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError:  # an impatient second cancellation changes nothing
                continue
        if not task.cancelled() and (error := task.exception()) is not None:
            # read, or asyncio prints its traceback
            log.debug("a cancelled call ended with: %s", error)
        raise
