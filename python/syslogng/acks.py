"""Acks on their way to user code: the callback of the ack tracker, and receipts."""

from __future__ import annotations

import threading

import _syslogng

from .receipt import Receipt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .report import Report

__all__ = ["Acks"]


class Acks:
    """What becomes of a driver's messages. Told on the control thread, but for the last time: see
    :meth:`end`.
    """

    def __init__(self, worker: _syslogng.Worker, report: Report) -> None:
        self._worker = worker
        self._report = report
        self._callback: Callable[[Any], object] | None = None
        self._name = "ack_callback"
        self._changed = threading.Condition()
        """Held while user code is told, so that it is told of one thing at a time."""
        self._over = False
        worker.receipts_with(Receipt)

    def track(self, tracker: object) -> None:
        """Give bookmarks back through ``self.ack_tracker``. Raises TypeError for what is no tracker."""
        self._callback = self._worker.track(tracker)
        if isinstance(tracker, _syslogng.BatchedAckTracker):
            self._name = "batched_ack_callback"

    def tell(self, acked: dict[str, Any]) -> None:
        """An ``acked`` frame has arrived."""
        with self._changed:
            if not self._over:
                self._tell(acked)
            self._changed.notify_all()

    def end(self, patience: float) -> None:
        """Before ``deinit()``, on the main thread: wait for what is on its way, ``patience`` seconds at most;
        tell what a batched tracker has collected. Nothing is told after this.
        """
        if not self._changed.acquire(timeout=patience):
            # User code does not return from being told.
            self._over = True
            return
        try:
            self._changed.wait_for(lambda: not self._worker.unsettled(), patience)
            self._over = True
            self._tell(self._worker.last_acks())
        finally:
            self._changed.release()

    def _tell(self, acked: dict[str, Any]) -> None:
        for receipt, reason in acked["receipts"]:
            receipt._settle(reason)
        if self._callback is None:
            return
        for argument in acked["calls"]:
            try:
                self._callback(argument)
            except BaseException as error:
                self._report.exception(self._name, error)
