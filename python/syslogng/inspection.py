"""A look at the Python of a configuration before it runs: all that is wrong, not only the first."""

from __future__ import annotations

from . import confgen, diagnosis, loader, rendering, trace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    _Finding = dict[str, Any]

__all__ = ["inspect"]


def inspect(hello: _Finding) -> list[_Finding]:
    """Execute the blocks and look at every driver's class. Nothing is made of it, and no method is called."""
    main = loader.make_main(hello["config_file"])
    findings: list[_Finding] = []
    for block in hello["blocks"]:
        try:
            loader.run_block(main, block["file"], block["line"], block["text"])
        except BaseException as error:
            findings.append(_of_block(block, error))
    whole = not findings
    for context, name, file, line in confgen.unasked():
        message = f"the config generator {name} is never called: nothing of context {context} is generated"
        findings.append(
            _finding(None, "warning", "unused_generator", message, None) | {"file": file, "line": line}
        )
    compat = tuple(hello["config_version"]) < (4, 0)
    for driver in hello["drivers"]:
        looked = (
            _of_function(driver, whole) if driver["kind"] == "function" else _of_driver(driver, whole, compat)
        )
        findings += looked
    return findings


def _of_block(block: _Finding, error: BaseException) -> _Finding:
    kind = "syntax_error" if isinstance(error, SyntaxError) else "block_error"
    if isinstance(error, ModuleNotFoundError):
        kind = "missing_module"
    file, line = trace.place(error)
    message = f"error in a python block: {trace.one_line(error)}"
    finding = _finding(None, "error", kind, message, None, error)
    return finding | {"file": file or block["file"], "line": line or block["line"]}


def _of_function(function: _Finding, whole: bool) -> Iterator[_Finding]:
    """What is wrong with a template function; one that is named by a template is not looked for."""
    wanted = function["class"]
    if not wanted:
        return
    try:
        rendering.find_function(wanted)
    except BaseException as error:
        if whole or "." in wanted:
            hint = trace.import_hint(error) if isinstance(error, ImportError) else None
            # It starts all the same, and renders <error>, as in syslog-ng.
            message = f"$(python {wanted}): {trace.one_line(error)}"
            yield _finding(function["id"], "warning", "missing_function", message, hint) | _place(function)


def _place(driver: _Finding) -> _Finding:
    return {"file": driver["location"]["file"] or None, "line": driver["location"]["line"] or None}


def _of_driver(driver: _Finding, whole: bool, compat: bool) -> Iterator[_Finding]:
    """What is wrong with a driver. ``whole``: every block could be executed, so what is missing is so."""
    name, kind, wanted = driver["id"], driver["kind"], driver["class"]
    at = _place(driver)
    for module in driver["loaders"]:
        try:
            __import__(module)
        except BaseException as error:
            message = f"loaders({module}) failed: {trace.one_line(error)}"
            yield _finding(name, "warning", "missing_loader", message, trace.import_hint(error), error) | at
    try:
        found = loader.find_class(wanted)
    except loader.NoClass as error:
        if whole or "." in wanted:
            yield _finding(name, "error", error.kind, error.message, error.hint, error.error) | at
        return
    at = _definition(found) or at
    wrong = diagnosis.wrong_base(kind, found, compat)
    if wrong:
        message, _, hint = wrong.partition(": ")
        yield _finding(name, "error", "wrong_base", message, hint) | at
        return
    for method, starts in diagnosis.missing_methods(kind, found):
        severity = "warning" if starts else "error"
        yield (
            _finding(name, severity, "missing_method", f"class {wanted} has no {method}() method", None) | at
        )
    if hasattr(found, "suspend") and not hasattr(found, "wakeup"):
        message = f"class {wanted} has suspend() but no wakeup()"
        yield _finding(name, "error", "missing_method", message, "define both, or neither") | at
    for method, hint, starts in diagnosis.odd_methods(kind, found):
        severity = "warning" if starts else "error"
        message = f"{wanted}.{method}() cannot be called as it is defined"
        yield _finding(name, severity, "wrong_signature", message, hint) | at


def _definition(found: type) -> _Finding | None:
    """Where a class stands, as far as its methods know."""
    for value in vars(found).values():
        code = getattr(getattr(value, "__func__", value), "__code__", None)
        if code is not None and getattr(value, "__module__", None) == found.__module__:
            return {"file": code.co_filename, "line": code.co_firstlineno}
    return None


def _finding(
    driver: str | None,
    severity: str,
    kind: str,
    message: str,
    hint: str | None,
    error: BaseException | None = None,
) -> _Finding:
    return {
        "driver": driver,
        "severity": severity,
        "kind": kind,
        "message": message,
        "hint": hint,
        "traceback": trace.text(error) if error else None,
    }
