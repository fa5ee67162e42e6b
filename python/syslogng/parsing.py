"""What a worker does with the messages of a parser: ``parse()`` for each."""

from __future__ import annotations

from . import diagnosis
from .errors import Errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _syslogng import Request

    from .served import Served

__all__ = ["Parsing"]


class Parsing:
    """A parser of the configuration."""

    def __init__(self, driver: Served) -> None:
        parse = driver.method("parse")
        assert parse is not None, "prepare() has looked"
        self._parse = parse
        self._compat = driver.compat
        self._errors = Errors(driver.report)

    def handle(self, request: Request) -> None:
        """Parse the messages of a request and answer."""
        parse, parsed, message_of, compat = self._parse, request.parsed, request.message, self._compat
        while (message := message_of(compat, True)) is not None:
            try:
                good = parse(message)
                if good is not True and diagnosis.is_coroutine(good):
                    good.close()
                    self._errors.event("bad_result", "parse() cannot be async: it is called, not awaited")
                    good = False
                good = bool(good)
            except BaseException as error:
                self._errors.exception("parse", error)
                good = False
            if not parsed(message, good):
                break
        request.finish()
