"""Templates, as options of a driver and to format messages with."""

from _syslogng import LogTemplate, LogTemplateException, LogTemplateOptions

__all__ = ["LTZ_LOCAL", "LTZ_SEND", "LogTemplate", "LogTemplateException", "LogTemplateOptions"]

LTZ_LOCAL = 0
"""Show times in the zone of ``local-time-zone()``."""
LTZ_SEND = 1
"""Show times in the zone of ``send-time-zone()``."""
