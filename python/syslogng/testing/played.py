"""The daemon that a driver under test talks to: frames, ring, acks, and a persist file that is a dict."""

from __future__ import annotations

import base64
import json
import select
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any

import _syslogng
from syslogng.message import LogMessage

__all__ = ["DriverLate", "Played"]

DEADLINE_SECONDS = 10.0
"""What the driver is waited for has to come within this time."""
_LOOK_SECONDS = 0.001
"""How often the ring is looked at."""


class DriverLate(AssertionError):
    """The driver did not do what the test waits for."""


class Played:
    """The daemon's end of a worker in this process, kept up by a thread of its own."""

    def __init__(self, window: int, ack: bool, compat: bool, checkpoint: bytes | None) -> None:
        self.worker, self._end, descriptor = _syslogng.play(window)
        self._socket = socket.socket(fileno=descriptor)
        self._compat = compat
        self._ack = ack
        self._answered = 0
        self._heard = bytearray()
        self._closed = False
        self._error: BaseException | None = None
        self.window = window
        self.changed = threading.Condition(threading.RLock())
        self.messages: list[LogMessage] = []
        self.notes: list[tuple[int, bool, bytes]] = []
        self.frames: list[dict[str, Any]] = []
        self.kept: dict[str, dict[str, Any]] = {}
        self.checkpoint = checkpoint
        self._thread = threading.Thread(target=self._play, name="played-daemon", daemon=True)
        self._thread.start()

    def send(self, frame: dict[str, Any]) -> None:
        body = json.dumps(frame).encode()
        self._socket.sendall(struct.pack("<I", len(body)) + body)

    def request_exit(self) -> None:
        self._end.request_exit()
        self.send({"t": "request_exit"})

    def close(self) -> None:
        """The daemon is gone."""
        self._closed = True
        self._thread.join(DEADLINE_SECONDS)
        self._socket.close()

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        with self.changed:
            self.changed.wait_for(lambda: self._error is not None or condition(), DEADLINE_SECONDS)
            if self._error is not None:
                raise self._error
            if not condition():
                raise DriverLate(f"{what} did not come in {DEADLINE_SECONDS:g} s")

    @property
    def unanswered(self) -> int:
        """Messages that wait for an answer, and hold a place in the window."""
        return len(self.messages) - self._answered

    def answer(self, count: int, verdict: Any) -> None:
        """Say what became of the oldest messages that are unanswered."""
        with self.changed:
            if count > self.unanswered:
                raise ValueError(f"{count} messages cannot be answered: {self.unanswered} wait for an answer")
            self._answer(count, verdict)

    def _answer(self, count: int, verdict: Any) -> None:
        if not count:
            return
        first = self._answered + 1
        self._answered += count
        for before, covers_next, state in self.notes:
            # Every state whose messages are all answered, up to the newest.
            if before + covers_next <= self._answered:
                self.checkpoint = state
        self.send({"t": "acked", "ranges": [{"first": first, "count": count, "verdict": verdict}]})
        self._end.grant(count)

    def look(self) -> None:
        """Take what the driver has said and posted up to now."""
        with self.changed:
            self._hear()
            while (frame := _cut(self._heard)) is not None:
                if frame["t"] == "persist":
                    answer = self._persist(frame["request"])
                    self.send({"t": "persisted", "id": frame["id"], "answer": answer})
                else:
                    self.frames.append(frame)
            messages, notes = self._end.take(self._compat)
            self.messages += messages
            self.notes += notes
            if self._ack:
                self._answer(len(self.messages) - self._answered, "delivered")
            if self._end.take_wakeup():
                self.send({"t": "wakeup"})
            self.changed.notify_all()

    def _play(self) -> None:
        try:
            while not self._closed:
                select.select([self._socket], [], [], _LOOK_SECONDS)
                self.look()
        except BaseException as error:
            with self.changed:
                self._error = error
                self.changed.notify_all()

    def _hear(self) -> None:
        try:
            # The worker's end is in this process, and lives as long as it does.
            while data := self._socket.recv(1 << 16, socket.MSG_DONTWAIT):
                self._heard += data
        except BlockingIOError:
            pass

    def _persist(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["op"] == "restore":
            state = self.checkpoint
            return {"is": "value", "value": None if state is None else base64.b64encode(state).decode()}
        space = self.kept.setdefault(request.get("space", ""), {})
        if request["op"] == "get":
            return {"is": "value", "value": space.get(request["name"])}
        if request["op"] == "names":
            return {"is": "names", "names": sorted(space), "more": False}
        if request["op"] == "put":
            space.update(request["entries"])
        else:
            space.pop(request["name"], None)
        return {"is": "done"}


def _cut(data: bytearray) -> dict[str, Any] | None:
    """The first frame of what has arrived, taken out of it."""
    if len(data) < 4:
        return None
    length = struct.unpack_from("<I", data)[0]
    if len(data) < 4 + length:
        return None
    frame: dict[str, Any] = json.loads(data[4 : 4 + length])
    del data[: 4 + length]
    return frame
