"""A blocking call of the runner that is cancelled, as by Ctrl-C, ends before the cancellation goes on."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import Any

import pytest

from chaos.errors import Aborted
from chaos.run.threads import in_thread


def test_the_error_of_a_cancelled_call_is_not_printed_as_a_traceback() -> None:
    begun, told = threading.Event(), threading.Event()
    unread: list[dict[str, Any]] = []

    def call() -> None:
        begun.set()
        told.wait(60)
        raise Aborted("stopped while starting the target")

    async def cancel() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: unread.append(context))
        waiting = asyncio.ensure_future(in_thread(call, on_cancel=told.set))
        await asyncio.to_thread(begun.wait, 60)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        del waiting
        gc.collect()

    asyncio.run(cancel())
    assert unread == []


def test_the_error_of_a_call_that_is_not_cancelled_is_raised() -> None:
    def call() -> None:
        raise Aborted("no such directory")

    with pytest.raises(Aborted, match="no such directory"):
        asyncio.run(in_thread(call))
