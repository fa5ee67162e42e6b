"""Drivers with ``async def``: their event loop, and posting from it.

The loop runs on the worker's main thread, made when the first coroutine is to be awaited.
"""

from __future__ import annotations

import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future, Task
    from collections.abc import AsyncIterable, Awaitable
    from typing import Any

    import _syslogng

__all__ = ["EventLoop", "post", "post_from"]


class EventLoop:
    """Runs coroutines one after the other; what waits can be cancelled by another thread."""

    def __init__(self) -> None:
        self._loop: AbstractEventLoop | None = None
        self._task: Task[Any] | None = None
        self._lock = threading.Lock()
        self._cancelled = False

    @property
    def is_used(self) -> bool:
        """Whether there was a coroutine."""
        return self._loop is not None

    @property
    def is_cancelled(self) -> bool:
        """Whether :meth:`cancel` was called."""
        return self._cancelled

    def settle(self, result: Any, *, last: bool = False) -> Any:
        """What a method returned, awaited if it is ``async def``.

        ``last``: it is awaited also once the loop is cancelled.
        """
        return self.run(result, last=last) if hasattr(type(result), "__await__") else result

    def run(self, awaitable: Awaitable[Any], *, last: bool = False) -> Any:
        """Wait for something awaitable; CancelledError if :meth:`cancel` is called first."""
        import asyncio

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)

        async def wait() -> Any:
            return await awaitable

        task = self._loop.create_task(wait())
        with self._lock:
            if not last:
                self._task = task
                if self._cancelled:
                    task.cancel()
        try:
            return self._loop.run_until_complete(task)
        finally:
            with self._lock:
                self._task = None

    def cancel(self) -> None:
        """Cancel what is awaited, and whatever will be. Safe to be called by any thread."""
        with self._lock:
            self._cancelled = True
            task, loop = self._task, self._loop
        if task is not None and loop is not None:
            try:
                loop.call_soon_threadsafe(task.cancel)
            except RuntimeError:
                # The loop is closed: there is nothing to cancel.
                pass

    def close(self) -> None:
        """Cancel what was left running in the loop, and close it."""
        import asyncio

        loop = self._loop
        if loop is None or loop.is_closed():
            return
        try:
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            if left:
                loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            asyncio.set_event_loop(None)
            loop.close()


_waits: dict[int, Future[None]] = {}
"""The wait of each loop, which all its tasks share."""


async def post(source: _syslogng.LogSource, msg: Any) -> bool:
    """As ``post_message()``; while it has to wait, other tasks of the loop run."""
    while True:
        posted = source._post_now(msg)
        if posted is not None:
            return posted
        await _wait(source)


async def post_from(source: _syslogng.LogSource, messages: AsyncIterable[Any]) -> None:
    """Post what a ``run()`` with ``async def`` and ``yield`` brings."""
    async for message in messages:
        await post(source, message)


async def _wait(source: _syslogng.LogSource) -> None:
    """Wait on a thread until it is worth trying again."""
    import asyncio

    loop = asyncio.get_running_loop()
    future = _waits.get(id(loop))
    if future is None or future.done():
        future = _waits[id(loop)] = loop.create_future()

        def wait() -> None:
            source._wait_to_post()
            try:
                loop.call_soon_threadsafe(_resolve, future)
            except RuntimeError:
                # The loop is closed, and nobody waits in it any more.
                pass

        threading.Thread(target=wait, name="syslogng-post", daemon=True).start()
    # A task that is cancelled must not take the wait from the others.
    await asyncio.shield(future)


def _resolve(future: Future[None]) -> None:
    if not future.done():
        future.set_result(None)
