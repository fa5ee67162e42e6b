"""The worker process: from the daemon's ``hello`` to the end.

Two threads. The main thread runs the user's code: the blocks, ``init()``, ``run()`` or the fetcher's loop,
``deinit()``. The control thread reads the daemon's frames and calls what must not wait for ``run()``:
``request_exit()`` and ``wakeup()``.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
from _signal import SIG_IGN, SIGINT, SIGTERM, signal  # type: ignore[import-not-found]  # signal makes enums of them

import _syslogng

from . import loader, logger, trace
from .driver import Driver
from .report import Refusal, Report
from .run import run_fetcher, run_source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

__all__ = ["Life", "main"]

_PROTOCOL = 1
_ACKS_SECONDS_MAX = 1.0
"""How long deinit() waits for acks of messages that are on their way."""

# Exit statuses.
_DONE = 0
_REFUSED = 1
_NO_DAEMON = 2


def main(*descriptors: int) -> NoReturn:
    """Be a worker. The daemon passes three descriptors to one that posts, and four to one that it asks."""
    # A terminal's ^C is the daemon's business.
    signal(SIGINT, SIG_IGN)
    _show_where_it_dies()
    asked = len(descriptors) == 4
    worker: Any = _syslogng.Server(*descriptors) if asked else _syslogng.Worker(*descriptors)
    report = Report(worker.send)
    hello = worker.receive()
    if hello is None:
        _leave(_NO_DAEMON)
    try:
        _prepare_interpreter(hello, report)
        if hello["mode"] == "inspect":
            from . import inspection

            report.inspected(inspection.inspect(hello))
            _leave(_DONE)
        if hello["mode"] == "generate":
            from . import confgen

            confgen.serve(hello, worker, report)
            _leave(_DONE)
        if asked:
            from . import serve

            _await_init(hello, hello["drivers"], worker, report)
            serve.serve(hello, worker, report)
            _leave(_DONE)
        driver = _prepare_driver(hello, worker, report)
    except Refusal as refusal:
        report.refused(refusal)
        _leave(_REFUSED)
    except BaseException as error:
        report.refused(Refusal("worker", trace.one_line(error), error))
        _leave(_REFUSED)
    Life(driver, hello["stop_timeout_ms"] / 1000).live()
    _leave(_DONE)


def _show_where_it_dies() -> None:
    """A crash, and the signal that ends a worker that hangs, write a traceback to stderr first."""
    try:
        faulthandler.enable()
        faulthandler.register(SIGTERM, all_threads=True, chain=True)
    except (AttributeError, OSError, RuntimeError, ValueError):
        # Without a standard error there is nowhere to write to.
        pass
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            # The daemon reads a pipe; a line is to be seen when it is printed.
            stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]


def _prepare_interpreter(hello: dict[str, Any], report: Report) -> None:
    if hello["protocol"] != _PROTOCOL:
        theirs = hello["protocol"]
        message = f"the daemon speaks protocol {theirs}, the package syslogng {_PROTOCOL}: reinstall both"
        raise Refusal("worker", message)
    front = [path for path in hello["sys_path_front"] if path]
    sys.path[:] = front + [path for path in sys.path if path not in front]
    in_venv = sys.prefix != sys.base_prefix
    sys.argv = [f"{sys.prefix}/bin/python" if in_venv else hello["argv0"]]
    logger.connect(report, hello["log_level"])
    _syslogng.configure(hello["templates"], tuple(hello["config_version"]) < (4, 0))


def _prepare_driver(hello: dict[str, Any], worker: _syslogng.Worker, report: Report) -> Driver:
    os.register_at_fork(after_in_child=worker.forked)
    _await_init(hello, [hello["driver"]], worker, report)
    driver = Driver(hello["driver"], tuple(hello["config_version"]), worker, report)
    driver.prepare()
    return driver


def _await_init(
    hello: dict[str, Any],
    drivers: list[dict[str, Any]],
    worker: _syslogng.Worker | _syslogng.Server,
    report: Report,
) -> None:
    """Execute the blocks. Where another configuration still runs, its deinit() comes before our init():
    what is wrong is told before it is ended for nothing."""
    if not hello["await_init"]:
        _run_blocks(hello)
        return
    from . import inspection

    report.inspected(inspection.inspect(hello | {"drivers": drivers}))
    frame = worker.receive()
    if frame is None or frame["t"] != "init":
        _leave(_DONE)


def _run_blocks(hello: dict[str, Any]) -> None:
    main_module = loader.make_main(hello["config_file"])
    for block in hello["blocks"]:
        try:
            loader.run_block(main_module, block["file"], block["line"], block["text"])
        except BaseException as error:
            raise Refusal("block", f"error in a python block: {trace.one_line(error)}", error) from None


class Life:
    """A driver from ``ready`` to the end, on two threads.

    ``exiting`` is what the fetcher's loop waits on; it is set when the driver is asked to exit.
    """

    def __init__(self, driver: Driver, stop_timeout: float, exiting: threading.Event | None = None) -> None:
        self._driver = driver
        self._stop_timeout = stop_timeout
        self._lock = threading.Lock()
        self._started = False
        self._over = False
        """run() has ended, or will never begin: request_exit() is not called any more."""
        self._decided = threading.Event()
        """To start, or to exit."""
        self._exiting = exiting or threading.Event()
        self._asked = threading.Event()
        """request_exit() has returned, or is not called."""

    def live(self) -> None:
        threading.Thread(target=self._listen, name="syslogng-control", daemon=True).start()
        self._decided.wait()
        driver = self._driver
        if self._begin():
            self._run()
        self._exiting.wait()
        # request_exit() may still be at work on the other thread, and may never come back.
        self._asked.wait(self._stop_timeout / 4)
        driver.acks.end(min(_ACKS_SECONDS_MAX, self._stop_timeout / 4))
        driver.deinit()
        driver.worker.close()
        driver.report.deinitialised()

    def _run(self) -> None:
        driver = self._driver
        driver.worker.open()
        method, run = ("run", run_source) if driver.kind == "source" else ("fetch", run_fetcher)
        error = run(driver, self._exiting)
        if driver.kind == "fetcher":
            if self._exiting.is_set():
                # One after the other: both may be at the same connection.
                self._asked.wait(self._stop_timeout / 4)
            driver.call("close")
            driver.close_loop()
        # Before the daemon hears of it, and may ask to exit in the same moment.
        with self._lock:
            self._over = True
        if error is None:
            driver.report.finished()
        else:
            driver.report.failed(method, error)

    def _begin(self) -> bool:
        """Whether ``run()`` is to be called: not if the daemon asked to exit at once."""
        with self._lock:
            if self._exiting.is_set():
                self._over = True
                return False
            self._started = True
            return True

    def _listen(self) -> None:
        """The control thread."""
        while True:
            try:
                frame = self._driver.worker.receive()
            except BaseException as error:
                self._driver.report.log("error", f"control socket: {trace.one_line(error)}")
                frame = None
            kind = frame["t"] if frame else None
            if kind == "start":
                self._decided.set()
            elif kind == "wakeup":
                self._driver.wakeup()
            elif kind == "acked" and frame:
                self._driver.acks.tell(frame)
            else:
                # Asked, or the daemon is gone; in that case the process ends in a moment, whatever comes of
                # this.
                self._exit()
            if frame is None:
                return

    def _exit(self) -> None:
        self._driver.worker.request_exit()
        with self._lock:
            first = not self._exiting.is_set()
            self._exiting.set()
            call = first and self._started and not self._over
            if not call:
                self._asked.set()
        self._decided.set()
        if call:
            if not self._driver.asks_itself:
                self._driver.loop.cancel()
            else:
                # Should it do nothing to what is awaited, that is cancelled; it may as well need a moment.
                timer = threading.Timer(self._stop_timeout / 4, self._driver.loop.cancel)
                timer.daemon = True
                timer.start()
            self._driver.request_exit()
            self._asked.set()


def _leave(status: int) -> NoReturn:
    """End the process: exit handlers run, but threads that are left behind are not waited for."""
    import atexit

    try:
        atexit._run_exitfuncs()
    except BaseException as error:
        print(trace.text(error), file=sys.stderr)
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            pass
    os._exit(status)
