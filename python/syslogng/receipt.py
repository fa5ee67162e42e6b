"""What became of a message: the answer to ``post_message(msg, receipt=True)``."""

from __future__ import annotations

import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from collections.abc import Generator

__all__ = ["Receipt"]


class Receipt:
    """Says what became of one message, once that is known.

    A message is delivered when every log path is done with it: with ``flags(flow-control)`` that is when the
    destinations have it; without, when their queues do. What no log path wants is delivered too.

    Wait on a thread with :meth:`wait`, in a coroutine with ``await receipt``, which gives
    :attr:`delivered`. Every receipt is settled at the latest when the driver is deinitialised.
    """

    __slots__ = ("_waiters", "_settled", "delivered", "reason")

    _lock = threading.Lock()
    """For all of them: it is held for moments only."""

    delivered: bool
    """Whether the message was delivered. False as long as :attr:`done` is."""
    reason: str | None
    """Why it was not: ``queue-full``, ``retries`` and the other reasons of the daemon's counters;
    ``suspended`` when it was not even posted; ``aborted`` when its destination ended first; ``exiting``
    when the driver did, and it may still be delivered."""

    def __init__(self) -> None:
        self.delivered = False
        self.reason = None
        self._settled = False
        self._waiters: list[tuple[AbstractEventLoop, Future[bool]] | threading.Event] | None = None

    @property
    def done(self) -> bool:
        """Whether it is known what became of the message."""
        return self._settled

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is known, ``timeout`` seconds at most; whether the message was delivered.

        Do not call it where acks are told: in the callback of an ack tracker, or in ``wakeup()``.
        """
        event = threading.Event()
        if self._join(event):
            event.wait(timeout)
        return self.delivered

    def __await__(self) -> Generator[object, None, bool]:
        from asyncio import get_running_loop

        loop = get_running_loop()
        future: Future[bool] = loop.create_future()
        if self._join((loop, future)):
            yield from future
        return self.delivered

    def __repr__(self) -> str:
        if not self._settled:
            return "<Receipt: on its way>"
        return "<Receipt: delivered>" if self.delivered else f"<Receipt: not delivered, {self.reason}>"

    def _join(self, waiter: tuple[AbstractEventLoop, Future[bool]] | threading.Event) -> bool:
        """Have ``waiter`` told; False: there is nothing to wait for."""
        with self._lock:
            if self._settled:
                return False
            if self._waiters is None:
                self._waiters = []
            self._waiters.append(waiter)
            return True

    def _settle(self, reason: str | None) -> None:
        """It is known: delivered, or not, for this reason. Only the first word counts."""
        with self._lock:
            if self._settled:
                return
            self.delivered = reason is None
            self.reason = reason
            self._settled = True
            waiters, self._waiters = self._waiters or [], None
        for waiter in waiters:
            if isinstance(waiter, threading.Event):
                waiter.set()
                continue
            loop, future = waiter
            try:
                loop.call_soon_threadsafe(_resolve, future, self.delivered)
            except RuntimeError:
                # The loop is closed, and nobody waits in it any more.
                pass


def _resolve(future: Future[bool], delivered: bool) -> None:
    if not future.done():
        future.set_result(delivered)
