"""Does a hardened process leave no memory behind?"""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("line", ["core=0", "dumpable=0"] if sys.platform == "linux" else ["core=0"])
def test_a_hardened_process_writes_no_core_file_and_lets_nobody_look_in(line: str) -> None:
    program = (
        "import ctypes, resource, sys\n"
        "from app.hardening import harden_process\n"
        "done = harden_process()\n"
        "assert done.core_files_off\n"
        "print(f'core={resource.getrlimit(resource.RLIMIT_CORE)[0]}')\n"
        "if sys.platform == 'linux':\n"
        "    assert done.memory_closed\n"
        "    print(f'dumpable={ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)}')\n"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert line in shown.stdout.splitlines()
