"""An event loop whose time passes as quickly as its tasks allow: minutes of waiting in a moment."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any


class _Skipping(selectors.DefaultSelector):
    """Does not wait for the time that a loop wants to wait; remembers it instead."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        self.now += max(timeout or 0.0, 0.0)
        return super().select(0)


def run_hastily(work: Coroutine[Any, Any, None]) -> None:
    """Runs it to its end in a loop of its own, in which nothing but sleeping takes time."""
    selector = _Skipping()
    loop = asyncio.SelectorEventLoop(selector)
    loop.time = lambda: selector.now  # type: ignore[method-assign]
    try:
        loop.run_until_complete(work)
    finally:
        loop.close()
