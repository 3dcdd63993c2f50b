"""How are processes started that end in the middle, and what do they say before?"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a process ended: its status (negative for a signal), the moment it came to, and what made it give up."""

    status: int
    struck: str | None
    gave_up: str | None


class Processes:
    """One warm program that forks a process for each life; one at a time. Its calls wait, so threads make them."""

    def __init__(self) -> None:
        self._said: dict[str, Any] = {}
        self._warm = subprocess.Popen(
            [sys.executable, "-m", "tests.privacy.killing.child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def live(self, **asked: Any) -> Ended:
        """A whole life, to its end."""
        self.begin(**asked)
        return self.end()

    def begin(self, **asked: Any) -> dict[str, Any]:
        """A life until it is stopped, or ends; what was said of it so far."""
        assert self._warm.stdin is not None
        self._said = {}
        self._warm.stdin.write(json.dumps(asked).encode() + b"\n")
        self._warm.stdin.flush()
        return self._listen("stopped")

    def end(self) -> Ended:
        """The rest of that life."""
        said = self._listen("ended")
        return Ended(status=said["ended"], struck=said.get("struck"), gave_up=said.get("gave_up"))

    def _listen(self, word: str) -> dict[str, Any]:
        """What was said, up to this word or the last one."""
        assert self._warm.stdout is not None
        while not {word, "ended"} & self._said.keys():
            self._said |= json.loads(self._warm.stdout.readline())
        return self._said

    def close(self) -> None:
        for pipe in (self._warm.stdin, self._warm.stdout):
            assert pipe is not None
            pipe.close()
        assert self._warm.wait(10) == 0


@contextmanager
def processes() -> Iterator[Processes]:
    made = Processes()
    try:
        yield made
    finally:
        made.close()
