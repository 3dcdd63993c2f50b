"""Who ends the simulator when its parent dies? On Linux the kernel does, so that no orphan stays behind."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> bool:
    """From now on this process gets SIGTERM when the thread that started it ends; False where unsupported.

    Exits at once when the parent was gone before it could be asked for.
    """
    if not sys.platform.startswith("linux"):
        return False
    parent = os.getppid()
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        return False
    if parent == 1 or os.getppid() != parent:
        raise SystemExit(0)
    return True
