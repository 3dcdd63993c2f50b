"""How does the page verify.html come to be, which checks a bundle in a browser and without a network?

One file, joined from the parts beside this module. Its policy names the digests of its one script and its one style,
so a browser runs nothing else in it. What README.txt and report.html of every bundle share is in it by length and
digest, made from the same texts as the bundles.
"""

import base64
import hashlib
import json
import re
from collections.abc import Collection, Mapping
from functools import cache
from importlib import resources

from domain.proof.offline.container import (
    ALWAYS_FIRST,
    ANCHOR_METHODS,
    MAX_BUNDLE_BYTES,
    MAX_BUNDLE_MEMBERS,
    MEMBER_SIZES,
)
from domain.proof.offline.jsonld import JSONLD_PREFIX
from domain.proof.offline.policies import POLICY_HEAD
from domain.proof.offline.records import (
    KIND_MAY,
    KIND_NEEDS,
    KIND_SHOWS,
    KIND_STATES,
    NEEDED_ALWAYS,
    RECORD_FORMS,
    RECORD_PROFILE,
    RECORD_VERSION,
)
from domain.proof.offline.report import TIMED_METHODS
from domain.proof.offline.report_texts import (
    CLAIMS,
    GRADES,
    HTML_HEAD,
    HTML_MID,
    HTML_TAIL,
    README_HEAD,
    README_MID,
    README_TAIL,
)

SCRIPTS = (
    *("bytes.js", "zip.js", "container.js", "json.js", "records.js", "tree.js", "ed25519.js", "notes.js", "paths.js"),
    *("policy.js", "kept.js", "entries.js", "der.js", "certificates.js", "timestamps.js", "anchors.js", "disclosed.js"),
    *("surroundings.js", "report.js", "steps.js", "verdict.js", "page.js"),
)
_HEAD = """\
// The same check as verify.py, for browsers. These are the parts of privacy/verify_page in the project's source
// (Assent, Apache License 2.0), one after the other and without their comments.
"use strict";
"""
_LIMITS = ("What a bundle that verifies shows", "What it does not show")


@cache
def verify_html() -> bytes:
    """The page, the same bytes every time. The first call reads files: make it where waiting is no harm."""
    style, script = _packed_style(_part("style.css")), _script()
    return _filled(
        _part("template.html"),
        {
            "%STYLE_HASH%": _csp_hash(style),
            "%SCRIPT_HASH%": _csp_hash(script),
            "%LIMITS%": _limits(),
            "%STYLE%": style,
            "%SCRIPT%": script,
        },
    ).encode()


def script_parts(names: tuple[str, ...] = SCRIPTS) -> str:
    """These parts of the script in their order, with the texts they need."""
    texts = json.dumps(_texts(), separators=(",", ":"))
    return "".join([f"const TEXTS = {texts};\n", *map(_packed, names)])


def _packed(name: str) -> str:
    """The code of a part without comments and indentation: a page lies in every bundle; who reads, reads the parts."""
    lines = [line.strip() for line in _part(name).splitlines()]
    code = "".join(f"{line}\n" for line in lines if line and not line.startswith("//"))
    return f"// {name}\n{code}"


def _packed_style(source: str) -> str:
    return re.sub(r"\s*([{};:,])\s*", r"\1", source).replace(";}", "}").replace("}", "}\n")


def _script() -> str:
    script = f"\n{_HEAD}(() => {{\n{script_parts()}}})();\n"
    if "</script" in script.lower() or "<!--" in script:
        raise ValueError("the script holds characters that would end it inside a page")
    return script


def _texts() -> dict[str, object]:
    """What the bundle's texts are made of; the long constant parts by length and digest."""
    return {
        "claims": CLAIMS,
        "grades": GRADES,
        "readme": {"head": _digest(README_HEAD), "mid": _digest(README_MID), "tail": _digest(README_TAIL)},
        "report": {"head": _digest(HTML_HEAD), "mid": _digest(HTML_MID), "tail": _digest(HTML_TAIL)},
        "jsonldPrefix": _digest(JSONLD_PREFIX),
        "policyHead": POLICY_HEAD,
        "records": {
            "version": RECORD_VERSION,
            "profile": RECORD_PROFILE,
            "shows": KIND_SHOWS,
            "states": KIND_STATES,
            "needs": {kind: sorted(names) for kind, names in KIND_NEEDS.items()},
            "may": _grouped(KIND_MAY),
            "always": sorted(NEEDED_ALWAYS),
            "forms": RECORD_FORMS,
        },
        "container": {
            "bytes": MAX_BUNDLE_BYTES,
            "members": MAX_BUNDLE_MEMBERS,
            "first": ALWAYS_FIRST,
            "sizes": MEMBER_SIZES,
            "methods": ANCHOR_METHODS,
            "timed": TIMED_METHODS,
        },
    }


def _grouped(named: Mapping[str, Collection[str]]) -> list[tuple[list[str], list[str]]]:
    """Equal sets once, each behind the names that have it."""
    sets = dict.fromkeys(tuple(sorted(found)) for found in named.values())
    return [([name for name, found in named.items() if tuple(sorted(found)) == one], list(one)) for one in sets]


def _digest(text: str | bytes) -> dict[str, object]:
    raw = text if isinstance(text, bytes) else text.encode()
    return {"length": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}


def _limits() -> str:
    """The sections of report.html that say what a bundle shows and what not, one heading deeper."""
    blocks = [
        block for block in HTML_TAIL.split("<h2>") if block.startswith(tuple(f"{title}</h2>" for title in _LIMITS))
    ]
    if len(blocks) != len(_LIMITS):
        raise ValueError("report.html does not say any more what a bundle shows and what it does not")
    return "".join(f"<h3>{block}" for block in blocks).replace("</h2>", "</h3>")


def _filled(text: str, values: dict[str, str]) -> str:
    for mark, value in values.items():
        before, found, after = text.partition(mark)
        if not found:
            raise ValueError(f"the template has no {mark}")
        text = before + value + after
    return text


def _csp_hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _part(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text("utf-8")
