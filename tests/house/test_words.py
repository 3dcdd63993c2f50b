"""Does every file speak of the project only, and every log line of what has happened?"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.house.tree import name_of, parsed, product_modules, project_files

# Brackets keep these patterns from finding themselves.
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:wor[k]|roo[t])/|\.\./share[d]\b")
REGISTRY_HOSTS = re.compile(r"pythonhoste[d]|pypi\.or[g]|npmj[s]\.|deb\.debia[n]|registry\.yarnpk[g]", re.IGNORECASE)
UNFINISHED = re.compile(r"\b(?:TOD[O]|FIXM[E]|XX[X]|HAC[K])\b|NotImplementedErro[r]")
EVENT = re.compile(r"[a-z][a-z_]*(?:\.[a-z][a-z_]*)+")
IRREGULAR = {"begun", "broken", "built", "caught", "done", "found", "frozen", "gone", "held", "kept", "left", "lost"}
IRREGULAR |= {"made", "met", "paid", "put", "read", "run", "said", "seen", "sent", "set", "shown", "shut", "taken"}
IRREGULAR |= {
    "overdue",
    "told",
    "understood",
    "woken",
    "written",
    "hidden",
    "given",
    "chosen",
    "forgotten",
    "withdrawn",
}
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
LOGGERS = {"log", "logger", "_log", "_logger", "LOG", "LOGGER"}


def _texts() -> Iterator[tuple[Path, str]]:
    for path in project_files():
        raw = path.read_bytes()
        if b"\0" not in raw[:8192] and "vendor" not in path.parts:
            yield path, raw.decode("utf-8", "replace")


def test_no_file_names_a_machine_or_a_registry() -> None:
    found = [
        f"{name_of(path)}: {match.group()}"
        for path, text in _texts()
        for pattern in (MACHINE_PATHS, REGISTRY_HOSTS)
        for match in pattern.finditer(text)
    ]
    assert found == []


def test_no_module_is_left_unfinished() -> None:
    texts = ((path, path.read_text(encoding="utf-8")) for path in product_modules())
    assert [name_of(path) for path, text in texts if UNFINISHED.search(text)] == []


def test_every_log_event_is_dotted_and_past_tense() -> None:
    wrong = [f"{where}: {event}" for where, event in _log_events() if event is None or not _is_past(event)]
    assert wrong == []


def _is_past(event: str) -> bool:
    if EVENT.fullmatch(event) is None:
        return False
    words = event.rpartition(".")[2].split("_")
    return any(word.endswith("ed") or word in IRREGULAR for word in words)


def _log_events() -> Iterator[tuple[str, str | None]]:
    """Every log call of the product with its event; None where the event is not written out."""
    for path in product_modules():
        for node in ast.walk(parsed(path)):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            logger = node.func.value
            if node.func.attr in LEVELS and isinstance(logger, ast.Name) and logger.id in LOGGERS:
                first = node.args[0] if node.args else None
                event = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
                yield f"{name_of(path)}:{node.lineno}", event
