"""Drive a source, fetcher, parser or destination in a test, without a daemon::

    from syslogng.testing import drive

    def test_counts():
        with drive(Counter, options={"start": "1"}) as driver:
            driver.fetch()
        assert driver.messages[0]["MESSAGE"] == b"message 1"
        assert driver.calls == ["init", "open", "fetch", "request_exit", "close", "deinit"]

A parser is given one message after the other; a destination has a queue, as it has in the daemon::

    with drive(Mark) as parser:
        assert parser.parse("hello")["mark"] == b"x"
    with drive(ToShop, retries=2) as shop:
        shop.fail("send", OSError("gone"))
        shop.send("one", "two")
        assert len(shop.delivered) == 2 and shop.waits == [1.0]

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

from syslogng.dest import LogDestination
from syslogng.parser import LogParser
from syslogng.source import LogFetcher, LogSource

from .asked import DestinationDriving, ParserDriving
from .drivers import Fetching, Sourcing
from .played import DriverLate
from .watched import Refused

__all__ = [
    "DestinationDriving",
    "DriverLate",
    "Fetching",
    "ParserDriving",
    "Refused",
    "Sourcing",
    "drive",
]


@overload
def drive(cls: type[LogFetcher], options: dict[str, Any] | None = None, **settings: Any) -> Fetching: ...
@overload
def drive(cls: type[LogSource], options: dict[str, Any] | None = None, **settings: Any) -> Sourcing: ...
@overload
def drive(cls: type[LogParser], options: dict[str, Any] | None = None, **settings: Any) -> ParserDriving: ...
@overload
def drive(
    cls: type[LogDestination], options: dict[str, Any] | None = None, **settings: Any
) -> DestinationDriving: ...
def drive(
    cls: type[Any], options: dict[str, Any] | None = None, **settings: Any
) -> Sourcing | Fetching | ParserDriving | DestinationDriving:
    """Make a driver of a class, to be used in ``with``: entering calls ``init(options)`` and starts it.

    Settings of sources and fetchers: ``window`` (messages that may be unanswered at once; 0, as without
    it: no limit), ``ack`` (True: every message is delivered when it is seen; False: the test says so
    with ``ack()``), ``persist_name``, ``flags``, ``restored`` (a checkpoint of an earlier run),
    ``time_reopen`` (1 s) and ``no_data_delay`` (60 s), ``version`` of the configuration (``(4, 0)``),
    ``suspended_post`` (``"drop"``).

    :class:`Refused` is raised where the daemon would not start.
    """
    if issubclass(cls, LogParser):
        return ParserDriving(cls, options, **settings)
    if issubclass(cls, LogDestination):
        return DestinationDriving(cls, options, **settings)
    if issubclass(cls, LogFetcher):
        return Fetching(cls, options, **settings)
    return Sourcing(cls, options, **settings)
