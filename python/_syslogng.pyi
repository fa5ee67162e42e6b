"""The native half of syslogng. Users import the package; this is what it stands on."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, Literal, SupportsIndex, TypeAlias, final, overload

from typing_extensions import Buffer, Self, disjoint_base

from syslogng.receipt import Receipt

__all__ = [
    "BatchedAckTracker",
    "ConsecutiveAckTracker",
    "InstantAckTracker",
    "LogDestination",
    "LogFetcher",
    "LogMessage",
    "LogParser",
    "LogSource",
    "LogTemplate",
    "LogTemplateException",
    "LogTemplateOptions",
    "MessageTooLarge",
    "ParseOptions",
    "Persist",
    "PlayedDaemon",
    "Request",
    "Server",
    "SuspendedError",
    "Worker",
    "configure",
    "play",
]

_Name: TypeAlias = str | bytes
_Value: TypeAlias = (
    str | bytes | int | float | bool | datetime | list[str] | list[bytes] | list[str | bytes] | None
)
_Kept: TypeAlias = str | bytes | int | bool
_Read: TypeAlias = bytes | int | float | bool | datetime | list[bytes] | None

_Postable: TypeAlias = LogMessage | str | bytes | bytearray | memoryview | dict[str, Any] | dict[bytes, Any]

class SuspendedError(RuntimeError):
    """A message was posted while the source was suspended, and suspended-post(raise) is set."""

class MessageTooLarge(ValueError):
    """A message is larger than the ring takes."""

class LogTemplateException(Exception):
    """A text is no template."""

@disjoint_base
class LogMessage:
    """A log message. Its text is a str or bytes; the time stamps are those of the moment it is made."""

    def __new__(cls, *args: Any, **kwargs: Any) -> LogMessage: ...
    def __init__(self, message: str | Buffer | None = None, bookmark: object = None) -> None: ...
    @staticmethod
    def parse(raw_msg: str | Buffer, parse_options: ParseOptions) -> LogMessage:
        """Make a message of what came over a wire, as the driver's parsing flags say. Never fails."""
    def __getitem__(self, key: _Name, /) -> _Read:
        """The value of a name or macro. KeyError if it is not set; b"" below @version 4.0."""
    def __setitem__(self, key: _Name, value: _Value, /) -> None: ...
    def __delitem__(self, key: _Name, /) -> None: ...
    def __contains__(self, key: _Name, /) -> bool: ...
    def __len__(self) -> int:
        """Names set on the message."""
    def __bool__(self) -> bool: ...
    def __copy__(self) -> LogMessage: ...
    def keys(self) -> list[bytes]:
        """Names set on the message, then those of all macros."""
    def items(self) -> list[tuple[bytes, _Read]]:
        """Names set on the message, with their values."""
    @overload
    def get(self, key: _Name) -> _Read: ...
    @overload
    def get(self, key: _Name, default: Any) -> Any: ...
    def get_as_str(
        self,
        key: _Name,
        default: str | None = None,
        encoding: str = "utf-8",
        errors: str = "strict",
        repr: str = "internal",
    ) -> str | None:
        """The value of a name as text, whatever its type."""
    def set_pri(self, pri: int) -> None:
        """Set the priority: facility * 8 + severity."""
    def get_pri(self) -> int: ...
    def set_timestamp(self, timestamp: datetime) -> None:
        """Set the time stamp; a naive datetime is local time."""
    def get_timestamp(self) -> datetime:
        """The time stamp, naive, in the message's own zone."""
    def set_source_ipaddress(self, ip: str | None, port: int = 0) -> bool:
        """Set SOURCEIP and SOURCEPORT. False, and nothing done, if ip is no address."""
    def set_recvd_rawmsg_size(self, rawmsg_size: int) -> None: ...
    def set_bookmark(self, bookmark: object) -> None: ...
    def copy(self) -> LogMessage:
        """A message like this one that can be changed. It has no bookmark."""

class _Driver:
    @property
    def persist_name(self) -> str | None: ...
    def set_transport_name(self, name: str) -> None: ...
    def _checkpoint(self, state: bytes) -> None: ...

@disjoint_base
class LogSource(_Driver):
    """The native base of syslogng.LogSource."""

    auto_close_batches: bool
    def __new__(cls, *args: Any, **kwargs: Any) -> LogSource: ...
    @overload
    def post_message(self, msg: _Postable, receipt: Literal[False] = False) -> bool: ...
    @overload
    def post_message(self, msg: _Postable, receipt: Literal[True]) -> Receipt:
        """Send a copy of the message on its way.

        In place of a LogMessage it may be a text, str or bytes, or a dict of names and values.

        True: it will be delivered. False: it was dropped, which the daemon counts and logs, since the
        source is suspended or was asked to exit. At an exhausted window this waits, or calls suspend() if
        the class has suspend() and wakeup(). May be called by any thread, from run() on.

        With receipt=True it gives a Receipt instead, which says what became of the message once that is
        known.
        """
    def post_messages(self, messages: Iterable[_Postable]) -> int:
        """Post each of an iterable's messages, as post_message() does; the number that will be delivered.

        Waits where the window is exhausted. Ends early, and takes no more from the iterable, once the driver
        was asked to exit and there is no credit left. What the iterable raises is raised here; the messages
        before are on their way.
        """
    def close_batch(self) -> None: ...
    def _post_now(self, msg: _Postable) -> bool | None: ...
    def _wait_to_post(self) -> None: ...

@disjoint_base
class LogFetcher(_Driver):
    """The native base of syslogng.LogFetcher."""

    def __new__(cls, *args: Any, **kwargs: Any) -> LogFetcher: ...

@disjoint_base
class LogDestination:
    """The native base of syslogng.LogDestination."""

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self: ...
    def stats_written_bytes_add(self, count: int) -> None:
        """Count bytes written."""
    def _take_written_bytes(self) -> int:
        """What was counted since the last call."""

class LogParser:
    """The native base of syslogng.LogParser."""

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self: ...

class InstantAckTracker:
    """Calls ack_callback(bookmark) for each bookmark as its message is done with, in whatever order."""

    def __new__(cls, *args: Any, **kwargs: Any) -> InstantAckTracker: ...
    def __init__(self, ack_callback: Callable[[Any], object]) -> None: ...

class ConsecutiveAckTracker:
    """Calls ack_callback(bookmark) with the last bookmark of each run of messages that are done with."""

    def __new__(cls, *args: Any, **kwargs: Any) -> ConsecutiveAckTracker: ...
    def __init__(self, ack_callback: Callable[[Any], object]) -> None: ...

class BatchedAckTracker:
    """Calls batched_ack_callback(bookmarks) with a list, oldest ack first."""

    def __new__(cls, *args: Any, **kwargs: Any) -> BatchedAckTracker: ...
    def __init__(
        self, timeout: int, batch_size: int, batched_ack_callback: Callable[[list[Any]], object]
    ) -> None: ...

@disjoint_base
class Persist:
    """Names and values that outlive the daemon. A change is on the disk when the call returns."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Persist: ...
    def __init__(self, persist_name: str) -> None: ...
    @property
    def persist_name(self) -> str: ...
    def __getitem__(self, key: _Name, /) -> _Kept: ...
    def __setitem__(self, key: _Name, value: _Kept, /) -> None: ...
    def __delitem__(self, key: _Name, /) -> None: ...
    def __contains__(self, key: object, /) -> bool: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[str]:
        """The names there are now."""
    def update(self, values: Any = None, /, **more: _Kept) -> None:
        """Change several values in one step: after a crash all are there, or none."""

@final
class ParseOptions:
    """How a driver's messages are parsed. Nothing can be read from it."""

def configure(templates: dict[str, Any], compat: bool) -> None:
    """Take over the template options of the configuration, for the package's own use."""

@final
class LogTemplateOptions:
    """The template options of the configuration. Nothing can be read from it."""

    def __new__(cls) -> LogTemplateOptions: ...

@final
class LogTemplate:
    """A template, compiled once."""

    def __new__(cls, template: str, *options: LogTemplateOptions) -> LogTemplate: ...
    def format(
        self,
        msg: LogMessage,
        options: LogTemplateOptions | None = None,
        tz: int = 1,
        seqnum: SupportsIndex = 0,
    ) -> bytes:
        """The text for a message. The options are those given here, else the constructor's."""

@final
class Worker:
    """The worker process, for the package's own use."""

    def __new__(cls, control: int, ring: int, doorbell: int) -> Worker: ...
    def receive(self) -> dict[str, Any] | None: ...
    def send(self, frame: dict[str, Any]) -> None: ...
    def bind(self, driver: LogSource | LogFetcher, persist_name: str) -> None: ...
    def suspend_with(self, suspend: Callable[[], None], rule: str) -> None: ...
    def open(self) -> None: ...
    def close(self) -> None: ...
    def forked(self) -> None: ...
    def request_exit(self) -> None: ...
    def wakeup_arrived(self) -> bool: ...
    def allow_persist(self) -> None: ...
    def restore(self, persist_name: str | None) -> bytes | None: ...
    def keep_checkpoint(self, driver: LogFetcher) -> None: ...
    def track(self, tracker: object) -> Callable[[Any], object]: ...
    def receipts_with(self, receipt: Callable[[], Receipt]) -> None: ...
    def unsettled(self) -> int: ...
    def last_acks(self) -> dict[str, Any]: ...
    def wait_for_suspend(self, seconds: float) -> None: ...
    def fetch_loop(self, driver: LogFetcher, fetch: Callable[[], Any]) -> tuple[Any] | None: ...
    def post_all(self, driver: LogSource, messages: Iterable[_Postable]) -> None: ...
    @staticmethod
    def parse_options(told: dict[str, Any], compat: bool) -> ParseOptions: ...

@final
class PlayedDaemon:
    """The daemon's end of a worker in this process, for :mod:`syslogng.testing`."""

    def take(self, compat: bool) -> tuple[list[LogMessage], list[tuple[int, bool, bytes]]]: ...
    def grant(self, messages: int) -> None: ...
    def request_exit(self) -> None: ...
    def take_wakeup(self) -> bool: ...
    def dropped_suspended(self) -> int: ...

def play(window: int) -> tuple[Worker, PlayedDaemon, int]:
    """A worker in this process, the daemon's end of it, and the descriptor of its control socket. Without a
    window (0) there is always credit."""

@final
class Server:
    """A worker that the daemon asks: one a process."""

    ANSWER_BYTES_MAX: int
    def __new__(cls, control: int, memory: int, answered: int, asked: int) -> Server: ...
    def receive(self) -> dict[str, Any] | None:
        """The next frame of the daemon; None: it is gone, and the process will be soon."""
    def send(self, frame: dict[str, Any]) -> None: ...
    def allow_persist(self) -> None:
        """From now on user code may use the persist file."""
    @staticmethod
    def forked() -> None:
        """To be called in a forked child: the daemon is not its own."""
    def next(self) -> Request | None:
        """Wait for the next request of the daemon; None once stop() was called."""
    def stop(self) -> None:
        """From now on next() gives None, also where it waits already. May be called by any thread."""

@final
class Request:
    """A request of the daemon: take its messages, say what became of each, and answer."""

    @property
    def verb(self) -> Literal["call", "parse", "send", "render"]: ...
    @property
    def object(self) -> int:
        """Which object of the worker is meant."""
    @property
    def number(self) -> int:
        """The sequence number of the first message that gets one."""
    @property
    def is_local(self) -> bool:
        """Whether the message given out last was made on this machine."""
    def __len__(self) -> int:
        """Number of messages."""
    def said(self) -> Any:
        """What a call says."""
    def message(self, compat: bool, writable: bool) -> LogMessage | None:
        """The next message, or None behind the last."""
    def message_and_arguments(self, compat: bool) -> tuple[LogMessage, tuple[bytes, ...]] | None:
        """The next message and the arguments of the function, or None behind the last."""
    def pairs(self, compat: bool) -> dict[str, _Read] | None:
        """The next message as a dict of its values, or None behind the last."""
    def parsed(self, message: LogMessage, good: bool) -> bool:
        """parse() has seen the message. False: the answer is full, and this message was not taken."""
    def rendered(self, result: _Value, compat: bool) -> bool:
        """A template function has returned. False: the answer is full, and this result was not taken."""
    def settled(self, messages: int) -> None:
        """Should this process end now, the first so many messages are done with."""
    def finish(self) -> None:
        """Answer for the messages seen so far."""
    def answer(self, said: Any, count: int, number: int) -> None:
        """Answer with what is said to so many messages; number is the next sequence number."""
