"""What a worker does with the messages of a destination: ``open()``, ``send()``, ``flush()``, ``close()``.

The daemon keeps every message until it is settled. What is said to it after each request is how many of the
oldest are delivered, how many behind them are dropped, and what becomes of the rest.
"""

from __future__ import annotations

from . import diagnosis
from .dest import LogDestinationResult as Result
from .errors import Errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from _syslogng import Request

    from .served import Served

__all__ = ["Sending", "SequenceNumber"]

_RETRIES_AT_ONCE_MAX = 3
"""``RETRY`` so many times in a row is ``NOT_CONNECTED``."""


class SequenceNumber:
    """``self.seqnum``: an integer that follows the message at hand."""

    def __init__(self) -> None:
        self.value = 0

    def __int__(self) -> int:
        return self.value

    __index__ = __int__

    def __str__(self) -> str:
        return str(self.value)

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return format(self.value, spec)

    def __eq__(self, other: object) -> bool:
        return int(other) == self.value if isinstance(other, (int, SequenceNumber)) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.value)


class Sending:
    """A destination of the configuration, or one of its workers."""

    def __init__(self, driver: Served) -> None:
        self._driver = driver
        self._errors = Errors(driver.report)
        send = driver.method("send")
        assert send is not None, "prepare() has looked"
        self._send: Callable[[Any], Any] = send
        self._flush = driver.method("flush")
        self._is_opened = driver.method("is_opened")
        told = driver.told["destination"]
        self._batch_lines: int = told["batch_lines"]
        self._as_dict: bool = told["value_pairs"]
        self._number_all: bool = told["seqnum_all"]
        self._number: bool = told["seqnum"]
        self._kept = 0
        """Messages of earlier requests that are not settled."""
        self._queued = 0
        """Messages since the last one that was settled."""
        self._retries = 0
        self._none_told = False

    def handle(self, request: Request) -> None:
        """Do what a request asks for and answer."""
        if request.verb == "send":
            self._send_all(request)
            return
        action = request.said()["do"]
        if action == "open":
            why = self._open()
            request.answer({"why": why}, 0, 0)
        elif action == "close":
            self._close()
            request.answer({}, 0, 0)
        else:
            request.answer(self._settle(0, self._kept, self._flush_result()), 0, 0)

    def _open(self) -> str | None:
        """Connect; why that failed."""
        self._kept = self._queued = 0
        method = self._driver.method("open")
        if method is None:
            return None
        try:
            result = method()
            if diagnosis.is_coroutine(result):
                result.close()
                return "open() cannot be async: it is called, not awaited"
            if result is None and not self._none_told:
                self._none_told = True
                self._driver.report.log(
                    "warning", "open() returned None, taken for True: end it with return True"
                )
            if result is not None and not result:
                return f"open() returned {result!r:.80}"
            if self._is_opened is not None and not self._is_opened():
                return "is_opened() is false after open()"
        except BaseException as error:
            self._errors.exception("open", error)
            return f"open() raised {type(error).__name__}: {error}"
        return None

    def _close(self) -> None:
        self._kept = self._queued = 0
        if self._is_opened is None or self._driver.call("is_opened"):
            self._driver.call("close")

    def _send_all(self, request: Request) -> None:
        count, number = len(request), request.number
        settled = 0
        result = Result.QUEUED
        sequence = self._driver.sequence
        for position in range(1, count + 1):
            message = (
                request.pairs(self._driver.compat)
                if self._as_dict
                else request.message(self._driver.compat, False)
            )
            if self._number and (self._number_all or request.is_local):
                sequence.value = number
                number += 1
            else:
                sequence.value = 0
            result = self._send_one(message)
            if result == Result.SUCCESS:
                settled = self._kept + position
                self._queued = 0
                request.settled(settled)
            elif result != Result.QUEUED:
                request.answer(
                    self._settle(settled, self._kept + position - settled, result), position, number
                )
                return
        self._kept += count
        request.answer(self._settle(settled, self._kept - settled, Result.QUEUED), count, number)

    def _send_one(self, message: Any) -> Result:
        if self._is_opened is not None:
            try:
                opened = self._is_opened()
            except BaseException as error:
                self._errors.exception("is_opened", error)
                opened = False
            if not opened and self._open_again() is not None:
                return Result.NOT_CONNECTED
        try:
            result = self._read("send", self._send(message))
        except BaseException as error:
            self._errors.exception("send", error)
            result = Result.ERROR
        if result == Result.QUEUED:
            self._queued += 1
            if self._queued >= self._batch_lines:
                result = self._flush_result()
        return result

    def _open_again(self) -> str | None:
        kept, queued = self._kept, self._queued
        why = self._open()
        self._kept, self._queued = kept, queued
        return why

    def _flush_result(self) -> Result:
        if self._flush is None:
            return Result.SUCCESS
        try:
            result = self._read("flush", self._flush())
        except BaseException as error:
            self._errors.exception("flush", error)
            result = Result.ERROR
        if result == Result.SUCCESS:
            self._queued = 0
        return result

    def _settle(self, delivered: int, batch: int, result: Result) -> dict[str, Any]:
        """What is said to the daemon: so many are delivered, and the batch behind them had this result."""
        if result == Result.RETRY:
            self._retries += 1
            if self._retries >= _RETRIES_AT_ONCE_MAX:
                result = Result.NOT_CONNECTED
        if result != Result.RETRY:
            self._retries = 0
        dropped, then, messages = 0, "again", batch
        if result == Result.SUCCESS:
            delivered, then = delivered + batch, "keep_open"
        elif result == Result.QUEUED:
            then = "keep_open"
        elif result == Result.DROP:
            dropped, then = batch, "reopen"
        elif result == Result.NOT_CONNECTED:
            then = "reopen"
        elif result != Result.RETRY:
            then = "failed"
        if then == "keep_open":
            self._kept -= delivered
        else:
            self._kept = self._queued = 0
        return {
            "delivered": delivered,
            "dropped": dropped,
            "then": then,
            "messages": messages,
            "why": f"the destination said {result.name}",
            "written_bytes": self._driver.take_written_bytes(),
        }

    def _read(self, method: str, result: Any) -> Result:
        """What a method's return value means."""
        if result is True:
            return Result.SUCCESS
        if result is False:
            return Result.ERROR
        if isinstance(result, int):
            try:
                found = Result(result)
            except ValueError:
                found = Result.EXPLICIT_ACK_MGMT
            if found != Result.EXPLICIT_ACK_MGMT:
                return found
            self._errors.event("bad_result", f"{method}() returned {int(result)}, which is no result")
            return Result.ERROR
        if diagnosis.is_coroutine(result):
            result.close()
            self._errors.event("bad_result", f"{method}() cannot be async: it is called, not awaited")
            return Result.ERROR
        fix = "return self.SUCCESS, self.QUEUED, self.ERROR, self.DROP or self.NOT_CONNECTED"
        returned = "None" if result is None else type(result).__name__
        self._errors.event("bad_result", f"{method}() returned {returned}: {fix}")
        return Result.ERROR
