"""What a log source in Python is made of.

A source that runs its own loop derives from :class:`LogSource` and posts messages; one that is asked for
the next
message derives from :class:`LogFetcher`. Both are named in the configuration by ``class()``::

    python {
    from syslogng import LogFetcher, LogMessage

    class Counter(LogFetcher):
        def init(self, options):
            self.count = 0
            return True

        def fetch(self):
            self.count += 1
            return LogFetcher.FETCH_SUCCESS, LogMessage(f"message {self.count}")
    };

    source s_count { python-fetcher(class("Counter")); };
"""

from _syslogng import (
    BatchedAckTracker,
    ConsecutiveAckTracker,
    InstantAckTracker,
    SuspendedError,
)

from .confgen import register_config_generator
from .dest import LogDestination
from .logger import Logger
from .message import LogMessage
from .parser import LogParser
from .persist import Persist
from .receipt import Receipt
from .reloc import get_installation_path_for
from .source import LogFetcher, LogFetcherResult, LogSource
from .template import (
    LTZ_LOCAL,
    LTZ_SEND,
    LogTemplate,
    LogTemplateException,
    LogTemplateOptions,
)

__all__ = [
    "LTZ_LOCAL",
    "LTZ_SEND",
    "BatchedAckTracker",
    "ConsecutiveAckTracker",
    "InstantAckTracker",
    "LogDestination",
    "LogFetcher",
    "LogFetcherResult",
    "LogMessage",
    "LogParser",
    "LogSource",
    "LogTemplate",
    "LogTemplateException",
    "LogTemplateOptions",
    "Logger",
    "Persist",
    "Receipt",
    "SuspendedError",
    "get_installation_path_for",
    "register_config_generator",
]
