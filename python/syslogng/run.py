"""What the main thread of a worker does between ``init()`` and ``deinit()``."""

from __future__ import annotations

import _syslogng

from . import diagnosis, eventloop
from .source import LogFetcherResult

TYPE_CHECKING = False
if TYPE_CHECKING:
    from threading import Event
    from typing import Any

    from .driver import Driver

__all__ = ["run_fetcher", "run_source"]


def run_source(driver: Driver, exiting: Event) -> BaseException | None:
    """Call ``run()``; what it raised, if it did."""
    run = driver.method("run")
    assert run is not None, "prepare() has looked"
    try:
        result = run()
        if diagnosis.is_coroutine(result):
            driver.loop.run(result)
        elif hasattr(type(result), "__anext__"):
            driver.loop.run(eventloop.post_from(driver.instance, result))
        elif hasattr(type(result), "__next__"):
            driver.worker.post_all(driver.instance, result)
    except BaseException as error:
        return None if _is_cancellation(driver, error) else error
    finally:
        driver.close_loop()
    return None


def _is_cancellation(driver: Driver, error: BaseException) -> bool:
    """Whether an exception is what the daemon's request to exit has led to."""
    if not driver.loop.is_cancelled:
        return False
    from asyncio import CancelledError

    return isinstance(error, CancelledError)


def run_fetcher(driver: Driver, exiting: Event) -> BaseException | None:
    """Open, fetch and wait until the daemon asks to exit; what was raised, if anything.

    Exceptions of fetch() and open() do no harm: only a signal handler's gets here. The last close() is left
    out: it comes after request_exit().
    """
    try:
        _Fetching(driver, exiting).run()
    except BaseException as error:
        return None if _is_cancellation(driver, error) else error
    return None


class _Fetching:
    def __init__(self, driver: Driver, exiting: Event) -> None:
        self._driver = driver
        self._report = driver.report
        self._exiting = exiting
        self._reopen: float = driver.told["time_reopen_ms"] / 1000
        self._no_data: float = driver.told["no_data_delay_ms"] / 1000
        fetch = driver.method("fetch")
        assert fetch is not None, "prepare() has looked"
        self._method = fetch
        if diagnosis.is_async(fetch):
            loop = driver.loop
            self._method = lambda: loop.run(fetch())

    def run(self) -> None:
        opened = False
        while not self._exiting.is_set():
            if not opened:
                opened = self._open()
                if not opened:
                    self._wait(self._reopen)
                continue
            status = self._fetch()
            if status == LogFetcherResult.NO_DATA:
                self._wait(self._no_data)
            elif status is not None:
                opened = False
                if status == LogFetcherResult.ERROR:
                    self._driver.call("close")
                self._wait(self._reopen)

    def _wait(self, seconds: float) -> None:
        """Wait, unless the daemon asks to exit; tasks that a driver has left in its loop go on meanwhile."""
        if not self._driver.loop.is_used:
            self._exiting.wait(seconds)
            return
        from asyncio import sleep

        self._driver.loop.run(sleep(seconds))

    def _open(self) -> bool:
        method = self._driver.method("open")
        if method is None:
            return True
        try:
            result = self._driver.loop.settle(method())
            if result:
                return True
            said = diagnosis.falsy("open", result)
        except BaseException as error:
            if _is_cancellation(self._driver, error):
                raise
            self._report.exception("open", error)
            return False
        self._report.event("open_failed", f"{said}; trying again in {self._reopen:g} s")
        return False

    def _fetch(self) -> LogFetcherResult | None:
        """Fetch until there is something else to do; None: nothing, unless the daemon asks to exit."""
        driver = self._driver
        try:
            found = driver.worker.fetch_loop(driver.instance, self._method)
        except _syslogng.MessageTooLarge as error:
            self._report.event("too_large", f"message dropped: {error}")
            return None
        except BaseException as error:
            if _is_cancellation(driver, error):
                raise
            self._report.exception("fetch", error)
            return LogFetcherResult.ERROR
        if found is None:
            # The ring knows of the request first; its frame is on the way.
            self._exiting.wait(1)
            return None
        return self._read(found[0])

    def _read(self, result: Any) -> LogFetcherResult:
        """The status of a result that is no message to be posted."""
        good = isinstance(result, tuple) and len(result) in (1, 2) and isinstance(result[0], int)
        if not good or result[0] not in _OTHERS:
            self._report.event("bad_result", diagnosis.bad_result(result))
            if diagnosis.is_coroutine(result):
                result.close()
            return LogFetcherResult.ERROR
        status = LogFetcherResult(result[0])
        if status == LogFetcherResult.NO_DATA:
            self._driver.worker.keep_checkpoint(self._driver.instance)
        if status == LogFetcherResult.ERROR:
            self._report.event("fetch_error", "Error during fetching messages")
        elif status == LogFetcherResult.NOT_CONNECTED:
            self._report.event("not_connected", "Fetcher disconnected while receiving messages, reconnecting")
        return status


_OTHERS = (LogFetcherResult.ERROR, LogFetcherResult.NOT_CONNECTED, LogFetcherResult.NO_DATA)
