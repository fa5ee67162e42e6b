"""State that outlives the worker and the daemon."""

from __future__ import annotations

from collections.abc import MutableMapping

import _syslogng

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TypeAlias

    Kept: TypeAlias = str | bytes | int | bool

__all__ = ["Persist"]


class Persist(_syslogng.Persist, MutableMapping[str, "Kept"]):
    """Names and values in the daemon's persist file, kept under ``persist_name``. A mapping::

        self.state = Persist("my-source", defaults={"last_id": 0})
        self.state["last_id"] += 1

    Names are ``str`` or ``bytes``, which are the same name; values ``str``, ``bytes``, ``int`` or ``bool``,
    and come back as what they were. A change is on the disk when the call returns, which takes milliseconds;
    :meth:`update` makes several in one step. Two objects of one name share what they keep.

    To be used in ``init()`` or later, by any thread. A value may have 256 KiB; name and key 1023 bytes
    together. When the daemon cannot read or write the file: OSError; when it does not answer in 10 seconds:
    TimeoutError. What no run of the daemon has asked for by name in 30 days is forgotten.
    """

    def __init__(self, persist_name: str, defaults: Mapping[Any, Kept] | None = None) -> None:
        super().__init__(persist_name)
        if defaults is not None:
            self.update({key: value for key, value in defaults.items() if key not in self})
