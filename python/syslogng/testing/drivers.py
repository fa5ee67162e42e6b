"""Sources and fetchers under test."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

from syslogng.checkpoint import dump, load
from syslogng.driver import Driver
from syslogng.message import LogMessage
from syslogng.report import Refusal, Report
from syslogng.source import LogFetcherResult
from syslogng.worker import Life

from .played import DEADLINE_SECONDS, DriverLate, Played
from .watched import WRONG, Refused, Watch, Watching, said

__all__ = ["Fetching", "Refused", "Sourcing"]

_Self = TypeVar("_Self", bound="_Driving")


class _Watched(Watching, Driver):
    """A source or fetcher of a test."""

    def __init__(self, test: _Driving, hello: dict[str, Any], report: Report) -> None:
        super().__init__(hello["driver"], tuple(hello["config_version"]), test._daemon.worker, report)
        self.watch = test


class _Driving(Watch):
    """A driver in a test: use it in ``with``."""

    _kind: str

    def __init__(
        self,
        cls: type,
        options: dict[str, Any] | None = None,
        *,
        window: int = 0,
        ack: bool = True,
        persist_name: str | None = None,
        flags: dict[str, bool] | None = None,
        restored: Any = None,
        time_reopen: float = 1.0,
        no_data_delay: float = 60.0,
        version: tuple[int, int] = (4, 0),
        suspended_post: str = "drop",
    ) -> None:
        super().__init__(cls, options)
        kept = None if restored is None else dump(restored)
        self._daemon = Played(window, ack, version < (4, 0), kept)
        self._driver: _Watched | None = None
        self._thread: threading.Thread | None = None
        self._exiting = threading.Event()
        self._hello: dict[str, Any] = {
            "t": "hello",
            "protocol": 1,
            "config_version": list(version),
            "config_file": "test",
            "argv0": "hognose",
            "stop_timeout_ms": int(DEADLINE_SECONDS * 1000),
            "driver": {
                "id": cls.__name__,
                "kind": self._kind,
                "class": cls.__name__,
                "flags": flags or {},
                "persist_name": persist_name,
                "time_reopen_ms": int(time_reopen * 1000),
                "no_data_delay_ms": int(no_data_delay * 1000),
                "suspended_post": suspended_post,
            },
        }

    def __enter__(self: _Self) -> _Self:
        daemon = self._daemon
        try:
            daemon.send(self._hello)
            hello = daemon.worker.receive()
            if hello is None:
                raise DriverLate("the played daemon has ended")
            report = Report(daemon.worker.send)
            driver = _Watched(self, hello, report)
            try:
                driver.prepare()
            except Refusal as refusal:
                raise Refused(refusal) from None
        except BaseException:
            daemon.close()
            raise
        self._driver = driver
        life = Life(driver, DEADLINE_SECONDS, self._exiting)
        self._thread = threading.Thread(target=life.live, name="syslogng-main", daemon=True)
        self._thread.start()
        daemon.send({"t": "start"})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
        except DriverLate:
            # What the test has to say comes first.
            if error is None:
                raise
        finally:
            self._daemon.close()

    def stop(self) -> None:
        """Ask the driver to exit, as a reload does, and wait for the end of ``deinit()``. Once is enough."""
        if self._thread is None:
            return
        thread, self._thread = self._thread, None
        self._leave()
        self._daemon.request_exit()
        thread.join(DEADLINE_SECONDS)
        if thread.is_alive():
            raise DriverLate(f"{self.cls.__name__} has not ended {DEADLINE_SECONDS:g} s after request_exit()")

    @property
    def instance(self) -> Any:
        """The object that was made of the class."""
        if self._driver is None:
            raise RuntimeError("the driver is there in its with statement only")
        return self._driver.instance

    @property
    def messages(self) -> list[LogMessage]:
        """What was posted so far, oldest first."""
        return self._daemon.messages

    @property
    def kept(self) -> Any:
        """The newest checkpoint whose messages are all answered; None: there is none."""
        state = self._daemon.checkpoint
        return None if state is None else load(state)

    @property
    def errors(self) -> list[str]:
        """What the daemon's log would say went wrong: exceptions and bad results."""
        with self._daemon.changed:
            return [said(frame) for frame in self._daemon.frames if frame["t"] in WRONG]

    def ack(self, count: int | None = None) -> None:
        """The oldest messages, or all there are, are delivered."""
        self._daemon.answer(self._daemon.unanswered if count is None else count, "delivered")

    def drop(self, count: int, reason: str = "queue-full") -> None:
        """The oldest messages are lost, for a reason of the daemon's counters."""
        self._daemon.answer(count, {"dropped": reason})

    def wait_for(self, messages: int) -> list[LogMessage]:
        """Wait until so many were posted. :class:`DriverLate` when they do not come."""
        self._daemon.wait(lambda: len(self.messages) >= messages, f"{messages} messages")
        return self.messages

    def wait_until(self, condition: Callable[[], bool], what: str = "what the test waits for") -> None:
        """Wait until something holds."""
        self._daemon.wait(condition, what)

    def _leave(self) -> None:
        """The driver is to exit: do not hold it."""


class Sourcing(_Driving):
    """A :class:`~syslogng.LogSource` in a test: its ``run()`` runs until the test is done with it."""

    _kind = "source"

    @property
    def dropped(self) -> int:
        """Messages posted while the source was suspended, and dropped."""
        return self._daemon._end.dropped_suspended()


class Fetching(_Driving):
    """A :class:`~syslogng.LogFetcher` in a test: it moves when the test says so."""

    _kind = "fetcher"

    def __init__(self, cls: type, options: dict[str, Any] | None = None, **settings: Any) -> None:
        super().__init__(cls, options, **settings)
        self.waits: list[float] = []
        """The seconds it has waited, or is about to wait, between calls. They take no time."""
        self._exiting = _Clock(self)
        self._changed = self._daemon.changed
        self._may_go = False
        self._parked = False
        self._leaving = False

    def fetch(self, times: int = 1) -> None:
        """Let the fetcher go on until its ``fetch()``, or an ``open()`` that fails, was called so many times.

        A message that takes the last of the window ends a call too; for another one there has to be an
        :meth:`ack` first.
        """
        for _ in range(times):
            if self._is_full():
                raise DriverLate("the window is exhausted: ack() a message before the next fetch()")
            self._daemon.wait(lambda: self._parked, "the fetcher's next call")
            with self._changed:
                self._may_go, self._parked = True, False
                self._changed.notify_all()
            self._daemon.wait(lambda: self._parked or self._is_full(), "the end of fetch()")
            self._daemon.look()

    def _is_full(self) -> bool:
        return 0 < self._daemon.window <= self._daemon.unanswered

    def _watch(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        watched = super()._watch(name, method)
        if name != "fetch":
            return watched

        def fetch() -> Any:
            with self._changed:
                self._park()
                self._may_go = False
                if self._leaving:
                    # The loop looks whether it is to end; this call is not the test's.
                    return (LogFetcherResult.TRY_AGAIN,)
            return watched()

        return fetch

    def _pause(self, seconds: float) -> None:
        """The fetcher waits."""
        with self._changed:
            self.waits.append(seconds)
            # An open() that failed was what the test let it do.
            self._may_go = False
            self._park()

    def _park(self) -> None:
        """Stop until the test lets it go on."""
        while not (self._may_go or self._leaving):
            self._parked = True
            self._changed.notify_all()
            self._changed.wait()
        self._parked = False

    def _leave(self) -> None:
        with self._changed:
            self._leaving = True
            self._changed.notify_all()


class _Clock(threading.Event):
    """What a fetcher waits on: the time passes when the test lets it."""

    def __init__(self, test: Fetching) -> None:
        super().__init__()
        self._test = test

    def wait(self, timeout: float | None = None) -> bool:
        if timeout is None or self._test._leaving:
            return super().wait(timeout)
        self._test._pause(timeout)
        return self.is_set()
