"""What a worker tells the daemon: one method for each frame it may send."""

from __future__ import annotations

from . import trace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["Refusal", "Report"]


class Refusal(Exception):
    """The driver cannot be started: at which stage, why, and where in the user's files."""

    def __init__(
        self,
        stage: str,
        message: str,
        error: BaseException | None = None,
        file: str | None = None,
        line: int | None = None,
    ) -> None:
        super().__init__(message)
        self.stage = stage
        self.message = message
        self.traceback = trace.text(error) if error else None
        if file is None and error is not None:
            file, line = trace.place(error)
        self.file = file
        self.line = line


class Report:
    """Sends frames. Safe to be used by any thread; a daemon that is gone is not an error here."""

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        self._send = send

    def ready(self, persist_name: str | None, blocking: bool) -> None:
        self._send({"t": "ready", "persist_name": persist_name, "blocking": blocking})

    def refused(self, refusal: Refusal) -> None:
        self._send({
            "t": "refused",
            "stage": refusal.stage,
            "message": refusal.message,
            "traceback": refusal.traceback,
            "file": refusal.file,
            "line": refusal.line,
        })  # fmt: skip

    def log(self, level: str, message: str, name: str | None = None) -> None:
        self._send({"t": "log", "level": level, "message": message, "name": name})

    def exception(self, method: str, error: BaseException) -> None:
        self._send({"t": "exception", "method": method, **trace.describe(error)})

    def event(self, kind: str, message: str) -> None:
        self._send({"t": "event", "kind": kind, "message": message})

    def finished(self) -> None:
        self._send({"t": "finished"})

    def failed(self, method: str, error: BaseException) -> None:
        self._send({"t": "failed", "method": method, **trace.describe(error)})

    def deinitialised(self) -> None:
        self._send({"t": "deinitialised"})

    def inspected(self, findings: list[dict[str, Any]]) -> None:
        self._send({"t": "inspected", "findings": findings})

    def registered(self, generators: list[tuple[str, str]]) -> None:
        self._send({"t": "registered", "generators": [list(one) for one in generators]})

    def generated(self, text: str) -> None:
        """Raises ValueError when the text is longer than a frame takes."""
        self._send({"t": "generated", "text": text})
