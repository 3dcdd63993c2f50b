"""Does every file hold one noun, and every function one step?"""

from __future__ import annotations

import ast

from tests.house.tree import name_of, parsed, product_modules

FILE_LINES = 400
FUNCTION_LINES = 60
TABLES = ("domain/keyword_tables/",)  # words of many languages: nothing to split by noun
DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "service", "process"}
DRAWERS |= {"data", "info"}


def test_no_product_file_is_longer_than_four_hundred_lines() -> None:
    lengths = {
        name_of(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in product_modules()
        if not name_of(path).startswith(TABLES)
    }
    assert {name: length for name, length in lengths.items() if length > FILE_LINES} == {}


def test_no_product_function_is_longer_than_sixty_lines() -> None:
    lengths = {
        f"{name_of(path)}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in product_modules()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: length for name, length in lengths.items() if length > FUNCTION_LINES} == {}


def test_no_module_is_a_drawer() -> None:
    named = {name_of(path): {path.stem, *path.parent.parts[-1:]} for path in product_modules()}
    assert [name for name, words in named.items() if words & DRAWERS] == []
