"""What of this machine does a test need besides Python?"""

import os
import shutil

import pytest


def require(*names: str) -> None:
    """Skips the test with one line where a program is not installed, and fails it when CI=true."""
    missing = [name for name in names if shutil.which(name) is None]
    if not missing:
        return
    reason = f"not installed here: {', '.join(missing)}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)  # a newcomer's machine may lack them; CI never skips
