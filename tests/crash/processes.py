"""How does a run start processes, and learn how they ended?"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from tests.crash.planted import Planted

AT_RANDOM = "at random"


@dataclass(slots=True, kw_only=True, eq=False)
class Process:
    """One life; `ended` is its status, negative for a signal."""

    name: str
    pid: int
    ended: asyncio.Future[int]
    struck: str | None = None
    stopped: bool = False

    def send(self, number: signal.Signals) -> None:
        """Nothing happens to one that is gone: its number is not given away before it was told that it ended."""
        if not self.ended.done():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


@dataclass(slots=True, kw_only=True, eq=False)
class Launcher:
    """Starts web and workers of one installation; `killed` counts the workers that SIGKILL ended, by the moment."""

    program: asyncio.subprocess.Process
    env: dict[str, str]
    log: Path
    ttl: float
    planted: Planted | None
    killed: Counter[str] = field(default_factory=Counter)
    web_killed: int = 0
    gave_up: list[int] = field(default_factory=list)
    _processes: dict[str, Process] = field(default_factory=dict)
    _waiting: dict[str, asyncio.Future[Process]] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: count(1))

    async def start(self, command: str, moment: str | None = None, at: int = 0) -> Process:
        """A process that runs this command, and kills itself when it comes to this moment for the n-th time."""
        name = f"{command} {next(self._numbers)}"
        asked = {
            "name": name, "command": command, "env": self.env, "log": str(self.log), "ttl": self.ttl,
            "planted": self.planted, "moment": moment, "at": at,
        }  # fmt: skip
        started = self._waiting[name] = asyncio.get_running_loop().create_future()
        assert self.program.stdin is not None
        self.program.stdin.write(json.dumps(asked).encode() + b"\n")
        await self.program.stdin.drain()
        return await started

    async def listen(self) -> None:
        """Notes what the launcher tells, until it ends."""
        assert self.program.stdout is not None
        while line := await self.program.stdout.readline():
            said = json.loads(line)
            name = said["of"]
            if "started" in said:
                ended = asyncio.get_running_loop().create_future()
                process = self._processes[name] = Process(name=name, pid=said["started"], ended=ended)
                self._waiting.pop(name).set_result(process)
            elif "struck" in said:
                self._processes[name].struck = said["struck"]
            else:
                self._end(self._processes[name], said["ended"])

    def _end(self, process: Process, status: int) -> None:
        process.ended.set_result(status)
        if status == -signal.SIGKILL and process.name.startswith("web"):
            self.web_killed += 1
        elif status == -signal.SIGKILL:
            self.killed[process.struck or AT_RANDOM] += 1
        elif status != 0:
            self.gave_up.append(status)


@asynccontextmanager
async def launcher(env: dict[str, str], log: Path, *, ttl: float, planted: Planted | None) -> AsyncIterator[Launcher]:
    """Ends with everything that it started."""
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.crash.launcher", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    made = Launcher(program=program, env=env, log=log, ttl=ttl, planted=planted)
    listening = asyncio.create_task(made.listen())
    try:
        yield made
    finally:
        assert program.stdin is not None
        program.stdin.close()
        await program.wait()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
