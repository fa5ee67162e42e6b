"""Objects that the daemon asks: parsers, destinations, header plugins."""

from __future__ import annotations

from . import diagnosis, trace
from .driver import Instance
from .report import Refusal
from .sending import SequenceNumber
from .template import LogTemplateOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .report import Report

__all__ = ["Served"]

_CONSTANTS = {
    "DROP": 0,
    "ERROR": 1,
    "SUCCESS": 3,
    "QUEUED": 4,
    "NOT_CONNECTED": 5,
    "RETRY": 6,
    "MAX": 7,
}
"""Results that a destination's class has, whatever it is derived from."""


class Served(Instance):
    """A parser, destination or header plugin, and the object of the user's class that is made for it."""

    def __init__(self, told: dict[str, Any], config_version: tuple[int, int], report: Report) -> None:
        super().__init__(told, config_version, report)
        self.sequence = SequenceNumber()

    @property
    def compat(self) -> bool:
        """Whether messages read as an ``@version`` below 4.0 has them."""
        return self._compat

    def prepare(self) -> None:
        """Everything up to the end of ``init()``. Raises :class:`Refusal`."""
        self._load()
        self._make(self._find_class())
        if self.kind == "header":
            return
        if self.kind == "destination":
            self._name()
            self._set("persist_name", self.full_persist_name)
            self._set("template_options", LogTemplateOptions())
            self._set("seqnum", self.sequence)
        self._init()

    def take_written_bytes(self) -> int:
        """What ``stats_written_bytes_add()`` was given since the last time."""
        take = getattr(self.instance, "_take_written_bytes", None)
        return int(take()) if take is not None else 0

    def _make(self, found: type) -> None:
        if self.kind == "destination":
            self._add_constants(found)
        try:
            self.instance = found(self._options()) if self.kind == "header" else found()
        except BaseException as error:
            raise Refusal("new", f"cannot make a {self._class}: {trace.one_line(error)}", error) from None
        self._look_up_methods()

    def _find_class(self) -> type:
        found = super()._find_class()
        wrong = diagnosis.foreign_base(self.kind, found)
        if wrong:
            # Only with an @version below 4.0: above, it was refused.
            self.report.log("warning", f"{wrong}; accepted, since the @version is below 4.0")
        return found

    def _add_constants(self, found: type) -> None:
        for name, value in _CONSTANTS.items():
            if not hasattr(found, name):
                try:
                    setattr(found, name, value)
                except (AttributeError, TypeError):
                    # A class that cannot be changed writes the numbers itself.
                    return
