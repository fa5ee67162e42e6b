"""What the main thread of a worker does between ``init()`` and ``deinit()``."""

from __future__ import annotations

import _syslogng

from . import diagnosis
from .source import LogFetcherResult

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
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
            import asyncio

            asyncio.run(result)
        elif hasattr(type(result), "__next__"):
            _post_all(driver.instance, result, exiting)
    except BaseException as error:
        return error
    return None


def _post_all(source: _syslogng.LogSource, messages: Iterable[Any], exiting: Event) -> None:
    """Post what a ``run()`` with ``yield`` brings."""
    for message in messages:
        source.post_message(message)
        if exiting.is_set():
            return


def run_fetcher(driver: Driver, exiting: Event) -> BaseException | None:
    """Open, fetch and wait until the daemon asks to exit; what was raised, if anything.

    Exceptions of fetch() and open() do no harm: only a signal handler's gets here. The last close() is left
    out: it comes after request_exit().
    """
    try:
        _Fetching(driver, exiting).run()
    except BaseException as error:
        return error
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

    def run(self) -> None:
        opened = False
        while not self._exiting.is_set():
            if not opened:
                opened = self._open()
                if not opened:
                    self._exiting.wait(self._reopen)
                continue
            status = self._fetch()
            if status == LogFetcherResult.NO_DATA:
                self._exiting.wait(self._no_data)
            elif status is not None:
                opened = False
                if status == LogFetcherResult.ERROR:
                    self._driver.call("close")
                self._exiting.wait(self._reopen)

    def _open(self) -> bool:
        method = self._driver.method("open")
        if method is None:
            return True
        try:
            result = method()
            if result:
                if not diagnosis.is_coroutine(result):
                    return True
                result.close()
                said = "open() cannot be async: it is called, not awaited"
            else:
                said = diagnosis.falsy("open", result)
        except BaseException as error:
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
