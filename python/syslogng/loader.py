"""The ``python { }`` blocks of the configuration, and the classes that are named in it."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

from . import trace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any

__all__ = ["MAIN", "NoClass", "compile_block", "find_class", "make_main", "run_block"]

MAIN = "_syslogng_main"
"""Name of the module that all blocks share."""

_ONLY_AST = 0x400
"""``ast.PyCF_ONLY_AST``, without the import of ``ast``."""


class NoClass(Exception):
    """A class that cannot be found: what is wrong, what to do, and the exception behind it."""

    def __init__(
        self, kind: str, message: str, hint: str | None = None, error: BaseException | None = None
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.hint = hint
        self.error = error


def make_main(config_file: str) -> ModuleType:
    """Make the module of the blocks, and let it be imported."""
    main = ModuleType(MAIN)
    main.__file__ = config_file
    sys.modules[MAIN] = main
    return main


def run_block(main: ModuleType, file: str, line: int, text: str) -> None:
    """Execute a block in the module. ``line`` is the line of the file on which the text begins."""
    trace.remember(file, line, text)
    exec(compile_block(file, line, text), main.__dict__)


def compile_block(file: str, line: int, text: str) -> CodeType:
    """Compile a block so that its code has the lines of the file.

    A block may be indented as a whole, and may begin with a blank: it stands in a configuration, not in a
    module.
    """
    first, newline, rest = text.partition("\n")
    above = "\n" * (line - 1)
    if first.strip() and not first.lstrip().startswith("#"):
        return compile(above + first.lstrip() + newline + rest, file, "exec", dont_inherit=True)
    if not _is_indented(rest):
        return compile(above + first.lstrip() + newline + rest, file, "exec", dont_inherit=True)
    # The block becomes the body of a statement, which is then taken off: unlike dedenting, this leaves the
    # texts of strings as they are.
    tree: Any = compile(f"{above}if 1:\n{rest}", file, "exec", _ONLY_AST, dont_inherit=True)
    if len(tree.body) > 1:
        # Indented at first, and not later: let Python say so.
        return compile(above + newline + rest, file, "exec", dont_inherit=True)
    tree.body = tree.body[0].body
    return compile(tree, file, "exec", dont_inherit=True)


def _is_indented(text: str) -> bool:
    """Whether the first line of code begins with a blank."""
    for line in text.split("\n"):
        code = line.strip()
        if code and not code.startswith("#"):
            return line[0] in " \t"
    return False


def find_class(name: str) -> type:
    """Find what ``class()`` names: in the blocks, or with dots in a module. Raises :class:`NoClass`."""
    module, _, attribute = name.rpartition(".")
    if not module:
        return _as_class(name, _in_blocks(name))
    return _as_class(name, _in_module(name, module, attribute))


def _in_blocks(name: str) -> object:
    main = sys.modules.get(MAIN)
    try:
        return getattr(main, name)
    except AttributeError:
        pass
    known = [key for key, value in vars(main).items() if isinstance(value, type)] if main else []
    raise NoClass(
        "missing_class",
        f"class {name} is not defined in the python blocks of the configuration",
        _similar(name, known) or f'for a class of a module write class("module.{name}")',
    )


def _in_module(name: str, module: str, attribute: str) -> object:
    try:
        found: object = import_module(module)
    except ModuleNotFoundError as error:
        outer, _, inner = module.rpartition(".")
        if outer and error.name == module:
            # A class within a class, perhaps.
            try:
                holder = _in_module(name, outer, inner)
            except NoClass:
                holder = None
            if isinstance(holder, type) and hasattr(holder, attribute):
                return getattr(holder, attribute)
        hint = trace.import_hint(error)
        if hint is None and error.name and module.startswith(error.name):
            hint = "directories on sys.path: " + ", ".join(path for path in sys.path if path)
        raise NoClass("missing_module", f"{trace.one_line(error)} (for class {name})", hint, error) from error
    except BaseException as error:
        message = f"cannot import {module} for class {name}: {trace.one_line(error)}"
        raise NoClass("broken_module", message, trace.import_hint(error), error) from error
    try:
        return getattr(found, attribute)
    except AttributeError:
        known = [key for key, value in vars(found).items() if isinstance(value, type)]
        message = f"module {module} has no class {attribute}"
        raise NoClass("missing_class", message, _similar(attribute, known)) from None


def _as_class(name: str, found: object) -> type:
    if isinstance(found, type):
        return found
    raise NoClass("wrong_class", f"{name} is a {type(found).__name__}, not a class")


def _similar(name: str, known: list[str]) -> str | None:
    from difflib import get_close_matches

    close = get_close_matches(name, known, 1)
    return f"did you mean {close[0]}?" if close else None
