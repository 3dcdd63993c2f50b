"""Can another account, or a crash, write this process's memory to a disk?"""

import ctypes
import sys
from dataclasses import dataclass

PR_SET_DUMPABLE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardening:
    """What this system let us switch off; `check` prints it."""

    core_files_off: bool
    memory_closed: bool


def harden_process() -> Hardening:
    """No core files, and no look into the memory by other processes of the same account, where the system can.

    On Linux the folder /proc/PID of this process then belongs to root: call it last, when nothing of our own
    reads it any more. Children do not inherit the second setting.
    """
    return Hardening(core_files_off=_switch_off_core_files(), memory_closed=_close_memory())


def _switch_off_core_files() -> bool:
    if sys.platform == "win32":
        return False
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return True


def _close_memory() -> bool:
    if sys.platform != "linux":
        return False
    try:
        return bool(ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False  # a C library without prctl
