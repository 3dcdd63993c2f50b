"""Does the documentation name every log event and every error code of the product, and none that is gone?"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from app.cli import app as program
from domain.audit import AuditAction
from domain.proof.findings import MEANINGS, FindingKind
from tests.house.tree import ROOMS, ROOT, name_of, parsed, project_files

PAGE = ROOT / "docs" / "log-events.md"
COMMANDS = ROOT / "docs" / "commands.md"
EVENT = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+")
LOGGERS = {"log", "logger", "_log", "_logger", "LOG", "LOGGER"}
LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log"}


def test_every_log_event_is_documented() -> None:
    documented = _documented("Events")
    assert sorted({event for event in _log_events() if event not in documented}) == []


def test_every_error_code_is_documented() -> None:
    documented = _documented("Error codes")
    assert sorted({code for code in _error_codes() if code not in documented}) == []


def test_no_event_and_no_code_is_documented_that_does_not_exist() -> None:
    assert _documented("Events") - set(_log_events()) - {"message.withheld"} == set()
    assert _documented("Error codes") - set(_error_codes()) == set()


def test_every_subcommand_and_option_is_documented() -> None:
    text = COMMANDS.read_text(encoding="utf-8")
    words = set(re.findall(r"(?:--)?[a-z][a-z-]*", text))
    missing = [name for name in _names_of(get_command(program), "") if name.split()[-1] not in words]
    assert missing == []


def _names_of(command: Any, path: str) -> Iterator[str]:
    """Every subcommand and option below this command, behind the words that lead to it."""
    for parameter in command.params:
        for option in (*parameter.opts, *parameter.secondary_opts):
            if option.startswith("--") and option != "--help":
                yield f"{path}{option}"
    for name, inner in getattr(command, "commands", {}).items():
        yield f"{path}{name}"
        yield from _names_of(inner, f"{path}{name} ")


def test_every_link_between_documents_leads_to_a_file() -> None:
    # A picture is made after the page that shows it; the page must not wait for it.
    pages = [path for path in project_files() if path.suffix == ".md"]
    links = [
        (page, link)
        for page in pages
        for link in re.findall(r"(?<!!)\[[^\]]*\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    ]
    local = [(page, link) for page, link in links if "://" not in link and not link.startswith("mailto:")]
    assert [f"{name_of(page)}: {link}" for page, link in local if not (page.parent / link).exists()] == []


def _documented(section: str) -> set[str]:
    """The names in the first column of the tables of that section."""
    text = PAGE.read_text(encoding="utf-8").partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| `([a-z0-9_.]+)`", text, re.MULTILINE))


def _modules() -> list[Path]:
    """What is there, whether version control knows it yet or not."""
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def _log_events() -> Iterator[str]:
    """Every text of the form of an event that the product gives to a logger as its message."""
    for path in _modules():
        for node in ast.walk(parsed(path)):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr not in LEVELS or not _is_logger(node.func.value):
                continue
            for argument in node.args[:2]:
                for part in ast.walk(argument):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str) and EVENT.fullmatch(part.value):
                        yield part.value


def _is_logger(value: ast.expr) -> bool:
    if isinstance(value, ast.Name):
        return value.id in LOGGERS
    return isinstance(value, ast.Call) and ast.unparse(value.func).endswith("getLogger")


def _error_codes() -> Iterator[str]:
    """The value of every class attribute `code`."""
    for path in _modules():
        for node in ast.walk(parsed(path)):
            if not isinstance(node, ast.ClassDef):
                continue
            for line in node.body:
                targets = [line.target] if isinstance(line, ast.AnnAssign) else getattr(line, "targets", [])
                value = getattr(line, "value", None)
                named = any(isinstance(target, ast.Name) and target.id == "code" for target in targets)
                if named and isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield value.value


def test_every_audit_action_is_documented_and_no_other() -> None:
    assert _documented("Audit actions") == {action.value for action in AuditAction}


def test_every_finding_of_an_audit_is_explained_in_the_words_the_program_prints() -> None:
    text = (ROOT / "docs" / "proof-audit.md").read_text(encoding="utf-8")
    assert set(MEANINGS) == set(FindingKind)
    explained = dict(re.findall(r"^\| `([a-z_]+)` \| (.*) \|$", text, re.MULTILINE))
    assert explained == {kind.value: meaning for kind, meaning in MEANINGS.items()}
