"""One log with everything in it: records of a person, anchors before and after, a change of the key."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from .authority import Desk, generalized, root, time_stamper, tst_info
from .maker import (
    IDENTITY,
    LOG_KEY,
    WITNESS,
    TestAnchor,
    TestBundle,
    TestKey,
    TestLog,
    anchor_record,
    record,
)

NEW_KEY = TestKey(LOG_KEY.name, 2)
EARLY, LATE = datetime(2026, 11, 23, 16, 0, 0, tzinfo=UTC), datetime(2026, 11, 23, 17, 0, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 23, 18, 0, 0, tzinfo=UTC)


def spelled(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


@dataclass
class Story:
    """The bundle, and what an auditor could hold of it."""

    bundle: TestBundle
    root_pem: bytes
    early_note: bytes
    late_note: bytes


def tell(folder: Path) -> Story:
    top = root()
    desk = Desk(folder, time_stamper(top, kind="RSA-2048"))
    log = TestLog(LOG_KEY)
    log.fill(5)
    start = log.add(record("conversation_started", 2))
    shown = log.add(record("notice_shown", 3))

    early = log.note(len(log.leaves))
    early_answer = desk.signed(tst_info(early, generalized(EARLY)))
    anchors = [
        TestAnchor(
            "rfc3161",
            early,
            log.add(anchor_record(log, "rfc3161", "tsa.example", spelled(EARLY), early, early_answer)),
            early_answer,
        ),
        TestAnchor("folder", early, log.add(anchor_record(log, "folder", "folder", spelled(EARLY), early))),
    ]
    log.fill(7)
    main = log.add(record("consent_given", 1))
    log.fill(3)
    change = {"origin": LOG_KEY.name, "vkey": NEW_KEY.vkey, "previous_vkey": LOG_KEY.vkey, "reason": "once a year"}
    rotated = log.add(record("key_rotated", 4, log=change))
    handed_over = log.note(len(log.leaves), LOG_KEY, NEW_KEY)

    log.fill(2)
    late = log.note(len(log.leaves), NEW_KEY)
    late_answer = desk.signed(tst_info(late, generalized(LATE)))
    seen = late + WITNESS.line(log.text(len(log.leaves)), int(LATER.timestamp()))
    anchors += [
        TestAnchor(
            "rfc3161",
            late,
            log.add(anchor_record(log, "rfc3161", "tsa.example", spelled(LATE), late, late_answer)),
            late_answer,
        ),
        TestAnchor("witness", seen, log.add(anchor_record(log, "witness", WITNESS.name, spelled(LATER), seen))),
        TestAnchor("mail", late, log.add(anchor_record(log, "mail", "mail", spelled(LATER), late))),
    ]
    log.fill(4)
    newest = log.note(len(log.leaves), NEW_KEY) + WITNESS.line(log.text(len(log.leaves)), int(LATER.timestamp()) + 60)
    bundle = TestBundle(
        log,
        main,
        newest,
        related=[(log, start, newest), (log, shown, newest)],
        keys=[(log, rotated, handed_over)],
        anchors=anchors,
        policy_keys=[LOG_KEY.vkey, NEW_KEY.vkey],
        policy_witnesses=[WITNESS],
        identity=dict(IDENTITY),
        raw_event=True,
    )
    return Story(bundle, top.pem, early, late)
