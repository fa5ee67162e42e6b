"""What is wrong with a driver's class, and with what its methods return: in one line that names the fix."""

from __future__ import annotations

import _syslogng

from .dest import LogDestination
from .parser import LogParser
from .source import LogFetcher, LogFetcherResult, LogSource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = [
    "accepts",
    "bad_result",
    "falsy",
    "foreign_base",
    "is_async",
    "is_coroutine",
    "missing_methods",
    "odd_methods",
    "wrong_base",
]

_KEYWORDS = {
    "source": "python()",
    "fetcher": "python-fetcher()",
    "destination": "python() in a destination",
    "parser": "python() in a parser",
}
_NATIVE: dict[str, type] = {
    "source": _syslogng.LogSource,
    "fetcher": _syslogng.LogFetcher,
    "destination": _syslogng.LogDestination,
    "parser": _syslogng.LogParser,
}
_BASES: dict[str, type] = {
    "source": LogSource,
    "fetcher": LogFetcher,
    "destination": LogDestination,
    "parser": LogParser,
}
_NEEDED = {
    "source": ("run", "request_exit"),
    "fetcher": ("fetch",),
    "destination": ("send",),
    "parser": ("parse",),
    "header": ("get_headers",),
}

# Methods and the arguments they are called with, without self.
_ARGUMENTS = {
    "source": {"init": 1, "run": 0, "request_exit": 0, "suspend": 0, "wakeup": 0, "deinit": 0},
    "fetcher": {"init": 1, "open": 0, "fetch": 0, "close": 0, "request_exit": 0, "deinit": 0},
    "destination": {"init": 1, "open": 0, "is_opened": 0, "send": 1, "flush": 0, "close": 0, "deinit": 0},
    "parser": {"init": 1, "parse": 1, "deinit": 0},
    "header": {"get_headers": 2, "on_http_response_received": 1},
}


_AWAITED: dict[str, tuple[str, ...]] = {
    "source": ("run",),
    "fetcher": ("open", "fetch", "close"),
    "destination": (),
    "parser": (),
    "header": (),
}
"""Methods that may be ``async def``."""
_DEFINED_AS = {
    "init": "self, options",
    "send": "self, msg",
    "parse": "self, msg",
    "get_headers": "self, body, headers",
    "on_http_response_received": "self, http_code",
}
"""The arguments of methods that have any."""


def wrong_base(kind: str, found: type, compat: bool) -> str | None:
    """Why a class is not one for this kind of driver; None if it is.

    ``compat``: the ``@version`` is below 4.0, where destinations and parsers may be of any class.
    """
    if kind in ("destination", "parser") and compat and not _of_another_kind(kind, found):
        return None
    return foreign_base(kind, found)


def foreign_base(kind: str, found: type) -> str | None:
    """Why a class is not derived from the base class of this kind; None if it is."""
    native = _NATIVE.get(kind)
    if native is None or issubclass(found, native):
        return None
    name = found.__name__
    other = _of_another_kind(kind, found)
    if other is not None:
        return f"class {name} is a {_BASES[other].__name__}: use {_KEYWORDS[other]}"
    base = _BASES[kind].__name__
    return f"class {name} is not a subclass of {base}: write class {name}({base})"


def _of_another_kind(kind: str, found: type) -> str | None:
    others = (other for other, native in _NATIVE.items() if other != kind and issubclass(found, native))
    return next(others, None)


def missing_methods(kind: str, found: type) -> Iterator[tuple[str, bool]]:
    """Methods a class needs and does not have; with each, whether it can start all the same."""
    for method in _NEEDED[kind]:
        has = getattr(found, method, None)
        if has is None or not callable(has):
            yield method, False
        elif kind in _BASES and has is getattr(_BASES[kind], method):
            # What is awaited is cancelled.
            if method != "request_exit" or not _awaits(found, "run"):
                yield method, True


def odd_methods(kind: str, found: type) -> Iterator[tuple[str, str, bool]]:
    """Methods that cannot be called as they will be: name, what is wrong, whether it starts anyhow."""
    for method, count in _ARGUMENTS[kind].items():
        if not accepts(found, method, count):
            arguments = _DEFINED_AS.get(method, "self")
            yield method, f"define it as {method}({arguments})", method != "init"
        elif _is_async(found, method) and method not in _AWAITED[kind]:
            yield method, f"{method}() cannot be async: it is called, not awaited", method != "init"


def accepts(found: type, method: str, count: int) -> bool:
    """Whether a method can be called with so many arguments, as far as can be seen without calling it."""
    raw = next((vars(base)[method] for base in found.__mro__ if method in vars(base)), None)
    if isinstance(raw, staticmethod):
        raw = raw.__func__
    elif isinstance(raw, classmethod):
        raw, count = raw.__func__, count + 1
    else:
        count += 1
    code = getattr(raw, "__code__", None)
    if code is None or getattr(raw, "__wrapped__", None) is not None:
        return True
    takes_rest = bool(code.co_flags & 0x04)
    takes: int = code.co_argcount
    needed = takes - len(getattr(raw, "__defaults__", None) or ())
    return needed <= count and (takes_rest or count <= takes)


def _is_async(found: type, method: str) -> bool:
    return is_async(getattr(found, method, None))


def is_async(method: object) -> bool:
    """Whether a function or method is ``async def``, and no generator."""
    code = getattr(getattr(method, "__func__", method), "__code__", None)
    return code is not None and bool(code.co_flags & 0x80)


def _awaits(found: type, method: str) -> bool:
    """Whether a method is ``async def``, with ``yield`` or without."""
    code = getattr(getattr(found, method, None), "__code__", None)
    return code is not None and bool(code.co_flags & 0x280)


def is_coroutine(value: object) -> bool:
    """Whether a method was ``async def`` and nobody has awaited it."""
    return hasattr(type(value), "__await__")


def falsy(method: str, value: object) -> str:
    """Why a method that has to return something true did not."""
    if value is None:
        return f"{method}() returned None: end it with return True"
    return f"{method}() returned {value!r:.80}"


def bad_result(result: Any) -> str:
    """What is wrong with what ``fetch()`` returned, and what it should have been."""
    what = "fetch() must return a tuple (status, LogMessage)"
    if isinstance(result, tuple):
        return f"{what}: {_bad_tuple(result)}"
    if result is None:
        fix = "it returned None, perhaps it ends without return"
    elif isinstance(result, _syslogng.LogMessage):
        fix = "it returned a message alone: return LogFetcher.FETCH_SUCCESS, message"
    elif isinstance(result, LogFetcherResult):
        fix = f"it returned a status alone: return LogFetcher.FETCH_{result.name}, (with the comma)"
    elif isinstance(result, int):
        fix = f"it returned the number {result}: return a status in a tuple, LogFetcher.FETCH_NO_DATA,"
    elif isinstance(result, list):
        fix = "it returned a list with something else: each item is a message, or (status, message)"
        if result and isinstance(result[0], int):
            fix = "it returned a list: write ( ) for [ ]"
    elif isinstance(result, (str, bytes)):
        fix = f"it returned {type(result).__name__}: return LogFetcher.FETCH_SUCCESS, LogMessage(text)"
    elif is_coroutine(result):
        fix = "it returned something to be awaited: make it async def fetch() and await it there"
    else:
        fix = f"it returned {type(result).__name__}"
    return f"{what}: {fix}"


def _bad_tuple(result: tuple[Any, ...]) -> str:
    if len(result) not in (1, 2):
        return f"the tuple has {len(result)} items"
    status = result[0]
    if isinstance(status, _syslogng.LogMessage):
        return "the first item is the message: the status comes first"
    if not isinstance(status, int):
        return f"the first item is {type(status).__name__}: it is a status, LogFetcher.FETCH_SUCCESS"
    if status not in list(LogFetcherResult):
        return f"the first item is {status}: it is a status, LogFetcher.FETCH_SUCCESS"
    if len(result) == 1:
        return "FETCH_SUCCESS comes with a message"
    message = result[1]
    if message is None:
        return "the second item is None: with FETCH_SUCCESS it is a message, else return FETCH_NO_DATA"
    if isinstance(message, _syslogng.LogMessage):
        return "the message has a bookmark, but the driver has no ack_tracker to give it back to"
    return f"the second item is {type(message).__name__}: wrap it in LogMessage()"
