"""A bundle for checks that are not ours: a consent between two time stamps, cosigned, and dropped in a folder.

Made without the product's code (tests/domain/proof/offline/maker.py); a test can also play the operator who holds the
real key, and lie.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.domain.proof.offline.authority import Desk, Holder, generalized, root, time_stamper, tst_info
from tests.domain.proof.offline.maker import (
    IDENTITY,
    LOG_KEY,
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

NEXT_KEY, STRANGER = TestKey(LOG_KEY.name, 2), TestKey(LOG_KEY.name, 9)
LAST_YEAR = TestKey("log.example/2025", 7)
EARLY, LATE = datetime(2026, 11, 23, 16, 0, 0, tzinfo=UTC), datetime(2026, 11, 23, 17, 0, 0, tzinfo=UTC)
NEWEST = datetime(2026, 11, 23, 20, 0, 0, tzinfo=UTC)
SEEN, DROPPED = datetime(2026, 11, 23, 18, 0, 0, tzinfo=UTC), datetime(2026, 11, 23, 19, 0, 0, tzinfo=UTC)
Members = dict[str, bytes]
Forge = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Authority:
    """A time-stamping authority, and the file with its root certificate."""

    desk: Desk
    root_file: Path

    @classmethod
    def make(cls, folder: Path, name: str = "Test root", until: datetime | None = None) -> "Authority":
        top: Holder = root(name)
        span = {} if until is None else {"span": (datetime(2026, 1, 1, tzinfo=UTC), until)}
        authority = cls(Desk(folder, time_stamper(top, **span)), folder / "root.pem")
        authority.root_file.write_bytes(top.pem)
        return authority

    def stamp(self, note: bytes, at: datetime) -> bytes:
        return self.desk.signed(tst_info(note, generalized(at)))


def make_members(
    authority: Authority,
    *,
    rotated: bool = False,
    last_key: TestKey = NEXT_KEY,
    cosigned: bool = False,
    two_years: bool = False,
    forge: Forge = lambda answer: answer,
    rebuild: Callable[[TestLog], None] = lambda log: None,
) -> Members:
    """All members. `forge` changes the second time stamp before the log notes it, `rebuild` the log afterwards."""
    log = TestLog(LOG_KEY)
    log.fill(5)
    before = _anchored(log, "rfc3161", "tsa.example", EARLY, authority.stamp(log.note(5), EARLY))
    start = log.add(record("conversation_started", 2))
    main = log.add(record("consent_given", 1))
    after = log.note(len(log.leaves))
    anchors = [
        before,
        _anchored(log, "rfc3161", "tsa.example", LATE, forge(authority.stamp(after, LATE))),
        _anchored(log, "witness", WITNESS.name, SEEN),
        _anchored(log, "folder", "folder", DROPPED),
    ]
    keys = []
    if rotated:
        change = {"origin": LOG_KEY.name, "vkey": NEXT_KEY.vkey, "previous_vkey": LOG_KEY.vkey}
        index = log.add(record("key_rotated", 4, log=change))
        keys = [(log, index, log.note(len(log.leaves), LOG_KEY, NEXT_KEY))]
    log.fill(6)
    rebuild(log)
    note = log.note(len(log.leaves), last_key if rotated else LOG_KEY)
    if cosigned:
        note += WITNESS.line(log.text(len(log.leaves)), int(NEWEST.timestamp()))
    related = [(log, start, note)]
    if two_years:
        earlier = TestLog(LAST_YEAR)
        earlier.fill(3)
        index = earlier.add(record("notice_shown", 6))
        related.insert(0, (earlier, index, earlier.note(4)))
    signing = [LOG_KEY, *([NEXT_KEY] if rotated else []), *([LAST_YEAR] if two_years else [])]
    return TestBundle(
        log,
        main,
        note,
        related=related,
        keys=keys,
        anchors=anchors,
        policy_keys=[key.vkey for key in signing],
        policy_witnesses=[WITNESS],
        identity=dict(IDENTITY),
        raw_event=True,
    ).members()


def pack(members: Members) -> bytes:
    """The ZIP file, its SHA256SUMS made for whatever the members are."""
    return zipped(with_sums(members))


def _anchored(log: TestLog, method: str, authority: str, at: datetime, answer: bytes | None = None) -> TestAnchor:
    """The newest state in that authority's hands, with the log's record of it."""
    note = log.note(len(log.leaves))
    if method == "witness":
        note += WITNESS.line(log.text(len(log.leaves)), int(at.timestamp()))
    document = anchor_record(log, method, authority, at.strftime("%Y-%m-%dT%H:%M:%S.000Z"), note, answer)
    return TestAnchor(method, note, log.add(document), answer)
