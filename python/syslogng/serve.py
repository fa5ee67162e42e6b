"""A worker that the daemon asks: for parsers, destinations, template functions and header plugins.

The main thread makes the objects and does what each request of the daemon asks of one of them; the control
thread waits for the word to end.
"""

from __future__ import annotations

import os
import threading

from . import trace
from .headers import Headers
from .parsing import Parsing
from .rendering import Rendering
from .sending import Sending
from .served import Served

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    import _syslogng

    from .report import Report

    class _Handler(Protocol):
        def handle(self, request: _syslogng.Request) -> None: ...


__all__ = ["serve"]

_HANDLERS: dict[str, Callable[[Served], _Handler]] = {
    "parser": Parsing,
    "destination": Sending,
    "header": Headers,
}


def serve(hello: dict[str, Any], server: _syslogng.Server, report: Report) -> None:
    """Make the objects, say ``ready``, and answer until the daemon asks to exit. Raises ``Refusal``."""
    os.register_at_fork(after_in_child=server.forked)
    server.allow_persist()
    version = tuple(hello["config_version"])
    drivers: list[Served] = []
    handlers: list[_Handler] = []
    try:
        for told in hello["drivers"]:
            if told["kind"] == "function":
                handlers.append(Rendering(told["class"], version < (4, 0), report))
                continue
            driver = Served(told, version, report)
            driver.prepare()
            drivers.append(driver)
            handlers.append(_HANDLERS[driver.kind](driver))
    except BaseException:
        # Those that were initialised are told that it comes to nothing.
        _deinit(drivers)
        raise
    report.ready(None, True)
    threading.Thread(target=_listen, args=(server, report), name="syslogng-control", daemon=True).start()
    while (request := server.next()) is not None:
        handlers[request.object].handle(request)
    _deinit(drivers)
    report.deinitialised()


def _deinit(drivers: list[Served]) -> None:
    for driver in drivers:
        driver.call("deinit")


def _listen(server: _syslogng.Server, report: Report) -> None:
    """The control thread."""
    while True:
        try:
            frame = server.receive()
        except BaseException as error:
            report.log("error", f"control socket: {trace.one_line(error)}")
            frame = None
        if frame is None or frame["t"] == "request_exit":
            server.stop()
            return
