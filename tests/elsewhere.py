"""Another account on this machine, which has the files it is given and nothing of ours."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

PYTHON = getattr(sys, "_base_executable", sys.executable)
NOBODY: dict[str, Any] = {"user": "nobody", "group": 65534, "extra_groups": []}


@cache
def stranger() -> tuple[str, dict[str, Any]]:
    """A Python that another account can start, and that account; ours, unless we are root."""
    for python in (PYTHON, "/usr/bin/python3", "/usr/local/bin/python3"):
        command = [python, "-I", "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        try:
            if os.geteuid() == 0 and subprocess.run(command, **NOBODY, cwd="/", check=False).returncode == 0:
                return python, NOBODY
        except (OSError, LookupError, subprocess.SubprocessError):
            continue
    return PYTHON, {}


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that other accounts can read; pytest's own are closed to them."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def put(folder: Path, name: str, content: bytes) -> None:
    """A file in it that other accounts can read."""
    (folder / name).write_bytes(content)
    (folder / name).chmod(0o644)
