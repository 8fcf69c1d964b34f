"""Verbs block; the runner is asynchronous. This is where they meet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(call: Callable[[], T], *, on_cancel: Callable[[], None] | None = None) -> T:
    """Run a blocking call in a thread. When cancelled, `on_cancel` is told, the call is waited for, and only
    then does the cancellation go on: what was begun is never left running behind our back."""
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
        raise
