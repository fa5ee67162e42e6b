"""Log messages.

``LogMessage(text)`` makes a message of a ``str``, of ``bytes`` or of nothing; ``LogMessage.parse(raw,
options)`` makes one of what came over a wire, as the driver's parsing flags say. ``LogMessage`` is a native
class, so that a message costs next to nothing; ``help(LogMessage)`` and ``_syslogng.pyi`` say what it can
do.
"""

from _syslogng import LogMessage

__all__ = ["LogMessage"]
