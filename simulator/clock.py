"""What time is it on the platform? Real time plus an offset that the control API can move."""

from __future__ import annotations

import time


class Clock:
    """Wall time of the simulated platform; windows and timestamps use it, rates per second do not."""

    def __init__(self) -> None:
        self.offset_seconds = 0.0

    def now(self) -> float:
        """Seconds since 1970 UTC."""
        return time.time() + self.offset_seconds

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC, as messaging events carry them."""
        return int(self.now() * 1000)

    def set_now(self, epoch_seconds: float) -> None:
        """Moves the clock so that it shows this moment, and goes on from there."""
        self.offset_seconds = epoch_seconds - time.time()
