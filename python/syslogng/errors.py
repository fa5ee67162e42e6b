"""Exceptions of methods that are called for every message: told, but not every time."""

from __future__ import annotations

from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .report import Report

__all__ = ["Errors"]

_EVERY_SECONDS = 1.0
"""An error of one kind is told at most this often; the next one says how many there were in between."""


class Errors:
    """What a method does wrong, each kind of it at most once a second."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._told: dict[object, float] = {}
        self._untold: dict[object, int] = {}

    def exception(self, method: str, error: BaseException) -> None:
        """A method raised."""
        if self._is_due((method, type(error))):
            self._report.exception(method, error)

    def event(self, kind: str, message: str) -> None:
        """Something that is counted and logged."""
        if self._is_due(message):
            self._report.event(kind, message)

    def _is_due(self, key: object) -> bool:
        now = monotonic()
        if now - self._told.get(key, -_EVERY_SECONDS) < _EVERY_SECONDS:
            self._untold[key] = self._untold.get(key, 0) + 1
            return False
        self._told[key] = now
        untold = self._untold.pop(key, 0)
        if untold:
            self._report.log("error", f"{untold} more of the error that follows, since it was told last")
        return True
