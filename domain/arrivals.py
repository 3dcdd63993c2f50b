"""How many messages of a Page can have reached the platform in the second that ends now?

A call arrives at some moment between its beginning and its answer, and nobody here knows which. After a stall of the
network or of the platform, what was begun evenly over a longer time arrives all at once: even spacing alone keeps no
ceiling. Times are nanoseconds of the caller's monotonic clock.
"""

from collections import deque
from dataclasses import dataclass, field

from domain.pacing import SECOND_NS


@dataclass(slots=True, eq=False)
class Arrivals:
    """Lets a call begin only while fewer than `ceiling` others can have arrived within a second of it.

    That holds for calls of which every one is told as begun and, once answered or given up, as ended.
    """

    ceiling: int
    _open: int = 0
    _ended_ns: deque[int] = field(default_factory=deque)

    @property
    def open(self) -> int:
        """How many calls are under way."""
        return self._open

    def free_at(self, now_ns: int) -> int:
        """`now_ns` when one more call may begin, else the moment to ask again."""
        while self._ended_ns and self._ended_ns[0] <= now_ns - SECOND_NS:
            self._ended_ns.popleft()
        if self._open + len(self._ended_ns) < self.ceiling:
            return now_ns
        return (self._ended_ns[0] if self._ended_ns else now_ns) + SECOND_NS

    def begin(self) -> None:
        """A call begins."""
        self._open += 1

    def end(self, now_ns: int) -> None:
        """One of the open calls is over: it arrived by now, or never will."""
        self._open -= 1
        self._ended_ns.append(now_ns)
