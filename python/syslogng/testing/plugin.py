"""Fixtures for pytest, which finds them by itself where the wheel is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from . import Fetching, Sourcing

__all__ = ["drive_fetcher", "drive_source"]


@pytest.fixture
def drive_source() -> Iterator[Callable[..., Sourcing]]:
    """Start a source: ``drive_source(MySource, options={...})``. It is stopped when the test ends."""
    with ExitStack() as running:

        def start(cls: type, options: dict[str, Any] | None = None, **settings: Any) -> Sourcing:
            return running.enter_context(Sourcing(cls, options, **settings))

        yield start


@pytest.fixture
def drive_fetcher() -> Iterator[Callable[..., Fetching]]:
    """Start a fetcher: ``drive_fetcher(MyFetcher, options={...})``. It is stopped when the test ends."""
    with ExitStack() as running:

        def start(cls: type, options: dict[str, Any] | None = None, **settings: Any) -> Fetching:
            return running.enter_context(Fetching(cls, options, **settings))

        yield start
