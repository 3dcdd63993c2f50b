"""What somebody might do to a bundle, or to the log before it was made."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.domain.proof.offline.authority import Desk, Holder, generalized, issue, root, time_stamper, tst_info
from tests.domain.proof.offline.maker import (
    IDENTITY,
    NOTICE,
    PSID,
    WITNESS,
    TestBundle,
    TestKey,
    TestLog,
    compact,
    record,
    small_bundle,
    with_sums,
    zipped,
)
from tests.privacy.verify_cases import (
    EARLY,
    LATE,
    NEW_KEY,
    OLD_KEY,
    STRANGER,
    Case,
    Scene,
    Stamp,
    make_scene,
    resealed,
)
from tests.privacy.verify_stand import Pins

KEY = Pins(vkeys=(OLD_KEY.vkey,))


def attacks_on_files(scene: Scene) -> Iterator[Case]:
    """The bundle as a file."""
    members, made, pins = scene.bundle.members(), scene.bundle.made(), scene.pins
    flagged = made.replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01")
    files = {
        "nothing": b"", "no bundle": b"PK" * 4000, "a cut bundle": made[:-1], "something behind it": made + b"x",
        "something before it": b"x" + made, "an entry flagged as encrypted": flagged,
    }  # fmt: skip
    for place in range(0, len(made), len(made) // 40):
        changed = bytearray(made)
        changed[place] ^= 4
        files[f"a bit at {place}"] = bytes(changed)
    names = list(members)
    files["another order"] = zipped({name: members[name] for name in [names[1], names[0], *names[2:]]})
    for name in names:
        left = {other: content for other, content in members.items() if other != name}
        files[f"without {name}"] = zipped(left if name == "SHA256SUMS" else with_sums(left))
    more = ("../x.txt", "/x.txt", "a\\b.txt", "C:x.txt", "readme.TXT", "related/03-x.json", "x", "zz.txt", "a/./b.txt")
    for name in more:
        files[f"with {name}"] = zipped(with_sums({**members, name: b"x"}))
    files["a huge notice"] = zipped(with_sums({**members, "notice.txt": b"x" * 1_048_577}))
    readable = {"without notice.txt", "without disclosed/identity.json"}  # which some bundles do not have
    for name, content in files.items():
        yield Case(name, content, pins, 1 if name in readable else 2)
    yield Case("other sums", zipped({**members, "SHA256SUMS": members["SHA256SUMS"].upper()}), pins)
    yield Case("no end of the sums", zipped({**members, "SHA256SUMS": members["SHA256SUMS"][:-1]}), pins)


def attacks_on_members(scene: Scene) -> Iterator[Case]:
    """Members that say something else, with sums that fit."""
    members = scene.bundle.members()
    for content in _other_records(members["record.json"]):
        yield _changed(scene, "record.json", content)
    for content in _other_proofs(scene, members["record.tlog-proof"]):
        yield _changed(scene, "record.tlog-proof", content)
    for content in _unreadable(members["record.json"]):
        yield _changed(scene, "record.json", content, 2)
    for content in _unreadable_proofs(members["record.tlog-proof"]):
        yield _changed(scene, "record.tlog-proof", content, 2)
    false = scene.log.proof(scene.bundle.index, scene.bundle.note + WITNESS.line(b"another text\n", 5))
    yield _changed(scene, "record.tlog-proof", false)
    yield _changed(scene, "notice.txt", NOTICE + b" ")
    policy = members["policy.txt"]
    for content in (
        policy.replace(b"quorum none", b"quorum any"), policy + b"# more\n", b"quorum none\n",
        policy.replace(NEW_KEY.vkey.encode(), STRANGER.vkey.encode()), policy.replace(b"+A", b"+B", 1),
        policy.replace(f"log {OLD_KEY.vkey}\n".encode(), b""), policy.replace(b"witness ", b"witness other "),
        policy.replace(WITNESS.name.encode() + b" ", b"w "),
    ):  # fmt: skip
        yield _changed(scene, "policy.txt", content)
    yield from _other_items(scene, members)
    yield from _other_disclosures(scene, members)
    yield _changed(scene, "record.jsonld", members["record.jsonld"].replace(b"dpv", b"dpw", 1))
    yield _changed(scene, "record.jsonld", b"{}")
    readme, page = members["README.txt"], members["report.html"]
    yield _changed(scene, "README.txt", readme.replace(b"grade           C.", b"grade           C+."))
    yield _changed(scene, "README.txt", readme + b"Facebook signed this.\n")
    yield _changed(scene, "README.txt", b"")
    yield _changed(scene, "report.html", page.replace(b"</table>", b"<script>1</script></table>", 1))


def _changed(scene: Scene, name: str, content: bytes, status: int = 1) -> Case:
    members = scene.bundle.members()
    assert members[name] != content
    return Case(f"{name} as {content[:60]!r}", resealed(members, name, content), scene.pins, status)


def _other_records(main: bytes) -> Iterator[bytes]:
    yield main.replace(b'{"v":1', b'{"v":1,"v":1')
    for value in (b"2", b"1.0", b"true", b"NaN", b"-Infinity", b"-0", b"1e0", b"01", b'"1"', b"null", b"{}"):
        yield main.replace(b'{"v":1', b'{"v":' + value)
    yield main.replace(b'{"v":1', b'{"v":1,"more":1')
    yield main.replace(b'{"v":1', b'{ "v":1')
    yield main.replace(b"consent_given", b"consent_taken")
    yield main.replace(b"consent_given", b"\\u0063onsent_given")
    for letter in (b"\\ud800", b"\xff", b"\x01", b"\\x", b"\\/", b"\xed\xa0\x80"):
        yield main.replace(b"Bakery", b"Bak" + letter + b"ery")
    yield from (main + b"\n", b"\xef\xbb\xbf" + main, b"[]", b"", main[:-1], main + b"}")


def _unreadable(main: bytes) -> Iterator[bytes]:
    yield main.replace(b'{"v":1', b'{"v":9223372036854775808')
    yield main.replace(b'{"v":1', b'{"v":-9223372036854775808')
    yield main.replace(b'{"v":1', b'{"v":1,"more":' + b"[" * 9 + b"]" * 9)


def _other_proofs(scene: Scene, proof: bytes) -> Iterator[bytes]:
    lines = proof.split(b"\n")
    for extra in (
        b"extra " + base64.b64encode(bytes(64)),
        b"extra " + base64.b64encode(bytes(63)),
        b"extra  " + lines[1][6:],
    ):
        yield proof.replace(lines[1], extra)
    yield proof.replace(lines[1] + b"\n", b"")
    for index in (b"0", b"09", b"-1", b"+9", b"9223372036854775807", b" 9", b"\xd9\xa1"):
        yield proof.replace(lines[2], b"index " + index)
    yield proof.replace(lines[3] + b"\n", b"")
    yield proof.replace(lines[3], lines[3] + b"\n" + lines[3])
    yield proof.replace(lines[3], lines[3][:-1])
    yield proof.replace(b"\n\n", b"\r\n\r\n")
    for line in (
        b"other.example/x AAAAAAAA",
        b"other.example/x AAAAAAB=",
        b"other.example/x",
        b"a+b AAAAAAAA",
        b" AAAAAAAA",
    ):
        yield proof + b"\xe2\x80\x94 " + line + b"\n"
    yield proof + b"x"
    yield scene.log.proof(scene.bundle.index, scene.log.note(len(scene.log.leaves), STRANGER))


def _unreadable_proofs(proof: bytes) -> Iterator[bytes]:
    lines = proof.split(b"\n")
    yield proof.replace(lines[2], b"index 9223372036854775808")
    yield proof.replace(lines[3], b"\n".join([lines[3]] * 70))
    yield proof + b"\xe2\x80\x94 other.example/x AAAAAAAA\n" * 100
    yield proof + b"\xe2\x80\x94 " + b"x" * 262_144


def _other_items(scene: Scene, members: dict[str, bytes]) -> Iterator[Case]:
    log, size = scene.log, len(scene.log.leaves)
    started, shown = "related/01-conversation_started", "related/02-notice_shown"
    for end in ("json", "tlog-proof"):
        yield _changed(scene, f"{started}.{end}", members[f"{shown}.{end}"])
    yield _changed(scene, f"{started}.tlog-proof", log.proof(3, log.note(size - 1, NEW_KEY)))
    yield _changed(scene, f"{started}.tlog-proof", b"")
    yield _changed(scene, "keys/01-key_rotated.tlog-proof", log.proof(6, scene.bundle.note))
    for number, method in ((1, "rfc3161"), (2, "rfc3161"), (3, "witness"), (4, "mail")):
        name = f"anchors/0{number}-{method}"
        path, note = members[f"{name}.consistency"], members["anchors/05-folder.checkpoint"]
        yield _changed(scene, f"{name}.consistency", path.replace(b"old ", b"old 1"))
        yield _changed(scene, f"{name}.consistency", path + b"x")
        yield _changed(scene, f"{name}.checkpoint", note + b"\xe2\x80\x94 other.example/x AAAAAAAA\n")
        yield _changed(scene, f"{name}.json", members["anchors/05-folder.json"])


def _other_disclosures(scene: Scene, members: dict[str, bytes]) -> Iterator[Case]:
    name, nonce = "disclosed/identity.json", members["disclosed/raw-event.nonce"]
    for change in ({"psid": "1"}, {"name": "Zoe"}, {"more": "x"}, {"psid": 7310482919283746}, {"name_nonce": ""}):
        yield _changed(scene, name, compact({**IDENTITY, **change}))
    unnamed = {part: value for part, value in IDENTITY.items() if "name" not in part}
    yield _changed(scene, name, compact(unnamed), 0)
    yield _changed(scene, name, compact(dict(reversed(IDENTITY.items()))))
    yield _changed(scene, "disclosed/raw-event.bin", b"{}")
    for content in (nonce.strip(), nonce + b"\n", b"\xff\n", b""):
        yield _changed(scene, "disclosed/raw-event.nonce", content)


def attacks_by_the_operator() -> Iterator[Case]:
    """Records that the log really holds, and that say what they may not."""
    consent: dict[str, Any] = record("consent_given")["consent"]
    changes: list[dict[str, Any]] = [
        {"marketing_basis": "conversation_start"}, {"shows": "proof of love"}, {"event_state": None},
        {"event_time": None}, {"event_time_unit": "missing"}, {"event_time_unit": "years"},
        {"event_time": "2026-02-30T00:00:00.000Z"}, {"event_time": "2026-11-23T16:20:01Z"},
        {"received_at": "2026-11-23T24:00:00.000Z"}, {"record_id": "1"}, {"page_id": "x"}, {"schema_version": "other"},
        {"consent": {**consent, "text": "May we?"}}, {"consent": {**consent, "more": "x"}}, {"consent": "yes"},
        {"consent": {**consent, "minimum_age": -1}}, {"consent": {**consent, "minimum_age": "16"}},
        {"purposes": []}, {"purposes": "marketing"}, {"purposes": [1]}, {"controller": None}, {"topics": ["news"]},
        {"raw_event": {**record("consent_given")["raw_event"], "covers": "nothing"}}, {"constructor": "x"},
        {"pii_principal_id": "AB" * 32}, {"log": {"origin": "a", "vkey": "b"}}, {"privacy_notice": None},
    ]  # fmt: skip
    for change in changes:
        yield Case(f"a consent with {change}", small_bundle(**change).made(), KEY)
    start = small_bundle().log
    index = start.add(record("conversation_started", 8, lawful_basis="eu-gdpr:A6-1-a"))
    yield Case("a start by consent", TestBundle(start, index, start.note(len(start.leaves))).made(), KEY)
    for text in HOSTILE:
        controller = {"name": text, "contact": "c"}
        yield Case(f"the hostile text {text!r}", small_bundle(controller=controller, retention=text).made(), KEY, 3)


HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "a\nb\tc\x00d\x7f\x85\xa0e",
    "\u202egnp\u2066",
    "zero\u200bwidth\ufeff\u00ad\u061c",
    "\u3000\u2028\u2029\u1680\u180e\u205f",
    "emoji \U0001f600 \U0001f468\u200d\U0001f469",
    "\ue000\uf8ff\ufff9\uffff\U000e0001\U00100000",
    "Zoë Ñandú 名前 имя اسم",
    "&amp; ' \" \\ ` ${x}",
    "x" * 5000,
    "a\u0301\u0327",
)


def attacks_on_people(scene: Scene) -> Iterator[Case]:
    """Other people's records, records of other logs, keys of strangers."""
    bundle = small_bundle()
    log = bundle.log
    foreign = log.add(record("notice_shown", 9, pii_principal_id="cd" * 32))
    page = log.add(record("notice_shown", 10, page_id="1"))
    twin = log.add(record("notice_shown", 1))
    note = log.note(len(log.leaves))
    bundle.note = note
    bundle.related = [(log, index, note) for _, index, _ in bundle.related]
    for name, index in (("another person", foreign), ("another Page", page), ("the record itself", twin)):
        yield Case(f"related of {name}", replace(bundle, related=[*bundle.related, (log, index, note)]).made(), KEY)
    yield Case("related twice", replace(bundle, related=bundle.related * 2).made(), KEY)
    older = log.note(len(log.leaves) - 1)
    yield Case("related under an older state", replace(bundle, related=[(log, 5, older)]).made(), KEY)
    other = TestLog(TestKey("log.example/2025", 4))
    other.fill(2)
    index = other.add(record("notice_shown", 11))
    elsewhere = [(other, index, other.note(3))]
    both = replace(bundle, related=elsewhere, policy_keys=[OLD_KEY.vkey, other.key.vkey])
    yield Case("related in another log", both.made(), KEY, 4)
    pinned = Pins(vkeys=(OLD_KEY.vkey, other.key.vkey))
    yield Case("related in another log that is pinned too", both.made(), pinned, 3)
    yield Case("related in a log that policy.txt does not name", replace(bundle, related=elsewhere).made(), KEY)
    yield Case("a bundle of a stranger", bundle.made(), Pins(vkeys=(STRANGER.vkey,)))
    yield Case("a bundle of another log", bundle.made(), Pins(vkeys=(other.key.vkey,)))
    yield Case("a witness as the log", bundle.made(), Pins(vkeys=(WITNESS.vkey,)))
    yield Case("another receipt", bundle.made(), replace(KEY, receipt="MRZ0-SX0Z-CK18-CEE9-NZ8A-R2ZX-9SE8-CFA8"))
    yield Case("an id where none is disclosed", bundle.made(), replace(KEY, psid=PSID), 2)
    yield Case("another id", scene.bundle.made(), replace(scene.pins, psid="1"))
    keys = [(log, log.add(record("key_rotated", 12, log={"origin": log.key.name, "vkey": NEW_KEY.vkey})), note)]
    grown = log.note(len(log.leaves), STRANGER)
    yield Case("a key that a stranger handed over", replace(bundle, keys=[(log, keys[0][1], grown)]).made(), KEY)
    wrong = log.add(record("key_rotated", 13, log={"origin": log.key.name, "vkey": other.key.vkey}))
    yield Case("the key of another log", replace(bundle, keys=[(log, wrong, log.note(len(log.leaves)))]).made(), KEY)
    garbage = log.add(record("key_rotated", 14, log={"origin": log.key.name, "vkey": "no key"}))
    yield Case("a key that is none", replace(bundle, keys=[(log, garbage, log.note(len(log.leaves)))]).made(), KEY)


def attacks_on_anchors(folder: Path, scene: Scene) -> Iterator[Case]:
    """Tokens that are none, and logs that said two things."""
    for name, (stamp, status) in _stamps(scene.desk).items():
        made = make_scene(folder / name.replace(" ", "-"), stamp=stamp)
        yield Case(name, made.bundle.made(), Pins(vkeys=(OLD_KEY.vkey,), roots=(made.root_pem,)), status)
    for name, holder, top, status in _authorities():
        made = make_scene(folder / name.replace(" ", "-"), stamp=_by_another(holder))
        roots = (made.root_pem, top.pem)
        yield Case(name, made.bundle.made(), Pins(vkeys=(OLD_KEY.vkey,), roots=roots), status)
    made = make_scene(folder / "apart", late=EARLY - timedelta(seconds=1))
    yield Case(
        "times that exclude each other", made.bundle.made(), Pins(vkeys=(OLD_KEY.vkey,), roots=(made.root_pem,)), 0
    )
    yield from _forks(scene)


def _stamps(stranger: Desk) -> dict[str, tuple[Stamp, int]]:
    """Tokens by what is strange about them, and the status that a bundle with one gets."""

    def signed(info: Callable[[bytes], bytes], *options: str, **more: str) -> Stamp:
        return lambda desk, note, _: desk.signed(info(note), *options, **more)

    def plain(note: bytes) -> bytes:
        return tst_info(note, generalized(LATE))

    def timed(ending: str) -> Callable[[bytes], bytes]:
        return lambda note: tst_info(note, generalized(LATE)[:-1] + ending)

    return {
        "for other bytes": (signed(lambda _: plain(b"other")), 1),
        "of another time": (signed(lambda note: tst_info(note, generalized(EARLY))), 1),
        "with a fraction": (signed(timed(".25Z")), 0),
        "with a fraction that ends in zero": (signed(timed(".20Z")), 1),
        "with a time of another zone": (signed(timed("+0100")), 1),
        "of version 2": (signed(lambda note: tst_info(note, generalized(LATE), version=2)), 1),
        "of another authority": (lambda _, note, __: stranger.signed(plain(note)), 3),
        "without its attribute": (signed(plain, "-plain"), 1),
        "of another content": (signed(plain, content_type="1.2.840.113549.1.7.1"), 1),
        "named by key id": (signed(plain, "-keyid"), 0),
        "without certificates": (signed(plain, "-nocerts"), 1),
        "that was refused": (lambda *_: bytes.fromhex("30053003020102"), 1),
        "that is garbage": (lambda *_: b"garbage", 1),
    }


def _by_another(holder: Holder) -> Stamp:
    return lambda desk, note, time: Desk(desk.folder / "other", holder).signed(tst_info(note, generalized(time)))


def _authorities() -> Iterator[tuple[str, Holder, Holder, int]]:
    """Authorities, their roots, and the status that a bundle stamped by one gets."""
    for kind in ("RSA-2048", "P-384", "P-521"):
        top = root(f"Root {kind}", kind=kind)
        yield f"an authority with {kind}", time_stamper(top, kind=kind), top, 0
    top = root("Test root", kind="RSA-2048")
    yield "an authority of the same name with another kind of key", time_stamper(top), top, 0
    top = root("Other root")
    yield "an authority that is none", issue("No authority", top), top, 1
    yield "an authority not critical", time_stamper(top, critical=False), top, 1
    short = (LATE - timedelta(days=2), LATE - timedelta(days=1))
    yield "an authority that had expired", time_stamper(top, span=short), top, 1
    since = (LATE - timedelta(days=2), LATE + timedelta(seconds=1))
    yield "an authority that expired since", time_stamper(top, span=since), top, 0
    yield "an authority below another", time_stamper(issue("Between", top, authority=True)), top, 0
    yield "an authority below no authority", time_stamper(issue("Between", top)), top, 3
    closed = root("Closed root", path_length=0)
    yield "an authority too far below", time_stamper(issue("Between", closed, authority=True)), closed, 3
    old = root("Old root", span=short)
    yield "a root that had expired", time_stamper(old), old, 3


def _forks(scene: Scene) -> Iterator[Case]:
    bundle, log = scene.bundle, scene.log
    size = len(log.leaves)
    forked = TestLog(NEW_KEY, [*log.leaves[:-1], bytes(32)])
    kept = forked.note(size)
    yield Case("a fork of the newest state", bundle.made(), replace(scene.pins, checkpoints=(kept,)))
    kept = TestLog(NEW_KEY, [bytes(32)] * 5).text(5)
    yield Case("a fork of an anchored state", bundle.made(), replace(scene.pins, checkpoints=(kept,)))
    kept = TestLog(NEW_KEY, [bytes(32)] * 5).text(4)
    yield Case("a state that nobody can compare", bundle.made(), replace(scene.pins, checkpoints=(kept,)), 0)
    rebuilt = TestLog(OLD_KEY, [*log.leaves], dict(log.records))
    rebuilt.leaves[1] = bytes(32)
    note = rebuilt.note(size, NEW_KEY)
    related = [(rebuilt, index, note) for _, index, _ in bundle.related]
    keys = [(rebuilt, bundle.keys[0][1], rebuilt.note(size, OLD_KEY, NEW_KEY))]
    again = replace(bundle, log=rebuilt, note=note, related=related, keys=keys)
    yield Case("a log rebuilt after it was anchored", again.made(), scene.pins)
