"""The base classes of log sources.

The life of a driver: ``__init__()``, then ``init(options)``, then ``run()`` or ``open()`` and ``fetch()``
on the main thread of the worker process, until ``request_exit()`` is called, on another thread; at the end
``deinit()``. Methods are looked up once, after ``__init__()``: one that is replaced on the instance later
is not seen.
"""

from __future__ import annotations

from enum import IntEnum

import _syslogng

from . import eventloop
from .checkpoint import dump

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, ClassVar

    from _syslogng import (
        BatchedAckTracker,
        ConsecutiveAckTracker,
        InstantAckTracker,
        LogMessage,
        ParseOptions,
    )

__all__ = ["LogFetcher", "LogFetcherResult", "LogSource"]


class LogFetcherResult(IntEnum):
    """What the first item of a ``fetch()`` result says."""

    ERROR = 0
    """Something failed: ``close()``, a wait of ``time-reopen()``, ``open()``."""
    NOT_CONNECTED = 1
    """There is no connection: a wait of ``time-reopen()``, ``open()``."""
    SUCCESS = 2
    """The second item is a message."""
    TRY_AGAIN = 3
    """No message this time; fetch again at once."""
    NO_DATA = 4
    """There is no data; fetch again after ``fetch-no-data-delay()``."""


class LogSource(_syslogng.LogSource):
    """A source that runs its own loop: an event loop, a server, a consumer.

    Override :meth:`run` and :meth:`request_exit`. A class that has both ``suspend()`` and ``wakeup()`` is
    told when it must not post: ``suspend()`` is called inside ``post_message()`` by the message that
    exhausts the window, and ``wakeup()`` on another thread when there is room again, never before
    ``suspend()`` has returned. A class without them waits inside ``post_message()``.
    """

    flags: Mapping[str, bool] = {}
    """The parsing flags of the driver, from ``init()`` on. A copy: changing it changes nothing."""
    parse_options: ParseOptions | None = None
    """What :meth:`LogMessage.parse` needs, once ``init()`` has returned."""
    ack_tracker: InstantAckTracker | ConsecutiveAckTracker | BatchedAckTracker | None = None
    """What gives the bookmarks of messages back. Set it in ``__init__()`` or ``init()``; it is read once,
    after that."""
    restored: Any = None
    """The newest :meth:`checkpoint` whose messages were all delivered when the driver ran last; None: there
    is none. Set before ``init()``."""

    async def post(self, msg: LogMessage | str | bytes | dict[str, Any]) -> bool:
        """In a coroutine, :meth:`post_message` that lets other tasks run while it has to wait.

        True: the message will be delivered. False: it was dropped, since the source was asked to exit. It
        never calls ``suspend()``.
        """
        return await eventloop.post(self, msg)

    def init(self, options: dict[str, Any]) -> bool:
        """Get ready, with what ``options()`` says.

        Anything false, or an exception, and the daemon does not start.
        """
        return True

    def deinit(self) -> None:
        """Clean up. Called once :meth:`run` is over, before a reload or the end."""

    def run(self) -> None:
        """Produce messages until :meth:`request_exit` is called.

        Runs on the worker's main thread. A source that returns is finished; one that raises is started
        again, as ``restart()`` says.

        It may be ``async def``: what it awaits is cancelled when the daemon asks to exit, at once if there
        is no :meth:`request_exit`, else after a quarter of ``stop-timeout()``. It may be a generator of
        messages, also an asynchronous one: each is posted.
        """
        raise NotImplementedError(f"{type(self).__name__} has no run(): a LogSource needs one")

    def checkpoint(self, state: Any) -> None:
        """Keep ``state`` for :attr:`restored`, once all messages posted by now are done with.

        Call it beside a message, after ``post_message()``: with what the source needs to know to go on
        behind that message. The newest state whose messages are all delivered is in the persist file, in one
        step, whatever is killed. Until then the daemon gives no more credit than the window, so a source that
        starts again posts at most a window of messages twice, and what it has posted since the last call.

        ``state`` is bytes, or whatever JSON has a form for; 64 KiB at most. Delivered means what it means to
        a :class:`~syslogng.receipt.Receipt`: use ``flags(flow-control)``.
        """
        self._checkpoint(dump(state))

    def request_exit(self) -> None:
        """Make :meth:`run` return. Called on another thread; cancel there whatever run() waits for."""


class LogFetcher(_syslogng.LogFetcher):
    """A source that is asked for the next message, whenever there is room for one.

    Override :meth:`fetch`. All calls but :meth:`request_exit` come on one thread, one after the other.
    """

    ERROR: ClassVar = LogFetcherResult.ERROR
    NOT_CONNECTED: ClassVar = LogFetcherResult.NOT_CONNECTED
    SUCCESS: ClassVar = LogFetcherResult.SUCCESS
    TRY_AGAIN: ClassVar = LogFetcherResult.TRY_AGAIN
    NO_DATA: ClassVar = LogFetcherResult.NO_DATA

    FETCH_ERROR: ClassVar = LogFetcherResult.ERROR
    FETCH_NOT_CONNECTED: ClassVar = LogFetcherResult.NOT_CONNECTED
    FETCH_SUCCESS: ClassVar = LogFetcherResult.SUCCESS
    FETCH_TRY_AGAIN: ClassVar = LogFetcherResult.TRY_AGAIN
    FETCH_NO_DATA: ClassVar = LogFetcherResult.NO_DATA
    FETCH_TRY_NO_DATA: ClassVar = LogFetcherResult.NO_DATA
    """Another name of FETCH_NO_DATA, which the documentation has used."""

    flags: Mapping[str, bool] = {}
    """The parsing flags of the driver, from ``init()`` on. A copy: changing it changes nothing."""
    parse_options: ParseOptions | None = None
    """What :meth:`LogMessage.parse` needs, once ``init()`` has returned."""
    ack_tracker: InstantAckTracker | ConsecutiveAckTracker | BatchedAckTracker | None = None
    """What gives the bookmarks of messages back. Set it in ``__init__()`` or ``init()``; it is read once,
    after that."""
    restored: Any = None
    """The newest :meth:`checkpoint` whose messages were all delivered when the driver ran last; None: there
    is none. Set before ``init()``."""

    def init(self, options: dict[str, Any]) -> bool:
        """Get ready, with what ``options()`` says.

        Anything false, or an exception, and the daemon does not start.
        """
        return True

    def deinit(self) -> None:
        """Clean up. Called after the last :meth:`close`, before a reload or the end."""

    def open(self) -> bool:
        """Connect. Anything false, or an exception: tried again every ``time-reopen()`` seconds."""
        return True

    def close(self) -> None:
        """Disconnect. Called after ``FETCH_ERROR``, and at the end, even if ``open()`` never succeeded."""

    def fetch(self) -> tuple[LogFetcherResult] | tuple[LogFetcherResult, LogMessage | None]:
        """Return ``(LogFetcher.FETCH_SUCCESS, message)``, or another status in a tuple.

        Many messages at once are a list, each a message or a tuple with its status; an empty one is
        ``FETCH_NO_DATA``. An exception, and whatever is neither, counts as ``FETCH_ERROR``. May be ``async
        def``, as may :meth:`open` and :meth:`close`; what waits is cancelled as in a source.
        """
        raise NotImplementedError(f"{type(self).__name__} has no fetch(): a LogFetcher needs one")

    def checkpoint(self, state: Any) -> None:
        """Keep ``state`` for :attr:`restored`, once all messages are done with, up to what this :meth:`fetch`
        returns.

        Call it in ``fetch()``, before it returns: with what the fetcher needs to know to go on behind what it
        returns. The newest state whose messages are all delivered is in the persist file, in one step,
        whatever is killed. Until then the daemon gives no more credit than the window, so a fetcher that
        starts again fetches at most a window of messages twice. The state of a ``fetch()`` that raises, or
        returns FETCH_ERROR or FETCH_NOT_CONNECTED, is forgotten.

        ``state`` is bytes, or whatever JSON has a form for; 64 KiB at most. Delivered means what it means to
        a :class:`~syslogng.receipt.Receipt`: use ``flags(flow-control)``.
        """
        self._checkpoint(dump(state))

    def request_exit(self) -> None:
        """Make a :meth:`fetch` that waits return. Called on another thread; what it brings is delivered."""
