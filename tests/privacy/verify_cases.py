"""Bundles of every sort, good and broken, with what an auditor brings: for verifiers that have to agree."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from tests.domain.proof.offline.authority import Desk, generalized, root, time_stamper, tst_info
from tests.domain.proof.offline.maker import (
    IDENTITY,
    PSID,
    WITNESS,
    TestAnchor,
    TestBundle,
    TestKey,
    TestLog,
    anchor_record,
    record,
    with_sums,
    zipped,
)
from tests.privacy.verify_stand import Pins

OLD_KEY, NEW_KEY = TestKey("log.example/2026", 1), TestKey("log.example/2026", 2)
STRANGER = TestKey("log.example/2026", 9)
EARLY, LATE = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC), datetime(2026, 11, 24, 10, 0, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """A bundle, what the auditor brings, and the status that this has to give."""

    name: str
    bundle: bytes = field(repr=False)
    pins: Pins = field(default_factory=Pins)
    status: int = 1


@dataclass
class Scene:
    """A whole bundle: a rotated key, related records, four anchors, disclosed parts, and an authority to stamp it."""

    bundle: TestBundle
    desk: Desk
    root_pem: bytes

    @property
    def log(self) -> TestLog:
        return self.bundle.log

    @property
    def pins(self) -> Pins:
        return Pins(vkeys=(OLD_KEY.vkey,), roots=(self.root_pem,))

    @property
    def policy(self) -> bytes:
        lines = [f"log {OLD_KEY.vkey}", f"witness w {WITNESS.vkey}", "group g any w", "quorum none", ""]
        return "\n".join(lines).encode()


def moment(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z")


Stamp = Callable[[Desk, bytes, datetime], bytes]


def honest_stamp(desk: Desk, note: bytes, time: datetime) -> bytes:
    return desk.signed(tst_info(note, generalized(time)))


def make_scene(folder: Path, *, stamp: Stamp = honest_stamp, late: datetime = LATE) -> Scene:
    """The scene with its second time stamp made by `stamp`, of the time `late`."""
    top = root()
    desk = Desk(folder, time_stamper(top))
    log = TestLog(OLD_KEY)
    log.fill(3)
    start, shown = log.add(record("conversation_started", 2)), log.add(record("notice_shown", 3))
    early = log.note(5)
    anchors = [_anchored(log, "rfc3161", "tsa.example", EARLY, early, honest_stamp(desk, early, EARLY))]
    change = {"origin": OLD_KEY.name, "vkey": NEW_KEY.vkey, "previous_vkey": OLD_KEY.vkey, "reason": "yearly"}
    rotated = log.add(record("key_rotated", 4, log=change))
    log.fill(2)
    main = log.add(record("consent_given", 1))
    log.fill(4)
    size = len(log.leaves)
    newer = log.note(size, NEW_KEY)
    anchors.append(_anchored(log, "rfc3161", "tsa.example", late, newer, stamp(desk, newer, late)))
    seen = newer + WITNESS.line(log.text(size), int(LATE.timestamp()))
    anchors.append(_anchored(log, "witness", WITNESS.name, LATE, seen))
    anchors += [_anchored(log, method, method, LATE, newer) for method in ("mail", "folder")]
    log.fill(3)
    size = len(log.leaves)
    note = log.note(size, NEW_KEY)
    bundle = TestBundle(
        log, main, note, related=[(log, start, note), (log, shown, note)],
        keys=[(log, rotated, log.note(size, OLD_KEY, NEW_KEY))], anchors=anchors,
        policy_keys=[OLD_KEY.vkey, NEW_KEY.vkey], policy_witnesses=[WITNESS], identity=IDENTITY, raw_event=True,
    )  # fmt: skip
    return Scene(bundle, desk, top.pem)


def _anchored(
    log: TestLog, method: str, authority: str, time: datetime, note: bytes, answer: bytes | None = None
) -> TestAnchor:
    index = log.add(anchor_record(log, method, authority, moment(time), note, answer))
    return TestAnchor(method, note, index, answer)


def resealed(members: dict[str, bytes], name: str, content: bytes | None) -> bytes:
    """The bundle with one member changed or taken out, and SHA256SUMS made again."""
    changed = {**members, name: content} if content is not None else {k: v for k, v in members.items() if k != name}
    return zipped(with_sums(changed))


def good_cases(scene: Scene) -> Iterator[Case]:
    """Bundles in which nothing is wrong, by what the auditor knows."""
    made, pins, alone = scene.bundle.made(), scene.pins, Pins(vkeys=(OLD_KEY.vkey,))
    receipt, late = scene.bundle.receipt(), scene.bundle.anchors[3].note
    crlf = scene.log.text(len(scene.log.leaves)).replace(b"\n", b"\r\n")
    yield Case("with the bundle's own keys", made, Pins(), 4)
    yield Case("with key and root", made, pins, 0)
    yield Case("with the key alone", made, alone, 3)
    yield Case("with the new key alone", made, Pins(vkeys=(NEW_KEY.vkey,)), 3)
    yield Case("with the receipt", made, replace(alone, receipt=receipt), 0)
    yield Case("with the receipt alone, as people type it", made, Pins(receipt=receipt.lower().replace("-", " ")), 4)
    yield Case("with a policy", made, Pins(policy=scene.policy), 0)
    yield Case("with a mailed checkpoint", made, replace(alone, checkpoints=(late,)), 0)
    yield Case("with the newest checkpoint's text", made, replace(alone, checkpoints=(crlf,)), 0)
    yield Case("with another root", made, replace(alone, roots=(root("Elsewhere").pem,)), 3)
    yield Case("with the person's id", made, replace(pins, psid=PSID), 0)
    for kept in (b"log.example/2025\n9\n" + late.split(b"\n", 2)[2], log_of(scene, STRANGER), log_of(scene, OLD_KEY)):
        yield Case("with a checkpoint of no state here", made, replace(alone, checkpoints=(late, kept)), 0)
        yield Case("with that alone", made, replace(alone, checkpoints=(kept,)), 3)
    for number, bundle in enumerate(surrounded()):
        yield Case(f"with other records around it, {number}", bundle.made(), alone, 3)
    for kind in ("import_claim", "erasure_done", "log_started"):
        yield Case(f"of kind {kind}", _of_kind(kind), alone, 3)
    quorum = Pins(policy=scene.policy.replace(b"quorum none", b"quorum g"))
    yield Case("that witnesses saw", cosigned(scene).made(), quorum, 0)
    yield Case("that no witness saw", made, quorum, 1)


def log_of(scene: Scene, key: TestKey) -> bytes:
    """A state of a size that no part of the bundle has."""
    return scene.log.note(4, key)


AT = "2026-11-23T16:{}:00.000Z".format
NEXT_DAY, DAY_AFTER = "2026-11-24T16:00:00.000Z", "2026-11-24T16:00:00.001Z"
AROUND: tuple[tuple[str, tuple[tuple[str, str, dict[str, object]], ...]], ...] = (
    ("consent_given", (("consent_withdrawn", AT("01"), {}),)),
    ("consent_given", (("consent_withdrawn", AT("00"), {}), ("consent_refused", AT("02"), {}))),
    ("consent_given", (("consent_withdrawn", AT("03"), {"topics": ["news"]}), ("notice_shown", AT("02"), {}))),
    ("consent_given", (("consent_withdrawn", AT("03"), {"topics": ["offers"]}),)),
    ("consent_given", (("consent_withdrawn", "2026-11-23T15:59:59.999Z", {}),)),
    ("consent_refused", (("consent_withdrawn", AT("03"), {}),)),
    ("conversation_started", (("notice_shown", AT("01"), {}), ("consent_withdrawn", AT("02"), {}))),
    ("conversation_started", (("notice_shown", AT("03"), {}), ("consent_given", AT("02"), {}))),
    ("conversation_started", (("notice_shown", NEXT_DAY, {}),)),
    ("conversation_started", (("notice_shown", DAY_AFTER, {}),)),
    ("conversation_started", (("notice_shown", "2026-11-23T15:59:59.999Z", {}),)),
    ("conversation_started", (("notice_shown", AT("01"), {}), ("consent_given", AT("01"), {}))),
)


def surrounded() -> Iterator[TestBundle]:
    """A record of 16:00 with others of the same person before and after it."""
    for kind, others in AROUND:
        log = TestLog(OLD_KEY)
        log.fill(2)
        main = log.add(record(kind, 1, event_time=AT("00")))
        indexes = [log.add(record(one, 2 + at, event_time=time, **more)) for at, (one, time, more) in enumerate(others)]
        note = log.note(len(log.leaves))
        yield TestBundle(log, main, note, related=[(log, index, note) for index in indexes])


def cosigned(scene: Scene) -> TestBundle:
    """The bundle of the scene under a checkpoint that a witness cosigned."""
    bundle = scene.bundle
    note = bundle.note + WITNESS.line(scene.log.text(len(scene.log.leaves)), int(LATE.timestamp()))
    return replace(bundle, note=note, related=[(log, index, note) for log, index, _ in bundle.related])


def _of_kind(kind: str) -> bytes:
    extra = {
        "import_claim": {
            "claim": {
                "source": "a list of 2019", "claimed_at": "2019-05-01T00:00:00.000Z", "statement": "They said yes.",
                "statement_sha256": hashlib.sha256(b"They said yes.").hexdigest(),
            },
            "controller": {"name": "Bakery GmbH", "contact": "privacy@bakery.example"}, "entry_point": "console",
        },
        "erasure_done": {
            "event_time": None, "event_time_unit": "missing",
            "page_id": "104567890123456", "unreadable_by": "2026-12-07T00:00:00.000Z",
            "controller": {"name": "Bakery GmbH", "contact": "privacy@bakery.example"},
            "destroyed": [{"origin": "log.example/2026", "indexes": "0-3,7"}, {"origin": "b", "indexes": "5"}],
            "waiting": ["ab" * 32], "counts": {"consent_record": 4, "lead": 1},
        },
        "log_started": {"log": {"origin": OLD_KEY.name, "vkey": OLD_KEY.vkey, "reason": "new year"}},
    }[kind]  # fmt: skip
    log = TestLog(OLD_KEY)
    log.fill(2)
    index = log.add(record(kind, 7, **extra))
    log.fill(1)
    return TestBundle(log, index, log.note(len(log.leaves))).made()


def flipped(scene: Scene, places: Callable[[int], list[int]]) -> Iterator[Case]:
    """One bit of one member at a time: with SHA256SUMS made again, so that something else has to notice."""
    members = scene.bundle.members()
    for name, content in members.items():
        for place in places(len(content)):
            changed = bytearray(content)
            changed[place] ^= 1 << (place % 8)
            if name == "SHA256SUMS":
                yield Case(f"{name} at {place}", zipped({**members, name: bytes(changed)}), scene.pins)
            elif name not in ("verify.py", "verify.html"):
                yield Case(f"{name} at {place}", resealed(members, name, bytes(changed)), scene.pins)
