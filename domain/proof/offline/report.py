"""What does a bundle claim, in words for the person who checks it?

README.txt and report.html follow from the record and the parts around it, byte for byte, so that every verifier makes
them again and notices a text that says something else. The constant parts are in report_texts.py. A change of wording
is a new form number.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

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
from domain.proof.offline.surroundings import Act, act_of, notice_came_first, withdrawal_of

TIMED_METHODS = ("rfc3161", "witness")
"""Anchors whose time and randomness come from outside: what was logged after them did not exist before them."""

NO_BOUND = "no anchor in this bundle shows it"
_LABEL_WIDTH = 14
_RECEIPT_BYTES = 20
_RECEIPT_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base32: no I, L, O, U

# Control, formatting, spacing and private characters, which can hide or imitate lines. A table of our own, because
# Python's grows with each version and the text must come out equal everywhere.
_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ud800-\uf8ff\ufeff"
    r"\ufff0-\uffff\U000e0000-\U0010ffff]"
)
_HTML_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})

Line = tuple[str, str]
"""A label and its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorFact:
    """One anchor in a bundle: `time` as its record gives it, `size` of the checkpoint, `index` of its own record."""

    method: str
    authority: str
    time: str
    size: int
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleFacts:
    """What the summary is made of, besides the record itself.

    `size` is that of the checkpoint in record.tlog-proof, `related` the records of the same person, `anchors` in
    the order of the bundle.
    """

    origin: str
    size: int
    index: int
    leaf: bytes
    related: Sequence[Act] = ()
    anchors: Sequence[AnchorFact] = ()
    identity: bool = False
    raw_event: bool = False


def summary_lines(record: Mapping[str, object], facts: BundleFacts) -> list[Line]:
    """The facts that README, report and every verifier show in these words."""
    kind = str(record["type"])
    before, after = bounds(facts.index, facts.anchors)
    disclosed = [name for name, there in (("identity", facts.identity), ("raw event", facts.raw_event)) if there]
    lines = [
        ("claim", CLAIMS[kind]),
        ("grade", GRADES[grade(record, facts)]),
        *_withdrawn(record, facts),
        ("record", str(record["record_id"])),
        ("place", f"entry {facts.index} of {facts.origin}, in a tree of {facts.size}"),
        ("receipt", receipt_of(facts.leaf)),
        ("not before", bound_text(before)),
        ("not after", bound_text(after)),
        ("related", "; ".join(_told(act, facts) for act in facts.related) or "none in this bundle"),
        ("anchors", f"{len(facts.anchors)} in this bundle; each counts only when checked with keys from elsewhere"),
        ("disclosed", ", ".join(disclosed) or "nothing"),
    ]
    return [(label, one_line(value)) for label, value in lines]


def field_lines(record: Mapping[str, object]) -> list[Line]:
    """The record leaf by leaf, in its own order: dotted path and value."""
    return [(one_line(path), one_line(value)) for path, value in _leaves("", record)]


def readme_text(record: Mapping[str, object], facts: BundleFacts) -> bytes:
    """The bytes of README.txt."""
    summary = "".join(f"{label:<{_LABEL_WIDTH}}  {value}\n" for label, value in summary_lines(record, facts))
    fields = "".join(f"{label}: {value}\n" for label, value in field_lines(record))
    return f"{README_HEAD}{summary}{README_MID}{fields}{README_TAIL}".encode()


def report_page(record: Mapping[str, object], facts: BundleFacts) -> bytes:
    """The bytes of report.html."""
    summary = "".join(_row(label, value) for label, value in summary_lines(record, facts))
    fields = "".join(_row(label, value) for label, value in field_lines(record))
    return f"{HTML_HEAD}{summary}{HTML_MID}{fields}{HTML_TAIL}".encode()


def grade(record: Mapping[str, object], facts: BundleFacts) -> str:
    """A, B, C, C+, I, or none: how much an act of the person shows. It follows from kinds, and for B from the
    times of the notice and of the answers in the bundle; never from words."""
    kind = record["type"]
    if kind == "import_claim":
        return "I"
    if kind == "consent_given":
        return "C+" if record.get("entry_point") == "optin" else "C"
    if kind == "conversation_started":
        return "B" if notice_came_first(_act(record, facts), facts.related) else "A"
    return "none"


def withdrawn(record: Mapping[str, object], facts: BundleFacts) -> str | None:
    """That and where the bundle itself shows that what the record gave was taken back later; None when it does not."""
    act = withdrawal_of(_act(record, facts), facts.related)
    return None if act is None else f"{act.time}, {_entry(act, facts)}: this consent was withdrawn later"


def bounds(index: int, anchors: Iterable[AnchorFact]) -> tuple[AnchorFact | None, AnchorFact | None]:
    """The latest anchor that was logged before the entry, and the earliest one that covers it; of equals the first.

    A mail or a file in a folder brings nothing from outside into the log, so it never shows that something is younger.
    """
    known = list(anchors)
    before = [anchor for anchor in known if anchor.index < index and anchor.method in TIMED_METHODS]
    after = [anchor for anchor in known if anchor.size > index]
    return (
        max(before, key=lambda anchor: anchor.time, default=None),
        min(after, key=lambda anchor: anchor.time, default=None),
    )


def bound_text(anchor: AnchorFact | None) -> str:
    return NO_BOUND if anchor is None else f"{anchor.time} ({anchor.method} {anchor.authority})"


def receipt_of(leaf: bytes) -> str:
    """The code that the person's thread shows: the first 160 bits of the leaf hash, in groups of four."""
    number = int.from_bytes(leaf[:_RECEIPT_BYTES], "big")
    digits = "".join(_RECEIPT_DIGITS[number >> 5 * place & 31] for place in reversed(range(32)))
    return "-".join(digits[at : at + 4] for at in range(0, 32, 4))


def one_line(text: str) -> str:
    r"""Unprintable characters as \xNN, \uNNNN or \UNNNNNNNN, so that a value cannot pass as other lines."""
    return _UNPRINTABLE.sub(lambda found: _escaped(ord(found.group())), text)


def _withdrawn(record: Mapping[str, object], facts: BundleFacts) -> list[Line]:
    said = withdrawn(record, facts)
    return [] if said is None else [("WITHDRAWN", said)]


def _act(record: Mapping[str, object], facts: BundleFacts) -> Act:
    return act_of(record, facts.origin, facts.index)


def _told(act: Act, facts: BundleFacts) -> str:
    return f"{act.kind} {act.time}, {_entry(act, facts)}"


def _entry(act: Act, facts: BundleFacts) -> str:
    return f"entry {act.index}" + ("" if act.origin == facts.origin else f" of {act.origin}")


def _escaped(point: int) -> str:
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def _leaves(path: str, value: object) -> Iterable[Line]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(f"{path}.{key}" if path else str(key), item)
    elif isinstance(value, list) and any(isinstance(item, list | Mapping) for item in value):
        for number, item in enumerate(value):
            yield from _leaves(f"{path}.{number}", item)
    elif isinstance(value, list):
        yield path, ", ".join(_plain_value(item) for item in value)
    else:
        yield path, _plain_value(value)


def _plain_value(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def _row(label: str, value: str) -> str:
    return f'<tr><th scope="row">{_html(label)}</th><td>{_html(value)}</td></tr>\n'


def _html(text: str) -> str:
    return text.translate(_HTML_ESCAPES)
