"""The daemon's log, for user code: :class:`Logger`, and the standard library's ``logging``."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from logging import LogRecord
    from types import ModuleType
    from typing import Any

    from .report import Report

__all__ = ["Logger", "connect"]

_LEVELS = ("trace", "debug", "info", "notice", "warning", "error", "critical")

_report: Report | None = None
_level = 0
"""Index of the least grave level that the daemon wants."""


class Logger:
    """Writes to the daemon's own log, which ``internal()`` shows. Outside the daemon: to the root logger."""

    def error(self, message: str) -> None:
        _log("error", message)

    def warning(self, message: str) -> None:
        _log("warning", message)

    def info(self, message: str) -> None:
        _log("info", message)

    def debug(self, message: str) -> None:
        """Nothing is done unless the daemon logs debug messages."""
        _log("debug", message)

    def trace(self, message: str) -> None:
        """Nothing is done unless the daemon logs trace messages."""
        _log("trace", message)


def connect(report: Report, level: str | None) -> None:
    """From now on, log to the daemon, which wants this level and graver; also what goes to ``logging``."""
    global _report, _level
    _report = report
    _level = _LEVELS.index(level) if level else 0
    if "logging" in sys.modules:
        _install()
    else:
        sys.meta_path.insert(0, _WaitForLogging())


def _log(level: str, message: str) -> None:
    if _report is not None and _LEVELS.index(level) < _level:
        return
    if not isinstance(message, str):
        raise TypeError(f"Logger.{level}() needs a str, not {type(message).__name__}")
    if _report is not None:
        _report.log(level, message)
    else:
        import logging

        logging.getLogger().log(
            logging.DEBUG if level == "trace" else getattr(logging, level.upper()), message
        )


class _WaitForLogging:
    """A finder that finds nothing, and sees ``logging`` being imported: large, and often not needed."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "logging":
            return None
        from importlib.machinery import PathFinder

        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                _install()

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _install() -> None:
    """Send what is logged to the daemon, at the level it has."""
    import logging

    numbers = {
        "trace": 1,
        "debug": logging.DEBUG,
        "info": logging.INFO,
        "notice": logging.WARNING,
        "warning": logging.WARNING,
        "error": logging.ERROR,
        "critical": logging.CRITICAL,
    }

    class ToDaemon(logging.Handler):
        def emit(self, record: LogRecord) -> None:
            try:
                text = f"python-{record.name}: {self.format(record)}"
                if _report is not None:
                    _report.log(_level_of(record.levelno), text, record.name)
            except BaseException:
                self.handleError(record)

    root: Any = logging.getLogger()
    root.addHandler(ToDaemon())
    root.setLevel(numbers[_LEVELS[_level]])


def _level_of(number: int) -> str:
    for least, level in ((40, "error"), (30, "warning"), (20, "info"), (10, "debug")):
        if number >= least:
            return level
    return "trace"
