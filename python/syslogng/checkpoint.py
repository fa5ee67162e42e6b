"""The state of a checkpoint, as bytes: a letter for its form, and what follows."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["dump", "load"]


def dump(state: Any) -> bytes:
    """Bytes as they are, anything else as JSON. Raises TypeError or ValueError for what JSON has no form."""
    if isinstance(state, (bytes, bytearray, memoryview)):
        return b"b" + bytes(state)
    # Not needed by who does not make checkpoints.
    from json import dumps

    return b"j" + dumps(state, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def load(data: bytes) -> Any:
    """What :func:`dump` was given; tuples are lists by now."""
    form, rest = data[:1], data[1:]
    if form == b"b":
        return rest
    from json import loads

    return loads(rest)
