"""What does the program say and how does it end, started as an operator starts it?"""

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How one command ended."""

    status: int
    stdout: str
    stderr: str


async def assent(home: Path, *arguments: str, **settings: str) -> Ended:
    """Runs one command with these settings and no others."""
    environ = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "PYTHONPATH"}}
    environ |= {"HOME": str(home), "ASSENT_HOME": str(home / "data"), **settings}
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app",
        *arguments,
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    stdout, stderr = await program.communicate()
    assert program.returncode is not None
    return Ended(status=program.returncode, stdout=stdout.decode(), stderr=stderr.decode())
