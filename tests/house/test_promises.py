"""Is what the documents and the set-up promise really there?"""

from __future__ import annotations

import os
import re
import subprocess
import sys

from tests.house.tree import ROOT, name_of, project_files

COMMANDS = ROOT / "docs" / "commands.md"
SETTINGS = ROOT / "docs" / "settings.md"


def _commands() -> list[str]:
    """The commands that `python -m app --help` lists."""
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
    command = [sys.executable, "-m", "app", "--help"]
    answer = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    listed = answer.stdout.partition("Commands")[2]
    return re.findall(r"^[ \W]{0,4}([a-z][a-z-]*)(?= )", listed, re.MULTILINE)


def test_every_command_is_documented() -> None:
    if not COMMANDS.is_file():
        return
    commands = _commands()
    assert {"up", "demo", "web", "worker", "migrate"} <= set(commands)
    text = COMMANDS.read_text(encoding="utf-8")
    assert [name for name in commands if f"assent {name}" not in text and f"`{name}" not in text] == []


def test_every_name_in_the_example_settings_is_documented() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    names = re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE)
    documented = SETTINGS.read_text(encoding="utf-8")
    assert names
    assert [name for name in names if f"`{name}`" not in documented] == []


def test_every_migration_is_numbered_without_a_gap() -> None:
    found = [path.name for path in project_files() if name_of(path).startswith("storage/migrations/")]
    numbered = sorted(name for name in found if name != "__init__.py")
    assert all(re.fullmatch(r"\d{4}_[a-z0-9_]+\.sql", name) for name in numbered), numbered
    assert [int(name[:4]) for name in numbered] == list(range(1, len(numbered) + 1))


def test_continuous_integration_calls_what_the_readme_calls() -> None:
    run = ROOT / ".ci" / "run"
    assert os.access(run, os.X_OK)
    called = re.findall(r"^python3 dev\.py (\w+)", run.read_text(encoding="utf-8"), re.MULTILINE)
    assert called == ["test", "check"]


def test_the_locked_requirements_are_hashed_and_agree() -> None:
    run_time, development = (_pins(name) for name in ("requirements.txt", "requirements-dev.txt"))
    assert run_time.items() <= development.items()


def _pins(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    blocks = re.findall(r"^([a-z0-9-]+)==(\S+)((?:.*\\\n)(?:    --hash=sha256:[0-9a-f]{64}.*\n)+)", text, re.MULTILINE)
    assert len(blocks) == len(re.findall(r"^[a-z0-9-]+==", text, re.MULTILINE))
    return {package: version for package, version, _ in blocks}
