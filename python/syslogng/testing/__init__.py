"""Drive a source or fetcher in a test, without a daemon::

    from syslogng.testing import drive

    def test_counts():
        with drive(Counter, options={"start": "1"}) as driver:
            driver.fetch()
        assert driver.messages[0]["MESSAGE"] == b"message 1"
        assert driver.calls == ["init", "open", "fetch", "request_exit", "close", "deinit"]

The driver runs in the package's own loops, with the real ring, window, acks and checkpoints; only the
daemon is played. A fetcher moves when the test calls :meth:`~syslogng.testing.Fetching.fetch`, and its waits
(``time-reopen()``, ``fetch-no-data-delay()``) take no time: they are in
:attr:`~syslogng.testing.Fetching.waits`. With pytest, the fixtures ``drive_source`` and ``drive_fetcher`` do
the same and end the driver with the test.

``Logger`` and ``logging`` write where they do in any program, so pytest's ``caplog`` has what a driver logs.
User code runs on a thread of its own, not on the process's main thread: a ``run()`` that sets signal handlers
needs a worker.
"""

from __future__ import annotations

from typing import Any, overload

from syslogng.source import LogFetcher, LogSource

from .drivers import Fetching, Refused, Sourcing
from .played import DriverLate

__all__ = ["DriverLate", "Fetching", "Refused", "Sourcing", "drive"]


@overload
def drive(cls: type[LogFetcher], options: dict[str, Any] | None = None, **settings: Any) -> Fetching: ...
@overload
def drive(cls: type[LogSource], options: dict[str, Any] | None = None, **settings: Any) -> Sourcing: ...
def drive(
    cls: type[LogSource] | type[LogFetcher], options: dict[str, Any] | None = None, **settings: Any
) -> Sourcing | Fetching:
    """Make a driver of a class, to be used in ``with``: entering calls ``init(options)`` and starts it.

    Settings: ``window`` (messages that may be unanswered at once; 0, as without it: no limit), ``ack`` (True:
    every message is delivered when it is seen; False: the test says so with ``ack()``), ``persist_name``,
    ``flags``, ``restored`` (a checkpoint of an earlier run), ``time_reopen`` (1 s) and ``no_data_delay``
    (60 s), ``version`` of the configuration (``(4, 0)``), ``suspended_post`` (``"drop"``).

    :class:`Refused` is raised where the daemon would not start.
    """
    if issubclass(cls, LogFetcher):
        return Fetching(cls, options, **settings)
    return Sourcing(cls, options, **settings)
