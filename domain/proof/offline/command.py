"""How is a bundle checked from a command line?

    python3 -I verify.py [--vkey KEY] [--policy FILE] [--tsa-root PEM] [--checkpoint FILE] [--receipt CODE] [--psid ID]
                         [--json] BUNDLE...

The one module here that reads files and prints. It opens nothing but the files that it is given, and no connection.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from domain.proof.offline.certificates import Certificate, read_pem
from domain.proof.offline.container import MAX_BUNDLE_BYTES
from domain.proof.offline.errors import Wrong
from domain.proof.offline.kept import Kept
from domain.proof.offline.notes import LOG_KEY, read_checkpoint, read_key, read_note
from domain.proof.offline.policies import Policy, read_policy
from domain.proof.offline.steps import Brought
from domain.proof.offline.verdict import UNREADABLE, Verdict, unreadable, verify, worst

_MAX_GIVEN_BYTES = 1_048_576
_RECEIPT_LETTERS = set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
_FORGIVEN_LETTERS = str.maketrans("OIL", "011", "- \t")
_EPILOG = """\
exit status, the worst of all bundles:
  0  verified and anchored
  3  verified under a key that you gave, not anchored
  4  verified with the bundle's own keys only, which proves nothing about who signed
  1  failed; the first thing that is wrong is named
  2  unreadable, or wrong use
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody asked for on a command line."""

    bundles: Sequence[Path]
    policy: Path | None = None
    vkeys: Sequence[str] = ()
    tsa_roots: Sequence[Path] = ()
    checkpoints: Sequence[Path] = ()
    receipt: str | None = None
    psid: str | None = None
    as_json: bool = False
    program: bytes | None = None


class WrongUse(Exception):
    """Something that was given along with the bundles cannot be read; the text says what."""


def answer(asked: Asked, out: TextIO) -> int:
    """Checks the bundles, prints what was found, and returns the exit status;

    Raises WrongUse before it prints anything.
    """
    if asked.receipt is not None and len(asked.bundles) > 1:
        raise WrongUse("a receipt belongs to one bundle: give --receipt with one bundle")
    brought = _brought(asked)
    verdicts: list[tuple[str, Verdict]] = []
    for path in asked.bundles:
        verdict = _verdict(path, brought)
        verdicts.append((str(path), verdict))
        if not asked.as_json and len(asked.bundles) > 1:
            _say(out, f"{path}: {verdict.meaning}")
    statuses = [verdict.status for _, verdict in verdicts]
    if asked.as_json:
        documents = [{"file": name, **verdict.document()} for name, verdict in verdicts]
        _say(out, json.dumps(documents[0] if len(documents) == 1 else documents, indent=2))
    elif len(verdicts) == 1:
        for line in verdicts[0][1].lines():
            _say(out, line)
    else:
        counts = ", ".join(f"{statuses.count(status)} with status {status}" for status in sorted(set(statuses)))
        _say(out, f"{len(verdicts)} bundles: {counts}")
    return worst(statuses)


def _verdict(path: Path, brought: Brought) -> Verdict:
    try:
        return verify(_read_limited(path, MAX_BUNDLE_BYTES), brought)
    except WrongUse as error:
        return unreadable(str(error))


def main(arguments: Sequence[str] | None = None) -> int:
    """The whole command: reads its arguments, prints, and returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="verify.py", description="Check opt-in proofs offline.", epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("bundle", nargs="+", type=Path, help="optin-proof-....zip")
    parser.add_argument("--vkey", action="append", default=[], help="a log's key that you got elsewhere; repeatable")
    parser.add_argument("--policy", type=Path, help="the keys you trust, as a C2SP tlog-policy file")
    parser.add_argument(
        "--tsa-root", action="append", default=[], type=Path, help="root certificate of an authority, PEM; repeatable"
    )
    parser.add_argument(
        "--checkpoint", action="append", default=[], type=Path, help="a checkpoint that you kept; repeatable"
    )
    parser.add_argument("--receipt", help="the code in the person's thread")
    parser.add_argument("--psid", help="the person's id at the Page, to compare with the disclosed one")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    given = parser.parse_args(arguments)
    asked = Asked(
        bundles=given.bundle, policy=given.policy, vkeys=given.vkey, tsa_roots=given.tsa_root,
        checkpoints=given.checkpoint, receipt=given.receipt, psid=given.psid, as_json=given.json,
        program=_program(),
    )  # fmt: skip
    try:
        return answer(asked, sys.stdout)
    except WrongUse as error:
        _say(sys.stderr, f"verify.py: {error}")
        return UNREADABLE


def _brought(asked: Asked) -> Brought:
    return Brought(
        policy=_pinned_policy(asked),
        roots=tuple(root for path in asked.tsa_roots for root in _roots(path)),
        kept=tuple(_kept(path) for path in asked.checkpoints),
        receipt=_receipt(asked.receipt),
        psid=asked.psid,
        program=asked.program,
    )


def _pinned_policy(asked: Asked) -> Policy | None:
    """The given policy with the given keys added; None when neither was given."""
    if asked.policy is None and not asked.vkeys:
        return None
    policy = Policy()
    try:
        if asked.policy is not None:
            policy = read_policy(_read_limited(asked.policy, _MAX_GIVEN_BYTES))
        keys = [read_key(vkey.strip()) for vkey in asked.vkeys]
    except Wrong as error:
        raise WrongUse(f"a key or policy that was given cannot be read: {error}") from None
    logs = dict.fromkeys((*policy.logs, *(key for key in keys if key.kind == LOG_KEY)))
    witnesses = dict.fromkeys((*policy.witnesses, *((key.name, key) for key in keys if key.kind != LOG_KEY)))
    return Policy(tuple(logs), tuple(witnesses), policy.groups, policy.quorum)


def _roots(path: Path) -> tuple[Certificate, ...]:
    try:
        return read_pem(_read_limited(path, _MAX_GIVEN_BYTES))
    except Wrong as error:
        raise WrongUse(f"{path}: {error}") from None


def _kept(path: Path) -> Kept:
    """The checkpoint in a file that the auditor kept: the signed note, or its three lines alone."""
    data = _read_limited(path, _MAX_GIVEN_BYTES).replace(b"\r\n", b"\n")
    try:
        if b"\n\n" in data:
            return Kept(path.name, read_note(data)[0], data)
        return Kept(path.name, read_checkpoint(data))
    except Wrong as error:
        raise WrongUse(f"{path}: {error}") from None


def _program() -> bytes | None:
    """This program, where it is the one file verify.py and can read itself."""
    if __package__:
        return None
    try:
        return Path(__file__).read_bytes()
    except (OSError, NameError):
        return None


def _receipt(typed: str | None) -> str | None:
    if typed is None:
        return None
    code = typed.upper().translate(_FORGIVEN_LETTERS)
    if len(code) != 32 or not set(code) <= _RECEIPT_LETTERS:
        raise WrongUse("a receipt has 32 letters and digits; check what you typed")
    return code


def _read_limited(path: Path, limit: int) -> bytes:
    """At most one byte more than the limit, so that a huge file costs no memory."""
    try:
        with path.open("rb") as file:
            return file.read(limit + 1)
    except OSError as error:
        raise WrongUse(f"{path} cannot be read ({type(error).__name__})") from None


def _say(out: TextIO, line: str) -> None:
    """One line; what the terminal cannot show comes out as escapes."""
    encoding = getattr(out, "encoding", None) or "utf-8"
    out.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
