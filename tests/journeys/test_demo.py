"""Does the demo show what it says: a proof of its own log, anchored outside, from the lines that it prints?"""

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

import pytest

from app.demo import free_port

ROOT = Path(__file__).parents[2]


@contextlib.asynccontextmanager
async def demo(home: Path):
    """The demo as a person starts it; what it printed once it was ready."""
    environ = {name: os.environ[name] for name in ("PATH", "ASSENT_PG_BIN") if name in os.environ}
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "demo", "--followers", "3"),
        *("--port", str(free_port(0)), "--simulator-port", str(free_port(0))),
        cwd=ROOT,
        env={**environ, "HOME": str(home), "ASSENT_HOME": str(home / "assent")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said = []
        async with asyncio.timeout(90):
            while not said or "Ctrl-C" not in said[-1]:
                line = (await child.stdout.readline()).decode()
                assert line, "".join(said)
                said.append(line)
        yield "".join(said)
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(signal.SIGINT)
        await asyncio.wait_for(child.communicate(), 60)


async def shell(script: str, folder: Path) -> tuple[int, str]:
    child = await asyncio.create_subprocess_exec(
        *("sh", "-c", script),
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await child.communicate()
    return child.returncode, out.decode()


@pytest.mark.timeout(240)
async def test_the_lines_that_the_demo_prints_lead_to_proofs_that_are_anchored(tmp_path):
    async with demo(tmp_path) as said:
        lines = [line.strip() for line in said.splitlines()]
        env = next(line for line in lines if line.startswith(". "))
        export, verify = (
            next(line for line in lines if line.startswith(f"assent proofs {what}")) for what in ("export", "verify")
        )
        status, out = 3, ""
        async with asyncio.timeout(90):
            while status != 0:
                await asyncio.sleep(2)
                (tmp_path / "mine").mkdir(exist_ok=True)
                status, out = await shell(f"{env} && rm -rf proofs && {export} && {verify}", tmp_path / "mine")
                assert status in (0, 1, 2, 3), out  # 1, 2: nobody has written yet; 3: the witness comes in ten seconds
        assert "Verified and anchored" in out
        status, out = await shell(f"{env} && assent proofs anchors", tmp_path / "mine")
        assert (status, "witness.example/demo" in out, "folder" in out) == (0, True, True)
