"""Which programs lie in every bundle, so that nobody needs ours to check it?

verify.py is made from the modules of domain/proof/offline: their source, one after the other, without the imports
between them. It comes out byte for byte the same from the same source. verify.html is the same check for a
browser, see verify_page.
"""

import ast
from functools import lru_cache
from importlib.resources import files

from privacy.verify_page import verify_html

__all__ = ["verify_html", "verify_py"]

_PACKAGE = "domain.proof.offline"
# From the ones that need nothing to the one that is run.
_MODULES = (
    *("errors", "ed25519", "tree", "notes", "paths", "policies", "container", "strict_json", "records", "jsonld"),
    *(
        "report_texts",
        "surroundings",
        "report",
        "der",
        "ecdsa",
        "rsa",
        "certificates",
        "timestamps",
        "kept",
        "entries",
        "anchoring",
        "steps",
    ),
    *("verdict", "command"),
)
_HEAD = '''\
#!/usr/bin/env python3
"""Checks opt-in proofs offline: python3 -I verify.py --vkey KEY BUNDLE...

One file for Python 3.11 or newer, with nothing but its standard library. It reads the files that it is given, opens no
connection and writes nothing. `python3 -I verify.py --help` lists the options and what the exit statuses mean.

It came with a bundle. Who does not trust the sender of the bundle compares this file with one from the project's
source (Assent, Apache License 2.0), reads it, or uses another implementation of the same standards: RFC 6962,
C2SP signed-note, tlog-checkpoint, tlog-proof and tlog-cosignature, RFC 3161.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit("verify.py needs Python 3.11 or newer")

'''
_TAIL = """\


if __name__ == "__main__":
    sys.exit(main())
"""


@lru_cache(maxsize=1)
def verify_py() -> bytes:
    """The bytes of verify.py."""
    imports: dict[str, set[str]] = {}
    bodies: list[str] = []
    defined: dict[str, str] = {}
    for name in _MODULES:
        source = files(_PACKAGE).joinpath(f"{name}.py").read_text(encoding="utf-8")
        bodies.append(_body(name, source, imports, defined))
    lines = [f"import {module}\n" for module, names in sorted(imports.items()) if "" in names]
    lines += [
        f"from {module} import {', '.join(sorted(wanted))}\n"
        for module, names in sorted(imports.items())
        if (wanted := names - {""})
    ]
    return (_HEAD + "".join(lines) + "".join(bodies) + _TAIL).encode()


def _body(name: str, source: str, imports: dict[str, set[str]], defined: dict[str, str]) -> str:
    """The module without docstring and imports, under its docstring as a comment; what it needs goes to `imports`."""
    tree = ast.parse(source)
    dropped: set[int] = set()
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            dropped |= _lines_of(node)
            _note_import(node, imports)
        for found in _names_defined(node):
            if defined.setdefault(found, name) != name:
                raise ValueError(f"{found} is defined in {defined[found]} and in {name}, which cannot be joined")
    title = (ast.get_docstring(tree) or "").splitlines()
    dropped |= _lines_of(tree.body[0])
    kept = [line for number, line in enumerate(source.splitlines(), 1) if number not in dropped]
    comment = "\n".join(f"# {line}".rstrip() for line in (f"{name}: {title[0]}", *title[1:]))
    return f"\n\n{comment}\n\n" + "\n".join(kept).strip("\n") + "\n"


def _lines_of(node: ast.stmt) -> set[int]:
    return set(range(node.lineno, (node.end_lineno or node.lineno) + 1))


def _note_import(node: ast.Import | ast.ImportFrom, imports: dict[str, set[str]]) -> None:
    if isinstance(node, ast.Import):
        for alias in node.names:
            imports.setdefault(alias.name, set()).add("")
    elif node.module and not node.module.startswith(f"{_PACKAGE}."):
        imports.setdefault(node.module, set()).update(alias.name for alias in node.names)


def _names_defined(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {inner.id for target in targets for inner in ast.walk(target) if isinstance(inner, ast.Name)}
