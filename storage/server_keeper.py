"""How does one PostgreSQL stay running exactly as long as its owner?"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from storage.server_files import Account, Place, read_pid_file

log = logging.getLogger(__name__)

CHILD_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}  # and no PG* variable of ours
RESTART_RACE_SECONDS = 15.0
STOP_STEPS = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))
_PASSING = ("pre-existing shared memory block", 'lock file "postmaster.pid" already exists')
_PR_SET_PDEATHSIG = 1
_WATCH = """
trap '' INT HUP TERM
read -r _
[ "$(head -n 1 "$1/postmaster.pid" 2>/dev/null)" = "$2" ] && kill -INT "$2"
"""


class Watcher:
    """Ends a server when our end of a pipe closes, however we died; for systems without a death signal."""

    def __init__(self, place: Place, pid: int) -> None:
        self._shell = subprocess.Popen(  # noqa: S603 - our own script, its arguments never parsed as shell
            ["/bin/sh", "-c", _WATCH, "sh", os.fspath(place.data), str(pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=CHILD_ENVIRONMENT,
            start_new_session=True,
            **place.account.arguments(),
        )

    def dismiss(self) -> None:
        """The server is stopped by other means; only now may the pipe close."""
        self._shell.kill()
        self._shell.wait()
        if self._shell.stdin:
            self._shell.stdin.close()


class Keeper:
    """Runs PostgreSQL, starts it again when it dies by itself, and lets it die with this process.

    One thread starts the server and waits for it: Linux sends the death signal when the *thread*
    that started the child ends, so that thread must live as long as the server does.
    """

    def __init__(self, command: list[str], place: Place, *, death_signal: bool) -> None:
        self._command = command
        self._place = place
        self._death_signal = death_signal
        self._server: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._accepted = threading.Event()
        self._began = time.monotonic()
        self.failure: str | None = None
        self._thread = threading.Thread(target=self._keep, name="postgresql-keeper", daemon=True)
        self._thread.start()

    def accepted(self) -> None:
        """The server answered: from now on an unexpected end is followed by a restart."""
        self._accepted.set()

    def stop(self) -> None:
        """Returns once the server is gone; fast shutdown first, harsher steps only when it hangs."""
        with self._lock:
            self._stopping.set()
        for step, patience in STOP_STEPS:
            if self._server is not None:
                self._server.send_signal(step)
            self._thread.join(patience)
            if not self._thread.is_alive():
                return

    def _keep(self) -> None:
        delay = 0.1
        while True:
            offset = self._log_size()
            with self._lock:
                if self._stopping.is_set():
                    return
                try:
                    server = self._server = self._spawn()
                except OSError as refused:
                    self.failure = f"{self._command[0]} does not start ({refused.strerror})"
                    return
            watcher = None if self._death_signal else Watcher(self._place, server.pid)
            code = server.wait()
            if watcher:
                watcher.dismiss()
            if self._stopping.is_set():
                return
            if not self._accepted.is_set() and not self._will_pass(offset):
                self.failure = f"PostgreSQL ended with code {code} while starting. {self._last_words(offset)}"
                return
            log.warning("server.ended", extra={"code": code})
            self._stopping.wait(delay)
            delay = min(delay * 2, 5.0) if self._accepted.is_set() else delay

    def _spawn(self) -> subprocess.Popen[bytes]:
        with open(os.open(self._place.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as output:
            self._place.account.own(self._place.log)
            with warnings.catch_warnings():
                # Python 3.12 warns of a hook between fork and exec; ours is one system call, bound before.
                warnings.simplefilter("ignore", DeprecationWarning)
                return subprocess.Popen(  # noqa: S603 - the chosen program, no shell
                    self._command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=CHILD_ENVIRONMENT,
                    start_new_session=True,  # the terminal's Ctrl-C is for us, not for the server
                    preexec_fn=_die_with_parent() if self._death_signal else None,
                    **self._place.account.arguments(),
                )

    def _will_pass(self, offset: int) -> bool:
        """Right after a kill -9 the old server's children still hold its memory for a moment."""
        in_time = time.monotonic() - self._began < RESTART_RACE_SECONDS
        return in_time and any(sign in self._new_log(offset) for sign in _PASSING)

    def _log_size(self) -> int:
        try:
            return self._place.log.stat().st_size
        except OSError:
            return 0

    def _new_log(self, offset: int) -> str:
        with contextlib.suppress(OSError), self._place.log.open("rb") as written:
            written.seek(offset)
            return written.read().decode("utf-8", "replace")
        return ""

    def _last_words(self, offset: int) -> str:
        lines = self._new_log(offset).strip().splitlines()[-4:]
        return f"Its log {self._place.log} ends with: {' | '.join(lines)}"


def has_death_signal() -> bool:
    return sys.platform == "linux"


def _die_with_parent() -> Callable[[], None]:
    """A hook for the child; it runs after the change of account, which would clear the signal again."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def hook() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return hook


def run_once(command: list[str], account: Account) -> subprocess.CompletedProcess[str]:
    """Runs one of PostgreSQL's own programs to its end as that account."""
    return subprocess.run(  # noqa: S603 - the chosen program, no shell
        command,
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=CHILD_ENVIRONMENT,
        **account.arguments(),
    )


def end(pid: int, place: Place) -> None:
    """Returns once a server that is not our child is gone; it takes its own number away as it goes."""
    for step, patience in STOP_STEPS:
        until = time.monotonic() + patience
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, step)
        while alive(pid) and (read_pid_file(place.data) or (0,))[0] == pid:
            if time.monotonic() > until:
                break
            time.sleep(0.02)
        else:
            return


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def runs_in(folder: Path) -> bool:
    """True unless it is certain that no process works in that folder (PostgreSQL's all do)."""
    if sys.platform != "linux":
        return True
    wanted = os.path.realpath(folder)
    with os.scandir("/proc") as entries:
        return any(_works_in(entry.name, wanted) for entry in entries if entry.name.isdigit())


def _works_in(pid: str, folder: str) -> bool:
    try:
        return os.readlink(f"/proc/{pid}/cwd") == folder
    except OSError:
        return False  # gone meanwhile, or another account's: then it is not the server of our data
