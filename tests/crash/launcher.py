"""Who starts the processes that are killed? One warm program that forks web and workers; each is the real command.

Each line it reads starts one. It tells in JSON lines when one has started, at which moment it kills itself, and how
it ended.
"""

import gc
import json
import os
import select
import signal
import sys
from datetime import timedelta
from typing import Any, NoReturn

import tortoise.backends.asyncpg  # noqa: F401 - read once, before the processes part

import app.services
from app import cli, runtime
from simulator.parent import die_with_parent
from tests.crash.hurry import hurry
from tests.crash.planted import Planted, plant
from tests.crash.points import watch
from tests.privacy.killing.points import Points

LOOK_SECONDS = 0.02
# The processes get an output of their own; this stays the way to whoever started us.
_told = os.dup(1)


def tell(line: dict[str, Any]) -> None:
    """One line for whoever started us; on the pipe before the call returns."""
    os.write(_told, json.dumps(line).encode() + b"\n")


def live(asked: dict[str, Any]) -> NoReturn:
    """Becomes the process that was asked for."""
    status = 1
    try:
        die_with_parent()
        log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.environ.clear()
        os.environ.update(asked["env"])
        hurry(timedelta(seconds=asked["ttl"]))
        if asked["planted"] is not None:
            plant(Planted(asked["planted"]))
        if asked["moment"] is not None:
            watch(
                Points(at=asked["at"], pattern=asked["moment"], tell=lambda said: tell({**said, "of": asked["name"]}))
            )
        sys.argv = ["assent", asked["command"]]
        cli.main()
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    finally:
        sys.stderr.flush()
        os._exit(status)


def main() -> None:
    """Until nobody listens any more; then everything started here ends too."""
    die_with_parent()
    runtime._read_texts()
    assert app.services
    gc.freeze()
    names: dict[int, str] = {}
    rest = b""
    while True:
        while (ended := _ended()) is not None:
            pid, status = ended
            tell({"ended": status, "of": names.pop(pid)})
        readable, _, _ = select.select([0], [], [], LOOK_SECONDS)
        if not readable:
            continue
        some = os.read(0, 65536)
        if not some:
            break
        *lines, rest = (rest + some).split(b"\n")
        for line in lines:
            asked = json.loads(line)
            pid = os.fork()
            if pid == 0:
                live(asked)
            names[pid] = asked["name"]
            tell({"started": pid, "of": asked["name"]})
    for pid in names:
        os.kill(pid, signal.SIGKILL)


def _ended() -> tuple[int, int] | None:
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return (pid, os.waitstatus_to_exitcode(status)) if pid else None


if __name__ == "__main__":
    main()
