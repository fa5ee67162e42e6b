"""What drivers of every kind have in a test: a class that is given, calls that are written down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from syslogng import diagnosis
from syslogng.driver import Instance
from syslogng.report import Refusal

__all__ = ["WRONG", "Refused", "Watching", "Watch", "said"]


class Refused(Exception):
    """The daemon would not start with this driver: what it would say."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.stage = refusal.stage
        self.traceback = refusal.traceback


class Watch:
    """The calls of a driver, and the exceptions that the test has them raise."""

    def __init__(self, cls: type, options: dict[str, Any] | None) -> None:
        self.cls = cls
        self.given = {key.replace("-", "_"): value for key, value in (options or {}).items()}
        self.calls: list[str] = []
        """Methods of the driver, in the order in which they were called."""
        self._failures: dict[str, list[BaseException]] = {}

    def fail(self, method: str, error: BaseException) -> None:
        """Make the next call of a method raise this instead of being made."""
        self._failures.setdefault(method, []).append(error)

    def _watch(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self.calls.append(name)
            failures = self._failures.get(name)
            if failures:
                raise failures.pop(0)
            return method(*arguments)

        return call


class Watching(Instance):
    """An instance whose class is given, and whose calls are written down."""

    watch: Watch

    def _find_class(self) -> type:
        wrong = diagnosis.wrong_base(self.kind, self.watch.cls, self._compat)
        if wrong:
            raise Refusal("class", wrong)
        return self.watch.cls

    def _options(self) -> dict[str, Any]:
        return dict(self.watch.given)

    def _look_up_methods(self) -> None:
        super()._look_up_methods()
        for name, method in self._methods.items():
            self._methods[name] = self.watch._watch(name, method)


WRONG = ("exception", "event", "failed")
"""Frames that say what went wrong."""


def said(frame: dict[str, Any]) -> str:
    """What the daemon's log would say of such a frame."""
    if frame["t"] == "event":
        return str(frame["message"])
    return f"{frame['method']}() raised {frame['message']}"
