"""Config generators: functions that write parts of the configuration while it is read.

A generator has the looks of a driver or a block in the configuration, and its text takes the place of its
name::

    python {
    from syslogng import register_config_generator

    def hosts(arguments):
        ports = arguments["ports"].split()
        return "\\n".join(f"network(port({port}));" for port in ports)

    register_config_generator(context="source", name="hosts", config_generator=hosts)
    };

    source s_net { hosts(ports(5140 5141)); };
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    import _syslogng

    from .report import Report

    _Generator = Callable[[dict[str, str]], "str | bytes"]

__all__ = ["register_config_generator"]

_ASKED = (
    "root",
    "destination",
    "source",
    "parser",
    "rewrite",
    "filter",
    "log",
    "options",
    "inner-dest",
    "inner-src",
)
"""Contexts in which a name may be a generator's."""

_OTHERS = (
    "block-def",
    "block-arg",
    "block-ref",
    "block-content",
    "block-func-arg",
    "block-param",
    "pragma",
    "format",
    "template-func",
    "client-proto",
    "server-proto",
    "config",
    "template-ref",
    "filterx",
    "filterx-func",
    "filterx-simple-func",
    "filterx-gen-func",
)
"""Contexts that exist as well, and in which the grammar has no place for one."""

_generators: dict[tuple[str, str], _Generator] = {}
_unasked: list[tuple[str, str, str, int]] = []
"""Context and name of those that will never be called, and where they were registered."""


def register_config_generator(context: str, name: str, config_generator: _Generator) -> None:
    """Make ``name(key(value) …)`` in this context stand for the text that ``config_generator`` returns.

    The function gets one dict: keys have ``_`` for every ``-``, values are the text between the parentheses
    as written, quotes included. It returns configuration text, which is read in place of the name; where it
    raises or returns something else, the configuration is refused. It must come back: all blocks and
    generators of a configuration have 60 seconds together.

    Call it from a ``python { }`` block that stands before the name, again each time the configuration is
    read. ``-`` and ``_`` are the same in names. Raises :class:`ValueError` for a context that does not exist.
    Outside the daemon it has no effect.
    """
    if not callable(config_generator):
        kind = type(config_generator).__name__
        raise TypeError(f"config_generator must be a function, not {kind}")
    context, name = _dashed(context), name.replace("-", "_")
    if context not in _ASKED:
        if context not in _OTHERS:
            raise ValueError(f"there is no context {context!r}, only {', '.join(_ASKED)}")
        caller = sys._getframe(1)
        _unasked.append((context, name, caller.f_code.co_filename, caller.f_lineno))
    _generators[context, name] = config_generator


def unasked() -> list[tuple[str, str, str, int]]:
    """Context, name, file and line of the generators that are registered where none is ever called."""
    return _unasked


def serve(hello: dict[str, Any], worker: _syslogng.Worker, report: Report) -> None:
    """Execute the blocks, and call generators until the daemon has no more questions."""
    from . import loader

    main = loader.make_main(hello["config_file"])

    def run(block: dict[str, Any]) -> None:
        try:
            loader.run_block(main, block["file"], block["line"], block["text"])
        except BaseException:
            # Whoever looks at the Python when all is read finds it again, and reports it with its place.
            pass

    for block in hello["blocks"]:
        run(block)
    report.registered(list(_generators))
    while (frame := worker.receive()) is not None:
        if frame["t"] == "block":
            run(frame)
            report.registered(list(_generators))
        elif frame["t"] == "generate":
            _answer(frame, report)


def _answer(frame: dict[str, Any], report: Report) -> None:
    """Call one generator, and tell what came of it."""
    name = frame["name"]
    try:
        text = _text(_generators[frame["context"], name](dict(frame["arguments"])))
        report.generated(text)
    except BaseException as error:
        report.failed(name, error)


def _text(made: object) -> str:
    if isinstance(made, bytes):
        return made.decode()
    if isinstance(made, str):
        return made
    raise TypeError(f"it returned {type(made).__name__}, and must return configuration text as a str")


def _dashed(context: str) -> str:
    return context.replace("_", "-")
