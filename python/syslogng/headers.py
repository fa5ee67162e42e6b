"""What a worker does for ``python-http-header()``: the headers of a request, and the word of its response."""

from __future__ import annotations

from . import trace
from .errors import Errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from _syslogng import Request

    from .served import Served

__all__ = ["Headers"]


class Headers:
    """A header plugin of the configuration."""

    def __init__(self, driver: Served) -> None:
        self._driver = driver
        self._errors = Errors(driver.report)
        get_headers = driver.method("get_headers")
        assert get_headers is not None, "prepare() has looked"
        self._get_headers = get_headers

    def handle(self, request: Request) -> None:
        """Answer with headers, or with what is wrong."""
        said = request.said()
        if said["do"] == "headers":
            answer = self._headers(said)
        else:
            answer = self._response(said["code"])
        request.answer(answer, 0, 0)

    def _headers(self, said: dict[str, Any]) -> dict[str, Any]:
        try:
            result = self._get_headers(said["body"], said["headers"])
            if not isinstance(result, list):
                raise TypeError(f"get_headers() must return a list, not {type(result).__name__}")
            return {"headers": [self._text(header) for header in result], "why": None}
        except BaseException as error:
            self._errors.exception("get_headers", error)
            return {"headers": [], "why": trace.one_line(error)}

    def _text(self, header: Any) -> str:
        if isinstance(header, bytes):
            return header.decode()
        if isinstance(header, str):
            return header
        raise TypeError(f"get_headers() must return a list of str, one is {type(header).__name__}")

    def _response(self, code: int) -> dict[str, Any]:
        method = self._driver.method("on_http_response_received")
        if method is not None:
            try:
                method(code)
            except BaseException as error:
                self._errors.exception("on_http_response_received", error)
        return {}
