"""The base class of log destinations.

The life of a destination: ``__init__()``, ``init(options)``, ``open()``, then ``send()`` for each message and
``flush()`` in between, ``close()`` when the connection is lost or the daemon ends, ``deinit()``. All of it
runs on the main thread of the worker process. Methods are looked up once, after ``__init__()``.
"""

from __future__ import annotations

from enum import IntEnum

import _syslogng

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

    from _syslogng import LogMessage, LogTemplateOptions

__all__ = ["LogDestination", "LogDestinationResult"]


class LogDestinationResult(IntEnum):
    """What ``send()`` and ``flush()`` return.

    The batch is all messages since the last one that was settled.
    """

    DROP = 0
    """The batch can never be delivered: it is dropped and counted. ``close()``, and later ``open()``."""
    ERROR = 1
    """The batch failed: it is sent again after ``time-reopen()``, or dropped after ``retries()`` failures."""
    EXPLICIT_ACK_MGMT = 2
    """Not for Python: as ``ERROR``."""
    SUCCESS = 3
    """The batch is delivered."""
    QUEUED = 4
    """The message is taken, and delivered once ``flush()`` or a later ``send()`` says so."""
    NOT_CONNECTED = 5
    """The connection is lost: ``close()``, later ``open()``, and the batch again, without limit."""
    RETRY = 6
    """Send the batch again at once; the third time in a row is ``NOT_CONNECTED``."""


class LogDestination(_syslogng.LogDestination):
    """A destination. Override :meth:`send`; a class that returns ``QUEUED`` also has ``flush()``."""

    DROP: ClassVar[LogDestinationResult] = LogDestinationResult.DROP
    ERROR: ClassVar[LogDestinationResult] = LogDestinationResult.ERROR
    SUCCESS: ClassVar[LogDestinationResult] = LogDestinationResult.SUCCESS
    QUEUED: ClassVar[LogDestinationResult] = LogDestinationResult.QUEUED
    NOT_CONNECTED: ClassVar[LogDestinationResult] = LogDestinationResult.NOT_CONNECTED
    RETRY: ClassVar[LogDestinationResult] = LogDestinationResult.RETRY

    persist_name: str
    """What the state of this destination is kept under."""
    seqnum: Any
    """The sequence number of the message at hand, as a live integer; 0 for one that is not numbered."""
    template_options: LogTemplateOptions
    """How this destination writes times, for :meth:`LogTemplate.format`."""

    def init(self, options: dict[str, Any]) -> bool:
        """Prepare; the options are those of the configuration.

        Anything false, or an exception, and the daemon does not start.
        """
        return True

    def deinit(self) -> Any:
        """Clean up; the last call."""

    def open(self) -> bool:
        """Connect. False, or an exception: tried again after ``time-reopen()``."""
        return True

    def close(self) -> Any:
        """Disconnect."""

    def is_opened(self) -> bool:
        """Whether the connection stands; asked before each message, which is opened for where it does not."""
        return True

    def send(self, msg: LogMessage) -> LogDestinationResult | int | bool:
        """Send a message, or with ``value-pairs()`` a dict of its values.

        Returns a :class:`LogDestinationResult`; ``True`` is ``SUCCESS``, ``False`` and an exception are
        ``ERROR``.
        """
        raise NotImplementedError

    def stats_written_bytes_add(self, count: int) -> None:
        """Count bytes written, for the daemon's counters."""
        super().stats_written_bytes_add(count)
