"""Parsers and destinations under test.

What calls the user's methods is what calls them in a worker, :mod:`syslogng.parsing` and
:mod:`syslogng.sending`; only the daemon that asks is played.
"""

from __future__ import annotations

from collections import deque
from types import TracebackType
from typing import Any, Generic, TypeVar

from syslogng.message import LogMessage
from syslogng.parsing import Parsing
from syslogng.report import Refusal, Report
from syslogng.sending import Sending
from syslogng.served import Served

from .played import DriverLate
from .watched import WRONG, Refused, Watch, Watching, said

__all__ = ["DestinationDriving", "ParserDriving"]

_Handler = TypeVar("_Handler", Parsing, Sending)
_Self = TypeVar("_Self", bound="_Asked[Any]")
_Posted = LogMessage | str | bytes

_TRIES_MAX = 100
"""Times a destination is asked in one :meth:`DestinationDriving.run`: one that gets nowhere ends the test."""


class _Request:
    """A request of the daemon, as the loops of a worker see it."""

    def __init__(self, verb: str, messages: list[LogMessage], number: int = 1, do: str = "") -> None:
        self.verb = verb
        self.number = number
        self.is_local = True
        self.verdicts: list[bool] = []
        self.answered: tuple[Any, int, int] = ({}, 0, number)
        self._messages = deque(messages)
        self._count = len(messages)
        self._do = do

    def __len__(self) -> int:
        return self._count

    def said(self) -> dict[str, str]:
        return {"do": self._do}

    def message(self, compat: bool, writable: bool) -> LogMessage | None:
        return self._messages.popleft() if self._messages else None

    def parsed(self, message: LogMessage, good: bool) -> bool:
        self.verdicts.append(good)
        return True

    def settled(self, messages: int) -> None:
        """Nothing dies here, so nobody has to know."""

    def finish(self) -> None:
        """The verdicts are there."""

    def answer(self, said: Any, count: int, number: int) -> None:
        self.answered = (said, count, number)


class _Watched(Watching, Served):
    """A parser or destination of a test."""


class _Asked(Watch, Generic[_Handler]):
    """A driver that is asked, in a test: use it in ``with``."""

    _kind: str

    def __init__(
        self,
        cls: type,
        options: dict[str, Any] | None = None,
        *,
        persist_name: str | None = None,
        version: tuple[int, int] = (4, 0),
        terms: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(cls, options)
        self._frames: list[dict[str, Any]] = []
        told: dict[str, Any] = {
            "kind": self._kind,
            "class": cls.__name__,
            "loaders": [],
            "persist_name": persist_name,
            "destination": terms or {},
        }
        self._driver = _Watched(told, version, Report(self._frames.append))
        self._driver.watch = self
        self._handler: _Handler | None = None

    def __enter__(self: _Self) -> _Self:
        try:
            self._driver.prepare()
        except Refusal as refusal:
            raise Refused(refusal) from None
        self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        self._driver.call("deinit")

    @property
    def instance(self) -> Any:
        """The object that was made of the class."""
        return self._driver.instance

    @property
    def errors(self) -> list[str]:
        """What the daemon's log would say went wrong: exceptions and bad results."""
        return [said(frame) for frame in self._frames if frame["t"] in WRONG]

    def _begin(self) -> None:
        raise NotImplementedError

    def _end(self) -> None:
        """The driver is to end."""


class ParserDriving(_Asked[Parsing]):
    """A :class:`~syslogng.LogParser` in a test."""

    _kind = "parser"

    def parse(self, message: _Posted) -> LogMessage | None:
        """The message as it goes on behind the parser; None: it was dropped."""
        if self._handler is None:
            raise RuntimeError("the parser is there in its with statement only")
        given = message if isinstance(message, LogMessage) else LogMessage(message)
        request: Any = _Request("parse", [given])
        self._handler.handle(request)
        return given if request.verdicts == [True] else None

    def _begin(self) -> None:
        self._handler = Parsing(self._driver)


class DestinationDriving(_Asked[Sending]):
    """A :class:`~syslogng.LogDestination` in a test. Settings: ``retries`` (3), ``batch_lines`` (0),
    ``time_reopen`` (1 s)."""

    _kind = "destination"

    def __init__(
        self,
        cls: type,
        options: dict[str, Any] | None = None,
        *,
        retries: int = 3,
        batch_lines: int = 0,
        time_reopen: float = 1.0,
        **settings: Any,
    ) -> None:
        terms: dict[str, Any] = {
            "batch_lines": batch_lines,
            "value_pairs": False,
            "seqnum": True,
            "seqnum_all": True,
        }
        super().__init__(cls, options, terms=terms, **settings)
        self.queue: list[LogMessage] = []
        """Messages that are not settled yet, oldest first."""
        self.delivered: list[LogMessage] = []
        """Messages that the class has settled as delivered."""
        self.dropped: list[LogMessage] = []
        """Messages that were given up."""
        self.waits: list[float] = []
        """The seconds it has waited before it connected again. They take no time."""
        self._retries = retries
        self._time_reopen = time_reopen
        self._failures_in_a_row = 0
        self._opened = False
        self._kept = 0
        """Messages of the queue that the class has been given, and has not settled."""
        self._number = 1

    def send(self, *messages: _Posted) -> None:
        """Queue messages, and let the destination work until all are settled, or kept by its ``flush()``.

        :class:`DriverLate` when it gets nowhere.
        """
        self.queue += [one if isinstance(one, LogMessage) else LogMessage(one) for one in messages]
        for _ in range(_TRIES_MAX):
            if not self._opened and not self._open():
                continue
            if len(self.queue) > self._kept:
                kept = self._ask(_Request("send", self.queue[self._kept :], self._number))
                if not kept:
                    continue
            if not self.queue:
                return
            # Nothing is left to be sent: what the class keeps is written out.
            if self._ask(_Request("call", [], do="flush")):
                return
        raise DriverLate(f"{len(self.queue)} messages are not settled after {_TRIES_MAX} tries")

    def _open(self) -> bool:
        answer = self._answer(_Request("call", [], do="open"))
        self._opened = answer["why"] is None
        if not self._opened:
            self.waits.append(self._time_reopen)
        return self._opened

    def _ask(self, request: _Request) -> bool:
        """Do with the queue as the class says; whether the rest of it stays with the class."""
        answer = self._answer(request)
        if request.verb == "send":
            self._number = request.answered[2]
        self._take(answer["delivered"], self.delivered)
        self._take(answer["dropped"], self.dropped)
        if answer["then"] == "failed":
            self._failures_in_a_row += 1
            if self._failures_in_a_row >= self._retries:
                self._take(answer["messages"], self.dropped)
                self._kept = 0
                return False
        if answer["then"] in ("failed", "reopen"):
            self._close()
            self.waits.append(self._time_reopen)
        kept = bool(answer["then"] == "keep_open")
        self._kept = len(self.queue) if kept else 0
        return kept

    def _take(self, count: int, into: list[LogMessage]) -> None:
        if count:
            self._failures_in_a_row = 0
        into += self.queue[:count]
        del self.queue[:count]

    def _answer(self, request: _Request) -> dict[str, Any]:
        if self._handler is None:
            raise RuntimeError("the destination is there in its with statement only")
        asked: Any = request
        self._handler.handle(asked)
        said: dict[str, Any] = request.answered[0]
        return said

    def _close(self) -> None:
        self._answer(_Request("call", [], do="close"))
        self._opened = False

    def _begin(self) -> None:
        self._handler = Sending(self._driver)

    def _end(self) -> None:
        if self._opened:
            self._ask(_Request("call", [], do="flush"))
            if self._opened:
                self._close()
