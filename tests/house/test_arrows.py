"""Do the imports point down, and does every tool know every room?"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from itertools import chain

from tests.house.tree import PROJECT, ROOMS, ROOT, name_of, parsed, product_modules, project_files, room_of


def test_the_contracts_between_the_rooms_hold() -> None:
    run = "from importlinter.cli import lint_imports_command as check; check(['--no-cache'])"
    answer = subprocess.run([sys.executable, "-c", run], cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_every_tool_knows_every_room() -> None:
    rooms = {room_of(path) for path in project_files() if path.name == "__init__.py"} - {"tests"}
    tools = PROJECT["tool"]
    assert set(ROOMS) == rooms
    assert set(tools["mypy"]["packages"]) == rooms
    assert set(tools["hatch"]["build"]["targets"]["wheel"]["packages"]) == rooms
    layers = {room for layer in tools["importlinter"]["contracts"][0]["layers"] for room in re.findall(r"\w+", layer)}
    assert layers == rooms - {"simulator"}


def test_the_product_imports_only_what_it_declares() -> None:
    project = PROJECT["project"]
    lines = chain(project["dependencies"], *project["optional-dependencies"].values())
    declared = {re.split(r"[^\w.-]", line)[0].lower().replace("_", "-") for line in lines}
    known = packages_distributions()
    undeclared = set()
    for path in product_modules():
        for module in _imported(parsed(path)):
            makers = {name.lower().replace("_", "-") for name in known.get(module, [])}
            if module not in sys.stdlib_module_names and module not in ROOMS and not makers & declared:
                undeclared.add(f"{name_of(path)} imports {module}")
    assert undeclared == set()


def _imported(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names
