"""Exceptions of user code in words: the user's frames only, and what to do about a module that is missing."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["describe", "import_hint", "one_line", "place", "remember", "text"]

_OURS = __file__.rpartition("/")[0] + "/"

# Modules that are not called like what pip installs.
_DISTRIBUTIONS = {
    "OpenSSL": "pyOpenSSL",
    "bs4": "beautifulsoup4",
    "confluent_kafka": "confluent-kafka",
    "dateutil": "python-dateutil",
    "google": "google-api-python-client",
    "kafka": "kafka-python",
    "serial": "pyserial",
    "yaml": "PyYAML",
}

_sources: dict[str, list[tuple[int, str]]] = {}


def remember(file: str, line: int, text: str) -> None:
    """Keep the text of a block for tracebacks: the file may have changed when one is needed."""
    _sources.setdefault(file, []).append((line, text))


def describe(error: BaseException) -> dict[str, str]:
    """The exception in one line, and its traceback, under the names the frames have for them."""
    return {"message": one_line(error), "traceback": text(error)}


def one_line(error: BaseException) -> str:
    """``ValueError: what it says``, with a hint where a module is missing."""
    name = type(error).__name__
    try:
        said = str(error)
    except BaseException:
        said = "(its text cannot be made)"
    if isinstance(error, SyntaxError) and error.msg:
        said = error.msg
    first = said.strip().partition("\n")[0]
    line = f"{name}: {first}" if first else name
    hint = import_hint(error)
    return f"{line}; {hint}" if hint else line


def import_hint(error: BaseException | None) -> str | None:
    """How to get the module that an ImportError misses."""
    while error is not None and not isinstance(error, ImportError):
        error = error.__cause__
    if error is None or not isinstance(error, ModuleNotFoundError) or not error.name:
        return None
    top = error.name.partition(".")[0]
    if top in sys.stdlib_module_names or top in ("syslogng", "_syslogng") or top in sys.modules:
        return None
    return f"install it with: {sys.executable} -m pip install {_DISTRIBUTIONS.get(top, top)}"


def text(error: BaseException) -> str:
    """The traceback, from the first frame of the user's on."""
    try:
        import traceback

        _show_blocks()
        lines = traceback.format_exception(type(error), error, _users(error.__traceback__))
        return "".join(lines).rstrip("\n")
    except BaseException:
        # An exception whose own methods raise, or no memory, or no stack left.
        return f"{type(error).__name__} (its traceback cannot be shown)"


def place(error: BaseException) -> tuple[str | None, int | None]:
    """Where the exception came from: file and line of the user's innermost frame, or of the syntax error."""
    if isinstance(error, SyntaxError):
        return error.filename, error.lineno
    found: tuple[str | None, int | None] = (None, None)
    step = error.__traceback__
    while step is not None:
        file = step.tb_frame.f_code.co_filename
        if file in _sources:
            found = (file, step.tb_lineno)
        step = step.tb_next
    return found


def _users(traceback: TracebackType | None) -> TracebackType | None:
    """Leaves out the frames of this package that called the user's code."""
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if not file.startswith((_OURS, "<string>", "<frozen ")):
            return traceback
        traceback = traceback.tb_next
    return None


def _show_blocks() -> None:
    """Lets linecache know the blocks as they were loaded."""
    import linecache

    for file, blocks in _sources.items():
        lines: list[str] = []
        for first, block in sorted(blocks):
            lines += [""] * (first - 1 - len(lines))
            new = block.splitlines()
            # The first line of a block may be the rest of a line that ends another one.
            lines[first - 1 : first - 1 + len(new)] = new
        linecache.cache[file] = (sum(map(len, lines)), None, [line + "\n" for line in lines], file)
