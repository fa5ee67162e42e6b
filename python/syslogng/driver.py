"""One driver's object and its methods: made, initialised, asked to exit, deinitialised.

What the main thread of a source or fetcher does in between is in :mod:`syslogng.run`; destinations, parsers
and the like are in :mod:`syslogng.served`.
"""

from __future__ import annotations

from importlib import import_module

import _syslogng

from . import diagnosis, eventloop, loader, trace
from .acks import Acks
from .checkpoint import load
from .report import Refusal
from .source import LogFetcher, LogSource
from .template import LogTemplate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .report import Report

__all__ = ["Driver", "Instance"]

_PREFIXES = {"source": "python-source", "fetcher": "python-fetcher", "destination": "python"}
_METHODS = {
    "source": (
        ("run", "request_exit"),
        ("init", "deinit", "generate_persist_name", "suspend", "wakeup", "finalize"),
    ),
    "fetcher": (("fetch",), ("init", "deinit", "request_exit", "generate_persist_name", "open", "close")),
    "parser": (("parse",), ("init", "deinit")),
    "destination": (
        ("send",),
        ("init", "deinit", "generate_persist_name", "open", "close", "is_opened", "flush"),
    ),
    "header": (("get_headers",), ("on_http_response_received",)),
}
"""Methods that a class must have, and those that it may have."""
_NOTHING = (LogSource.request_exit, LogFetcher.request_exit)
"""The request_exit() of a class that has none."""
_SUSPEND_SECONDS_MAX = 1.0
"""How long the wakeup() after request_exit() waits for a suspend() that has not returned."""


class Instance:
    """An object of the user's class, and the driver of the configuration that it is made for.

    ``told`` is what the daemon says of it, under the names of the protocol.
    """

    def __init__(self, told: dict[str, Any], config_version: tuple[int, int], report: Report) -> None:
        self.told = told
        self.kind: str = told["kind"]
        self._class: str = told["class"]
        self.report = report
        self._compat = config_version < (4, 0)
        self._persist_name: str | None = None
        self.instance: Any = None
        self._methods: dict[str, Callable[..., Any]] = {}

    def _load(self) -> None:
        for module in self.told["loaders"]:
            try:
                import_module(module)
            except BaseException as error:
                self.report.event("loader_failed", f"loaders({module}) failed: {trace.one_line(error)}")

    def method(self, name: str) -> Callable[..., Any] | None:
        """A method of the object, as it was once ``__init__()`` had returned."""
        return self._methods.get(name)

    def call(self, name: str) -> Any:
        """Call a method that may be missing; what it raises is reported and does no harm."""
        method = self._methods.get(name)
        if method is None:
            return None
        try:
            return method()
        except BaseException as error:
            self.report.exception(name, error)
            return None

    def deinit(self) -> None:
        """``deinit()``; and ``finalize()``, which sources may have."""
        self.call("deinit")
        if self.kind == "source":
            self.call("finalize")

    @property
    def full_persist_name(self) -> str:
        """What ``self.persist_name`` is."""
        return self._persist_name or f"{_PREFIXES[self.kind]}({self._class})"

    def _find_class(self) -> type:
        try:
            found = loader.find_class(self._class)
        except loader.NoClass as error:
            message = f"{error.message}; {error.hint}" if error.hint else error.message
            raise Refusal("class", message, error.error) from None
        wrong = diagnosis.wrong_base(self.kind, found, self._compat)
        if wrong:
            raise Refusal("class", wrong)
        return found

    def _make(self, found: type) -> None:
        try:
            self.instance = found()
        except BaseException as error:
            raise Refusal("new", f"cannot make a {self._class}: {trace.one_line(error)}", error) from None
        wrong = diagnosis.wrong_base(self.kind, type(self.instance), self._compat)
        if wrong:
            raise Refusal("new", wrong)
        self._look_up_methods()

    def _look_up_methods(self) -> None:
        needed, others = _METHODS[self.kind]
        for name in (*needed, *others):
            method = getattr(self.instance, name, None)
            if callable(method):
                self._methods[name] = method
            elif name in needed:
                raise Refusal("class", f"class {self._class} has no {name}() method")

    def _name(self) -> None:
        """Decide the persist name: the configuration's, else the class's own, else one made of the class."""
        prefix = _PREFIXES[self.kind]
        given = self.told["persist_name"]
        generate = self._methods.get("generate_persist_name")
        if given is None and generate is not None:
            try:
                given = generate(self._options())
                if isinstance(given, bytes):
                    given = given.decode()
                if not isinstance(given, str):
                    raise TypeError(f"generate_persist_name() must return a str, not {type(given).__name__}")
            except BaseException as error:
                self.report.exception("generate_persist_name", error)
                given = None
        self._persist_name = f"{prefix}.{given}" if given is not None else None

    def _init(self) -> None:
        init = self._methods.get("init")
        if init is None:
            return
        try:
            result = init(self._options())
        except BaseException as error:
            hint = ""
            if isinstance(error, TypeError) and not diagnosis.accepts(type(self.instance), "init", 1):
                hint = "; define it as init(self, options)"
            message = f"{self._class}.init() raised {trace.one_line(error)}{hint}"
            raise Refusal("init", message, error) from None
        if diagnosis.is_coroutine(result):
            result.close()
            raise Refusal("init", f"{self._class}.init() cannot be async: it is called, not awaited")
        try:
            good = bool(result)
        except BaseException as error:
            message = f"{self._class}.init() returned what is neither true nor false: {trace.one_line(error)}"
            raise Refusal("init", message, error) from None
        if not good:
            raise Refusal("init", f"{self._class}.{diagnosis.falsy('init', result)}")

    def _options(self) -> dict[str, Any]:
        """The options as a dict of the class's own, to do with as it likes."""
        options: dict[str, Any] = {}
        for key, option in self.told["options"]:
            value = option["value"]
            if option["type"] == "template":
                try:
                    value = LogTemplate(value)
                except Exception as error:
                    self.report.log("error", f"option {key} of {self._class} is left out: {error}")
                    continue
            elif option["type"] == "float":
                value = float(value)
            options[key] = value
        return options

    def _set(self, name: str, value: object) -> None:
        try:
            setattr(self.instance, name, value)
        except BaseException as error:
            raise Refusal(
                "init", f"{self._class}.{name} cannot be set: {trace.one_line(error)}", error
            ) from None


class Driver(Instance):
    """A source or fetcher."""

    def __init__(
        self,
        told: dict[str, Any],
        config_version: tuple[int, int],
        worker: _syslogng.Worker,
        report: Report,
    ) -> None:
        super().__init__(told, config_version, report)
        self.worker = worker
        self.blocking = True
        self.acks = Acks(worker, report)
        self.loop = eventloop.EventLoop()
        """Where coroutines of the driver run, if it has any."""

    def call(self, name: str) -> Any:
        """As for all drivers; a ``close()`` that is async is awaited."""
        method = self._methods.get(name)
        if name != "close" or method is None:
            return super().call(name)
        try:
            return self.loop.settle(method(), last=True)
        except BaseException as error:
            self.report.exception(name, error)
            return None

    def close_loop(self) -> None:
        """Cancel the tasks that the driver has left in its loop; what they raise is reported."""
        try:
            self.loop.close()
        except BaseException as error:
            self.report.exception("run", error)

    @property
    def asks_itself(self) -> bool:
        """Whether the class has a ``request_exit()`` of its own, which is to end what waits."""
        own = getattr(type(self.instance), "request_exit", None)
        return "request_exit" in self._methods and own not in _NOTHING

    def prepare(self) -> None:
        """Everything up to the end of ``init()``, and ``ready``. Raises :class:`Refusal`."""
        self._load()
        self.worker.allow_persist()
        self._make(self._find_class())
        if "suspend" in self._methods and "wakeup" not in self._methods:
            raise Refusal(
                "class", f"class {self._class} has suspend() but no wakeup(): define both, or neither"
            )
        self.blocking = "suspend" not in self._methods
        self._name()
        self.worker.bind(self.instance, self.full_persist_name)
        self._set("flags", dict(self.told["flags"]))
        self._set("restored", self._restored())
        self._init()
        tracker = getattr(self.instance, "ack_tracker", None)
        if tracker is not None:
            try:
                self.acks.track(tracker)
            except TypeError as error:
                raise Refusal("init", f"{self._class}: {error}") from None
        self._set("parse_options", _syslogng.Worker.parse_options(self.told["parse"], self._compat))
        if not self.blocking:
            self.worker.suspend_with(self._suspend, self.told["suspended_post"])
        self.report.ready(self._persist_name, self.blocking)

    def request_exit(self) -> None:
        """``request_exit()``, and ``wakeup()`` for a source that may be suspended."""
        self.call("request_exit")
        if not self.blocking:
            self.worker.wait_for_suspend(_SUSPEND_SECONDS_MAX)
            self.call("wakeup")

    def wakeup(self) -> None:
        """The ``wakeup`` frame has arrived."""
        if self.worker.wakeup_arrived():
            self.call("wakeup")

    def _restored(self) -> Any:
        """The last checkpoint. One that cannot be had is no reason to start without it."""
        try:
            kept = self.worker.restore(self._persist_name)
            return None if kept is None else load(kept)
        except BaseException as error:
            message = f"the checkpoint of {self._class} cannot be read: {trace.one_line(error)}"
            raise Refusal("init", message, error) from None

    def _suspend(self) -> None:
        self.call("suspend")
