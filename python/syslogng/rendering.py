"""What a worker does for templates: ``$(python NAME …)`` for each message."""

from __future__ import annotations

import sys
from importlib import import_module

from . import trace
from .errors import Errors
from .loader import MAIN
from .logger import Logger

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from _syslogng import Request

    from .report import Report

__all__ = ["Rendering", "find_function", "report_failure"]

_ERROR = "<error>"
"""What stands in the text where a function cannot be called, as in syslog-ng."""


def find_function(name: str) -> Callable[..., Any]:
    """Find a template function: a name of the blocks, or with dots in a module. Raises what is wrong."""
    module, _, attribute = name.rpartition(".")
    holder = import_module(module) if module else sys.modules.get(MAIN)
    found = getattr(holder, attribute, None)
    if found is None:
        where = f"module {module}" if module else "the python blocks of the configuration"
        raise LookupError(f"template function {attribute} is not defined in {where}")
    if not callable(found):
        raise LookupError(f"template function {name} is a {type(found).__name__}, which cannot be called")
    function: Callable[..., Any] = found
    return function


def report_failure(name: str, error: BaseException) -> None:
    """Log why ``$(python name)`` in a template of Python code shows ``<error>``."""
    Logger().error(f"$(python {name}): {trace.one_line(error)}")


class Rendering:
    """A template function of the configuration; without a name, the first argument is it."""

    def __init__(self, name: str, compat: bool, report: Report) -> None:
        self._name = name
        self._compat = compat
        self._errors = Errors(report)

    def handle(self, request: Request) -> None:
        """Call the function for the messages of a request and answer."""
        function = self._find(self._name) if self._name else None
        compat, rendered = self._compat, request.rendered
        while (found := request.message_and_arguments(compat)) is not None:
            message, arguments = found
            if not self._name:
                function = self._find(arguments[0].decode(errors="replace"))
                arguments = arguments[1:]
            result: Any = _ERROR
            if function is not None:
                try:
                    result = function(message, *arguments)
                except BaseException as error:
                    self._errors.exception(self._name or "template function", error)
            try:
                taken = rendered(result, compat)
            except BaseException as error:
                self._errors.exception(self._name or "template function", error)
                taken = rendered(_ERROR, compat)
            if not taken:
                break
        request.finish()

    def _find(self, name: str) -> Callable[..., Any] | None:
        try:
            return find_function(name)
        except BaseException as error:
            self._errors.exception(name, error)
            return None
