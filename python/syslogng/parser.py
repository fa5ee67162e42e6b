"""The base class of parsers.

The life of a parser: ``__init__()``, ``init(options)``, ``parse()`` for each message, ``deinit()``, all on
the main thread of its worker process. With ``workers(n)`` there are n processes, each with an object of its
own.
"""

from __future__ import annotations

import _syslogng

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from _syslogng import LogMessage

__all__ = ["LogParser"]


class LogParser(_syslogng.LogParser):
    """A parser. Override :meth:`parse`."""

    def init(self, options: dict[str, Any]) -> bool:
        """Prepare; the options are those of the configuration.

        Anything false, or an exception, and the daemon does not start.
        """
        return True

    def deinit(self) -> Any:
        """Clean up; the last call."""

    def parse(self, msg: LogMessage) -> bool:
        """Look at a message and set its values.

        Anything false, or an exception: the message is dropped from its log path.
        """
        raise NotImplementedError
