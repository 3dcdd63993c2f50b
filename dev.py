#!/usr/bin/env python3
"""Set up and run Assent from a fresh checkout. Needs Python 3.11 or newer and nothing else.

usage: python3 dev.py COMMAND [ARGUMENTS]

  demo    start the whole product with a simulated Messenger; works without Facebook
  test    run the tests (arguments go to pytest)
  check   format, lint, types, import arrows, spelling and the tests of the house
  bench   measure speed and memory as ratios (arguments go to the benchmark)
  crash   kill, freeze and restart everything while campaigns run, and look for a broken promise
  lock    choose versions anew and write requirements.txt and requirements-dev.txt
  help    show this text

The first command makes the folder .venv; that takes seconds with uv and half a minute with pip.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager

if sys.version_info < (3, 11):  # noqa: UP036 - said before anything below can fail less clearly
    sys.exit(
        "Assent needs Python 3.11 or newer, this is %d.%d (%s).\n"  # noqa: UP031 - old Pythons read this line
        "Install a newer one (python.org, your distribution, pyenv or uv) and call it by name:\n"
        "  python3.11 dev.py help" % (sys.version_info[0], sys.version_info[1], sys.executable)
    )

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
TOOLS = ROOT / ".tools"
STAMP = VENV / "made-from"
RUN_TIME, DEVELOPMENT = ROOT / "requirements.txt", ROOT / "requirements-dev.txt"
WINDOWS = os.name == "nt"
PYTHON = VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")
NO_PACKAGES = """
The packages could not be installed; the lines above say why. What usually helps:
  - no network, or a proxy:       set HTTPS_PROXY
  - an index of your own:         set PIP_INDEX_URL (UV_DEFAULT_INDEX for uv)
  - "ensurepip is not available": install your distribution's package python3-venv, or uv
Nothing is half done: run the same command again."""


def main(arguments: list[str]) -> int:
    command, *rest = arguments or ["help"]
    if command in {"help", "-h", "--help"}:
        print(__doc__)  # noqa: T201 - the answer to the question
        return 0
    commands = {"demo": demo, "test": test, "check": check, "bench": bench, "crash": crash, "lock": lock}
    if command not in commands:
        say(f"Unknown command: {command}\n\n{__doc__}")
        return 2
    os.chdir(ROOT)
    return commands[command](rest)


def demo(rest: list[str]) -> int:
    become("-m", "app", "demo", *rest)


def test(rest: list[str]) -> int:
    workers = [] if any(word.startswith(("-n", "--numprocesses", "--pdb")) for word in rest) else ["-n", "2"]
    become("-m", "pytest", *workers, *rest)


def bench(rest: list[str]) -> int:
    become("-m", "tests.bench", *rest)


def crash(rest: list[str]) -> int:
    become("-m", "tests.crash", *rest)


def check(rest: list[str]) -> int:
    """Runs every step, also after one has failed, so that one run shows all there is to mend."""
    prepare()
    steps = {
        "format": ["-m", "ruff", "format", "--check", "."],
        "lint": ["-m", "ruff", "check", "."],
        "types": ["-m", "mypy"],
        "types of dev.py": ["-m", "mypy", "dev.py"],
        "import arrows": ["-c", "from importlinter.cli import lint_imports_command as check; check(['--no-logo'])"],
        "spelling": ["-m", "codespell_lib", "."],
        "house": ["-m", "pytest", "-q", "-n", "0", "tests/house"],
    }
    failed = []
    for name, step in steps.items():
        say(f"\n== {name}")
        if subprocess.call([PYTHON, *step], cwd=ROOT) != 0:
            failed.append(name)
    say(f"\nFailed: {', '.join(failed)}" if failed else f"\nAll {len(steps)} steps passed.")
    return 1 if failed else 0


def lock(rest: list[str]) -> int:
    """Both files name versions and hashes only: any index may serve them."""
    uv = find_uv()
    if uv is None:
        sys.exit("Locking needs uv. Install it (pip install uv) and run the command again.")
    options = ["--generate-hashes", "--universal", "--python-version", "3.11", "--no-emit-index-url", "--quiet"]
    options += ["--custom-compile-command", "python3 dev.py lock", *rest]
    development = ["--extra", "embedded", "--group", "dev", "--constraints", RUN_TIME.name]
    for target, more in ((RUN_TIME, []), (DEVELOPMENT, development)):
        run = [uv, "pip", "compile", "pyproject.toml", *options, *more, "--output-file", target.name]
        if subprocess.call(run, cwd=ROOT, env=uv_environment()) != 0:
            return 1
    return 0


def become(*arguments: str) -> NoReturn:
    """From here on this process is that command: signals and the exit code pass through."""
    prepare()
    command = [str(PYTHON), *arguments]
    if WINDOWS:
        sys.exit(subprocess.call(command))
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606 - no shell wanted


def prepare() -> None:
    """.venv holds exactly the locked packages; without network and in no time when it does already."""
    if made_from() == wanted():
        return
    try:
        with alone():
            if made_from() != wanted():
                install()
    except OSError as refused:
        sys.exit(
            f"Cannot prepare {VENV}: {refused}.\nIf it belongs to another account, work in a checkout of your own."
        )


def wanted() -> str:
    digest = hashlib.sha256()
    for path in (DEVELOPMENT, ROOT / "pyproject.toml"):
        digest.update(path.read_bytes())
    return f"{sys.version_info.major}.{sys.version_info.minor} {digest.hexdigest()} {ROOT}"


def made_from() -> str:
    """What the environment was made from; nothing when its Python is gone or closed to us."""
    try:
        return STAMP.read_text(encoding="utf-8") if os.access(PYTHON, os.X_OK) else ""
    except OSError:
        return ""


def install() -> None:
    say(f"Preparing {VENV} (only the first time, and when dependencies change) ...")
    STAMP.unlink(missing_ok=True)
    uv = find_uv() or fetch_uv()
    if not (uv and install_with_uv(uv)) and not install_with_pip():
        sys.exit(NO_PACKAGES)
    STAMP.write_text(wanted(), encoding="utf-8")


def install_with_uv(uv: str) -> bool:
    to = [uv, "pip", "install", "--quiet", "--python", str(PYTHON)]
    return (same_python() or runs([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(VENV)])) and all(
        runs([*to, *what]) for what in packages()
    )


def install_with_pip() -> bool:
    if same_python():
        has_pip = any(runs([str(PYTHON), "-m", *ask], quiet=True) for ask in (["pip", "--version"], ["ensurepip"]))
    else:
        has_pip = runs([sys.executable, "-m", "venv", "--clear", str(VENV)])
    to = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    return has_pip and all(runs([*to, *what]) for what in packages())


def packages() -> list[list[str]]:
    return [
        ["--require-hashes", "-r", DEVELOPMENT.name],
        ["--no-deps", "--no-build-isolation", "--editable", "."],
    ]


def same_python() -> bool:
    """The environment there is has our Python version, so it need not be made again."""
    ask = "import sys; print(sys.version_info[:2] == %r)" % (sys.version_info[:2],)  # noqa: UP031 - clearer
    try:
        answer = subprocess.run([PYTHON, "-c", ask], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return answer.stdout.strip() == "True"


def find_uv() -> str | None:
    """A uv that runs; a pyenv shim of that name may only print that it does not."""
    for candidate in (shutil.which("uv"), str(TOOLS / "bin" / "uv"), str(TOOLS / "Scripts" / "uv.exe")):
        if candidate and runs([candidate, "--version"], quiet=True):
            return candidate
    return None


def fetch_uv() -> str | None:
    """Into a folder of this checkout, which PEP 668 allows where it forbids to install."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    fetched = runs([*pip, "install", "--target", str(TOOLS), "--upgrade", "uv"], quiet=True)
    return find_uv() if fetched else None


def runs(command: list[str], *, quiet: bool = False) -> bool:
    silence = subprocess.DEVNULL if quiet else None
    try:
        return subprocess.call(command, cwd=ROOT, env=uv_environment(), stdout=silence, stderr=silence) == 0
    except OSError:
        return False


def uv_environment() -> dict[str, str]:
    """uv takes this very Python and the system's certificates, and follows pip's index."""
    settings = {"UV_PYTHON_DOWNLOADS": "never", "UV_SYSTEM_CERTS": "1"}
    if "PIP_INDEX_URL" in os.environ:
        settings["UV_DEFAULT_INDEX"] = os.environ["PIP_INDEX_URL"]
    return {**settings, **os.environ}


@contextmanager
def alone() -> Iterator[None]:
    """Two commands started at once do not make the environment at once."""
    if WINDOWS:
        yield
        return
    import fcntl

    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - a command line tool


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
