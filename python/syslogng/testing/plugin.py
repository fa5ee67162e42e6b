"""Fixtures for pytest, which finds them by itself where the wheel is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from . import DestinationDriving, Fetching, ParserDriving, Sourcing

__all__ = ["drive_destination", "drive_fetcher", "drive_parser", "drive_source"]


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


@pytest.fixture
def drive_parser() -> Iterator[Callable[..., ParserDriving]]:
    """Start a parser: ``drive_parser(MyClass, options={...})``. It is stopped when the test ends."""
    with ExitStack() as running:

        def start(cls: type, options: dict[str, Any] | None = None, **settings: Any) -> ParserDriving:
            return running.enter_context(ParserDriving(cls, options, **settings))

        yield start


@pytest.fixture
def drive_destination() -> Iterator[Callable[..., DestinationDriving]]:
    """Start a destination: ``drive_destination(MyClass, options={...})``. Closed when the test ends."""
    with ExitStack() as running:

        def start(cls: type, options: dict[str, Any] | None = None, **settings: Any) -> DestinationDriving:
            return running.enter_context(DestinationDriving(cls, options, **settings))

        yield start
