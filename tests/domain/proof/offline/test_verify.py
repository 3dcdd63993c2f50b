"""Is every auditor told exactly what the bundle shows to who brought this much, and is every lie found where it is?"""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.proof.offline.certificates import read_pem
from domain.proof.offline.kept import Kept
from domain.proof.offline.notes import read_key, read_note
from domain.proof.offline.policies import Policy, read_policy
from domain.proof.offline.steps import STEPS, Brought
from domain.proof.offline.verdict import Verdict, verify, worst

from .authority import Desk, root, time_stamper, tst_info
from .maker import (
    IDENTITY,
    LOG_KEY,
    NOTICE,
    PAGE,
    PSID,
    WITNESS,
    TestAnchor,
    TestBundle,
    TestKey,
    TestLog,
    anchor_record,
    b64,
    compact,
    record,
    small_bundle,
    with_sums,
    zipped,
)
from .story import NEW_KEY, Story, tell

Members = dict[str, bytes]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return tell(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(scope="module")
def members(story: Story) -> Members:
    return story.bundle.members()


def pinned(*vkeys: str, **more: Any) -> Brought:
    keys = [read_key(vkey) for vkey in vkeys]
    witnesses = tuple((key.name, key) for key in keys if key.kind == 4)
    return Brought(policy=Policy(tuple(key for key in keys if key.kind == 1), witnesses), **more)


OLD, NEW = pinned(LOG_KEY.vkey), pinned(NEW_KEY.vkey)


def checked(bundle: TestBundle | Members, brought: Brought = OLD) -> Verdict:
    made = bundle.made() if isinstance(bundle, TestBundle) else zipped(bundle)
    return verify(made, brought)


def failed_at(verdict: Verdict) -> str:
    assert verdict.status == 1, verdict.meaning
    assert verdict.finding is not None
    assert (
        verdict.meaning == f"FAILED at step {verdict.finding.number}, {verdict.finding.name}: {verdict.finding.detail}."
    )
    assert not verdict.summary
    return verdict.finding.name


# What each auditor is told


def test_the_fifteen_steps_hold_in_their_order(story: Story) -> None:
    verdict = checked(story.bundle)
    assert [(step.number, step.held) for step in verdict.steps] == [(number, True) for number in range(1, 16)]
    assert [step.name for step in verdict.steps] == [name for name, _ in STEPS]


def test_with_the_bundles_own_keys_nothing_is_proved_about_who_signed(story: Story) -> None:
    for brought in (
        Brought(),
        Brought(roots=read_pem(story.root_pem), receipt=story.bundle.receipt().replace("-", "")),
    ):
        verdict = checked(story.bundle, brought)
        assert verdict.status == 4
        assert "proves nothing about who signed" in verdict.meaning


@pytest.mark.parametrize("brought", [OLD, NEW, pinned(LOG_KEY.vkey, NEW_KEY.vkey)], ids=["old key", "new key", "both"])
def test_a_pinned_key_before_or_after_a_change_verifies_and_anchors_nothing(story: Story, brought: Brought) -> None:
    verdict = checked(story.bundle, brought)
    assert (verdict.status, [anchor.confirmed for anchor in verdict.anchors]) == (3, [False] * 5)
    assert "not anchored" in verdict.meaning
    assert dict(verdict.confirmed) == {
        "confirmed not before": "nothing that was given shows it",
        "confirmed not after": "nothing that was given shows it",
    }


def test_a_pinned_root_confirms_the_time_on_both_sides(story: Story) -> None:
    verdict = checked(story.bundle, replace(OLD, roots=read_pem(story.root_pem)))
    assert (verdict.status, [anchor.confirmed for anchor in verdict.anchors]) == (0, [True, False, True, False, False])
    assert dict(verdict.confirmed) == {
        "confirmed not before": "2026-11-23T16:00:00.000Z (rfc3161 tsa.example)",
        "confirmed not after": "2026-11-23T17:00:00.000Z (rfc3161 tsa.example)",
    }
    assert "anchors/03-rfc3161" in verdict.meaning


def test_confirmed_times_that_exclude_each_other_are_told(tmp_path: Path) -> None:
    # The operator notes the later stamp before the record, and the earlier one behind it.
    top, log = root(), TestLog(LOG_KEY)
    desk = Desk(tmp_path, time_stamper(top))
    log.fill(2)
    anchors = []
    for moment in ("2026-11-23T18:00:00.000Z", "2026-11-23T17:00:00.000Z"):
        note = log.note(len(log.leaves))
        answer = desk.signed(tst_info(note, re.sub("[-T:]|[.]000", "", moment)))
        noted = log.add(anchor_record(log, "rfc3161", "tsa.example", moment, note, answer))
        anchors.append(TestAnchor("rfc3161", note, noted, answer))
        main = log.add(record("conversation_started", len(anchors)))
    index = main - 2
    bundle = TestBundle(log, index, log.note(len(log.leaves)), anchors=anchors)
    verdict = checked(bundle, replace(OLD, roots=read_pem(top.pem)))
    assert verdict.confirmed[0][1] == "2026-11-23T18:00:00.000Z (rfc3161 tsa.example)"
    assert verdict.confirmed[1][1] == "2026-11-23T17:00:00.000Z (rfc3161 tsa.example)"
    assert "exclude each other" in verdict.meaning


def test_another_root_confirms_nothing_and_is_no_failure(story: Story) -> None:
    verdict = checked(story.bundle, replace(OLD, roots=read_pem(root().pem)))
    assert (verdict.status, verdict.anchors[0].confirmed) == (3, False)
    assert "holds in itself" in verdict.anchors[0].detail


def test_a_pinned_witness_confirms_its_anchor(story: Story) -> None:
    verdict = checked(story.bundle, pinned(LOG_KEY.vkey, WITNESS.vkey))
    assert (verdict.status, [anchor.confirmed for anchor in verdict.anchors]) == (0, [False, False, False, True, False])
    assert dict(verdict.confirmed)["confirmed not after"] == "2026-11-23T18:00:00.000Z (witness witness.example/w)"


def test_a_quorum_of_witnesses_anchors_the_newest_state(story: Story) -> None:
    text = f"log {LOG_KEY.vkey}\nwitness w {WITNESS.vkey}\nquorum w\n"
    assert checked(story.bundle, Brought(policy=read_policy(text.encode()))).status == 0
    other = TestKey("other.example/w", 9, kind=4)
    text = f"log {LOG_KEY.vkey}\nwitness w {WITNESS.vkey}\nwitness o {other.vkey}\ngroup g all w o\nquorum g\n"
    assert failed_at(checked(story.bundle, Brought(policy=read_policy(text.encode())))) == "witnesses"


@pytest.mark.parametrize(
    ("kept", "status", "confirmed"),
    [
        (lambda s: s.late_note, 0, [False, False, True, True, True]),
        (lambda s: s.bundle.note, 0, [False] * 5),
        (lambda s: s.early_note, 3, [True, True, False, False, False]),
        (lambda s: s.bundle.log.note(3), 3, [False] * 5),
    ],
    ids=["covers it", "is the newest", "is older", "is none of them"],
)
def test_a_kept_checkpoint_anchors_when_it_covers_the_record(
    story: Story, kept: Callable[[Story], bytes], status: int, confirmed: list[bool]
) -> None:
    verdict = checked(story.bundle, replace(OLD, kept=(Kept("kept.txt", read_note(kept(story))[0]),)))
    assert (verdict.status, [anchor.confirmed for anchor in verdict.anchors]) == (status, confirmed)
    # A copy shows a state and no time: the times beside it are the operator's.
    assert not any(anchor.timed for anchor in verdict.anchors)
    shown = "nothing that was given shows it" if status else "when you got the checkpoint that you kept"
    assert [value for _, value in verdict.confirmed] == ["nothing that was given shows it", shown]


def test_the_receipt_in_the_thread_anchors(story: Story) -> None:
    code = story.bundle.receipt().replace("-", "")
    verdict = checked(story.bundle, replace(OLD, receipt=code))
    assert (verdict.status, verdict.confirmed[1][1]) == (0, "when the thread shows the receipt")
    assert failed_at(checked(story.bundle, replace(OLD, receipt=code[::-1]))) == "entry"


def test_the_persons_id_is_compared_with_the_disclosed_one(story: Story) -> None:
    assert checked(story.bundle, replace(OLD, psid=PSID)).status == 3
    assert failed_at(checked(story.bundle, replace(OLD, psid=PSID[:-1] + "7"))) == "disclosed"


def test_the_summary_and_the_fields_are_those_of_the_readme(story: Story, members: Members) -> None:
    verdict = checked(story.bundle)
    readme = members["README.txt"].decode()
    assert all(f"{label:<14}  {value}\n" in readme for label, value in verdict.summary)
    assert all(f"\n{label}: {value}\n" in readme for label, value in verdict.fields)
    assert dict(verdict.summary)["not before"] == "2026-11-23T16:00:00.000Z (rfc3161 tsa.example)"
    assert dict(verdict.summary)["not after"] == "2026-11-23T17:00:00.000Z (rfc3161 tsa.example)"


def test_no_verdict_says_a_bare_word_or_that_facebook_signed(story: Story) -> None:
    verdicts = [
        checked(story.bundle, brought)
        for brought in (Brought(), OLD, replace(OLD, roots=read_pem(story.root_pem)), replace(OLD, psid="1"))
    ]
    verdicts.append(verify(b"", OLD))
    for verdict in verdicts:
        said = "\n".join(verdict.lines()) + json.dumps(verdict.document())
        assert re.search(r"\bvalid\b", said, re.IGNORECASE) is None
        assert all(found == "Facebook signed none of this" for found in re.findall(r"Facebook signed.{0,13}", said))


def test_the_worst_status_counts() -> None:
    assert worst([0, 3, 4, 2, 1]) == 1
    assert worst([0, 3, 4, 2]) == 2
    assert worst([0, 3, 4]) == 4
    assert worst([3, 0]) == 3
    assert worst([0]) == 0


# Lies, each found at its own step


def changed(name: str, old: bytes, new: bytes) -> Callable[[Members], Members]:
    def change(members: Members) -> Members:
        assert old in members[name], name
        return with_sums(members | {name: members[name].replace(old, new)})

    return change


def moved(source: str, to: str) -> Callable[[Members], Members]:
    return lambda members: with_sums(members | {to: members[source]})


def dropped(*names: str) -> Callable[[Members], Members]:
    return lambda members: with_sums({name: data for name, data in members.items() if name not in names})


@pytest.mark.parametrize(
    ("change", "step"),
    [
        (changed("record.json", b'"choice":"Yes, please"', b'"choice":"Yes, always"'), "inclusion"),
        (changed("record.json", b'"v":1', b'"v":2'), "record"),
        (changed("record.json", b'"topic"', b'"tropic"'), "record"),
        (moved("related/01-conversation_started.json", "record.json"), "inclusion"),
        (moved("related/01-conversation_started.tlog-proof", "record.tlog-proof"), "inclusion"),
        (changed("record.tlog-proof", b"extra ", b"extra AAAA"), "entry"),
        (changed("record.tlog-proof", b"\nindex ", b"\nindex 1"), "inclusion"),
        (changed("record.tlog-proof", b"log.example", b"log.exampla"), "checkpoint"),
        (changed("keys/01-key_rotated.json", b"once a year", b"once a week"), "keys"),
        (changed("notice.txt", b"We answer you", b"We sell you!!"), "notice"),
        (dropped("notice.txt"), "notice"),
        (changed("policy.txt", b"says nothing", b"says it all!"), "policy"),
        (lambda m: with_sums(m | {"policy.txt": _without_line(m["policy.txt"], NEW_KEY.vkey)}), "policy"),
        (changed("related/01-conversation_started.json", b"get_started", b"got_started"), "related"),
        (moved("related/02-notice_shown.json", "related/01-conversation_started.json"), "related"),
        (moved("anchors/03-rfc3161.tsr", "anchors/01-rfc3161.tsr"), "anchors"),
        (moved("anchors/03-rfc3161.checkpoint", "anchors/01-rfc3161.checkpoint"), "anchors"),
        (moved("anchors/03-rfc3161.consistency", "anchors/01-rfc3161.consistency"), "anchors"),
        (moved("anchors/03-rfc3161.json", "anchors/01-rfc3161.json"), "anchors"),
        (moved("anchors/05-mail.json", "anchors/02-folder.json"), "anchors"),
        (changed("anchors/04-witness.checkpoint", b"witness.example", b"witness.exampla"), "anchors"),
        (changed("disclosed/identity.json", PSID.encode(), b"7310482919283747"), "disclosed"),
        (changed("disclosed/identity.json", "Zoë".encode(), b"Zoe"), "disclosed"),
        (changed("disclosed/identity.json", PAGE.encode(), b"104567890123457"), "disclosed"),
        (changed("disclosed/identity.json", b'"psid"', b'"asid"'), "disclosed"),
        (changed("disclosed/raw-event.bin", b'"hi"', b'"ho"'), "disclosed"),
        (changed("disclosed/raw-event.nonce", b"\n", b""), "disclosed"),
        (changed("record.jsonld", b"@context", b"@contexts"), "jsonld"),
        (changed("README.txt", b"C. Consent", b"C+. Consent"), "report"),
        (lambda m: with_sums(m | {"README.txt": m["README.txt"] + b"Facebook signed this.\n"}), "report"),
        (changed("report.html", b"not before", b"not beyond"), "report"),
        (lambda m: m | {"verify.py": b"print('fine')\n"}, "sums"),
        (lambda m: m | {"SHA256SUMS": m["SHA256SUMS"] + b"\n"}, "sums"),
        (lambda m: m | {"SHA256SUMS": b""}, "sums"),
    ],
)
def test_each_lie_is_found_at_its_own_step(members: Members, change: Callable[[Members], Members], step: str) -> None:
    assert failed_at(checked(change(dict(members)))) == step


def _without_line(data: bytes, part: str) -> bytes:
    return b"".join(line for line in data.splitlines(keepends=True) if part.encode() not in line)


def test_a_digest_that_does_not_fit_is_named_by_its_member(members: Members) -> None:
    verdict = checked(members | {"verify.html": b"<title>another</title>"})
    assert verdict.finding is not None
    assert verdict.finding.detail == "SHA256SUMS does not have the digest of verify.html"


def test_a_forger_with_a_key_of_the_same_name_passes_only_without_a_pinned_key() -> None:
    forger = TestKey(LOG_KEY.name, 77)
    bundle = small_bundle()
    bundle.log.key = forger
    bundle.note = bundle.log.note(len(bundle.log.leaves))
    bundle.related = [(log, index, bundle.note) for log, index, _ in bundle.related]
    assert checked(bundle, Brought()).status == 4
    assert failed_at(checked(bundle)) == "checkpoint"


def test_a_key_that_no_accepted_key_handed_over_to_is_not_accepted(story: Story) -> None:
    bundle = replace(story.bundle, keys=[])
    assert failed_at(checked(bundle, OLD)) == "checkpoint"
    # With the new key the state is signed; what the old key signed before stands by its path to that state.
    assert failed_at(checked(bundle, NEW)) == "anchors"
    stranger = TestKey(LOG_KEY.name, 88)
    assert failed_at(checked(story.bundle, pinned(stranger.vkey))) == "keys"


def test_a_change_of_key_signed_by_the_new_key_alone_is_not_accepted(story: Story) -> None:
    log, index, note = story.bundle.keys[0]
    alone = log.note(int(note.split(b"\n")[1]), NEW_KEY)
    bundle = replace(story.bundle, keys=[(log, index, alone)])
    assert failed_at(checked(bundle, OLD)) == "keys"


def test_a_log_that_was_forked_is_found_by_the_kept_checkpoint(story: Story) -> None:
    for note in (story.bundle.note, story.late_note):
        other = TestLog(LOG_KEY, [*story.bundle.log.leaves])
        other.leaves[0] = b"x" * 32
        kept = read_note(other.note(int(note.split(b"\n")[1])))[0]
        verdict = checked(story.bundle, replace(OLD, kept=(Kept("kept.txt", kept),)))
        assert failed_at(verdict) in ("checkpoint", "anchors")
        assert "the log was forked" in verdict.meaning


def test_every_kept_checkpoint_is_reported_by_name(story: Story) -> None:
    log = story.bundle.log
    notes = {
        "late": story.late_note, "early": story.early_note, "change": story.bundle.keys[0][2],
        "other size": log.note(3),
        "stranger": log.note(3, TestKey(LOG_KEY.name, 88)),
        "other log": TestLog(TestKey("log.example/2025", 5)).note(0),
    }  # fmt: skip
    kept = tuple(Kept(name, read_note(note)[0], note) for name, note in notes.items())
    verdict = checked(story.bundle, replace(OLD, kept=kept))
    assert {one.name: (one.compared, one.detail) for one in verdict.kept} == {
        "late": (True, "it is a state in this bundle, and holds the record"),
        "early": (True, "it is a state in this bundle, older than the record"),
        "change": (
            True, "it is the state of a related record or of a change of the key, and says nothing about the record"
        ),
        "other size": (
            False,
            "it is of size 3, and this bundle holds no state of that size; an audit of the whole log compares every"
            " size",
        ),
        "stranger": (False, "it is not signed by a known key"),
        "other log": (False, "it is of another log, log.example/2025"),
    }  # fmt: skip
    assert verdict.meaning.endswith("NOT compared with this bundle: other size, stranger, other log.")


def test_an_id_without_a_disclosed_identity_is_not_compared_and_no_failure() -> None:
    verdict = checked(small_bundle(), replace(OLD, psid=PSID))
    assert (verdict.status, verdict.finding) == (2, None)
    assert "was not compared: the bundle discloses no identity. Ask for" in verdict.meaning


def test_a_record_that_concerns_nobody_has_no_related_records() -> None:
    bundle = small_bundle()
    nobody: dict[str, Any] = {"event_time": None, "event_time_unit": "missing", "page_id": PAGE}
    nobody |= {"controller": {"name": "B", "contact": "c"}, "unreadable_by": "2026-12-07T00:00:00.000Z"}
    for kind in ("erasure_done", "record_expired"):
        bundle.index = bundle.log.add(record(kind, 1, **nobody))
        other = bundle.log.add(record("erasure_done", 9, **nobody))
        bundle.note = bundle.log.note(len(bundle.log.leaves))
        bundle.related = [(bundle.log, other, bundle.note)]
        verdict = checked(bundle)
        assert failed_at(verdict) == "related"
        assert "concerns nobody" in verdict.meaning


def test_a_withdrawal_in_the_bundle_is_said_in_the_verdict() -> None:
    bundle = small_bundle()
    later = {"event_time": "2026-11-24T08:00:00.000Z"}
    bundle.related.append((bundle.log, bundle.log.add(record("consent_withdrawn", 9, **later)), b""))
    bundle.note = bundle.log.note(len(bundle.log.leaves))
    bundle.related = [(log, index, bundle.note) for log, index, _ in bundle.related]
    verdict = checked(bundle)
    words = f"2026-11-24T08:00:00.000Z, entry {bundle.related[2][1]}: this consent was withdrawn later"
    assert verdict.summary[2] == ("WITHDRAWN", words)
    assert f"WITHDRAWN: {words}." in verdict.meaning


def test_a_running_program_that_differs_from_that_in_the_bundle_is_a_note(story: Story) -> None:
    assert not checked(story.bundle, replace(OLD, program=b"print('a verifier')\n")).notes
    verdict = checked(story.bundle, replace(OLD, program=b"another"))
    assert (verdict.status, len(verdict.notes)) == (3, 1)
    assert "differs from the one you run" in "\n".join(verdict.lines())


def test_two_states_of_one_size_inside_a_bundle_are_a_fork(story: Story) -> None:
    fork = TestLog(LOG_KEY, [*story.bundle.log.leaves], dict(story.bundle.log.records))
    fork.leaves[0] = b"x" * 32
    index, size = story.bundle.keys[0][1], len(story.bundle.log.leaves)
    bundle = replace(story.bundle, keys=[(fork, index, fork.note(size, LOG_KEY, NEW_KEY))])
    verdict = checked(bundle, OLD)
    assert failed_at(verdict) == "checkpoint"
    assert "forked" in verdict.meaning


def test_records_under_two_states_of_one_log_are_refused() -> None:
    bundle = small_bundle()
    (log, start, _), shown = bundle.related
    bundle.related = [(log, start, log.note(20)), shown]
    verdict = checked(bundle)
    assert failed_at(verdict) == "related"
    assert "another checkpoint" in verdict.meaning


def test_a_record_of_somebody_else_is_not_related() -> None:
    bundle = small_bundle()
    index = bundle.log.add(record("conversation_started", 8, pii_principal_id="cd" * 32))
    bundle.note = bundle.log.note(len(bundle.log.leaves))
    bundle.related = [(bundle.log, index, bundle.note)]
    verdict = checked(bundle)
    assert failed_at(verdict) == "related"
    assert "another Page or person" in verdict.meaning


def test_a_record_is_in_a_bundle_once() -> None:
    for again in (0, 1):
        bundle = small_bundle()
        bundle.related.append(bundle.related[0] if again else (bundle.log, bundle.index, bundle.note))
        verdict = checked(bundle)
        assert failed_at(verdict) == "related"
        assert "twice" in verdict.meaning


def test_a_related_record_in_a_log_without_a_given_key_lowers_the_verdict() -> None:
    bundle = small_bundle()
    old_year = TestLog(TestKey("log.example/2025", 5))
    old_year.fill(2)
    index = old_year.add(record("conversation_started", 6))
    bundle.related.insert(0, (old_year, index, old_year.note(3)))
    bundle.policy_keys = [LOG_KEY.vkey, old_year.key.vkey]
    verdict = checked(bundle)
    assert verdict.status == 4
    assert "log.example/2025" in verdict.meaning
    assert checked(bundle, pinned(LOG_KEY.vkey, old_year.key.vkey)).status == 3
    assert failed_at(checked(bundle, pinned(LOG_KEY.vkey, TestKey("log.example/2025", 6).vkey))) == "related"
    # The log whose key is not given never carries the main record.
    assert failed_at(checked(bundle, pinned(old_year.key.vkey))) == "checkpoint"


# Anchors that lie


def lying(story: Story, number: int, **changes: Any) -> TestBundle:
    """The story with another record beside one anchor, honestly logged by a dishonest operator."""
    bundle = replace(story.bundle, anchors=list(story.bundle.anchors))
    anchor = bundle.anchors[number]
    document = json.loads(bundle.log.records[anchor.index][0])
    said = document["log_anchor"] | {name: value for name, value in changes.items() if name in document["log_anchor"]}
    rest = {name: value for name, value in changes.items() if name not in said}
    log = TestLog(LOG_KEY, list(bundle.log.leaves), dict(bundle.log.records))
    index = log.add(document | rest | {"log_anchor": said})
    note = log.note(len(log.leaves), NEW_KEY)
    bundle.anchors[number] = replace(anchor, index=index)
    related = [(log, at, note) for _, at, _ in bundle.related]
    return replace(bundle, log=log, note=note, related=related)


@pytest.mark.parametrize(
    ("number", "changes", "reason"),
    [
        (0, {"event_time": "2026-11-23T15:00:00.000Z"}, "another time than the token"),
        (3, {"event_time": "2026-11-23T15:00:00.000Z"}, "another time than the cosignature"),
        (0, {"size": 3}, "another size"),
        (0, {"root": "00" * 32}, "another root"),
        (0, {"checkpoint_sha256": "00" * 32}, "another checkpoint_sha256"),
        (0, {"answer_sha256": "00" * 32}, "another answer_sha256"),
        (0, {"origin": "log.example/2025"}, "another origin"),
        (0, {"method": "mail"}, "another method"),
        (3, {"authority": "other.example/w"}, "no signature line of its authority"),
        (4, {"authority": "somebody"}, "its authority is not mail"),
    ],
)
def test_an_anchor_whose_record_lies_is_wrong(story: Story, number: int, changes: dict[str, Any], reason: str) -> None:
    assert checked(lying(story, number), OLD).status == 3
    verdict = checked(lying(story, number, **changes), OLD)
    assert failed_at(verdict) == "anchors"
    assert reason in verdict.meaning


def test_a_witness_that_is_pinned_and_did_not_sign_is_wrong(story: Story) -> None:
    bundle = replace(story.bundle, anchors=list(story.bundle.anchors))
    anchor = bundle.anchors[3]
    lines = anchor.note.splitlines(keepends=True)
    forged = b"".join(lines[:-1]) + WITNESS.line(b"other\n1\n" + b64(bytes(32)).encode() + b"\n", 1)
    log = TestLog(LOG_KEY, list(bundle.log.leaves), dict(bundle.log.records))
    index = log.add(anchor_record(log, "witness", WITNESS.name, "2026-11-23T18:00:00.000Z", forged))
    note = log.note(len(log.leaves), NEW_KEY)
    bundle.anchors[3] = replace(anchor, note=forged, index=index)
    related = [(log, at, note) for _, at, _ in bundle.related]
    for brought in (OLD, pinned(LOG_KEY.vkey, WITNESS.vkey)):
        verdict = checked(replace(bundle, log=log, note=note, related=related), brought)
        assert failed_at(verdict) == "anchors"
        assert "does not fit" in verdict.meaning


def test_a_log_rebuilt_after_an_anchored_state_is_found(story: Story) -> None:
    # The operator changes an entry and signs everything anew with the real keys; the anchored state stays what it was.
    log = TestLog(LOG_KEY, list(story.bundle.log.leaves), dict(story.bundle.log.records))
    log.leaves[1] = b"y" * 32
    note = log.note(len(log.leaves), NEW_KEY)
    related = [(log, at, note) for _, at, _ in story.bundle.related]
    bundle = replace(story.bundle, log=log, note=note, related=related)
    bundle.keys = [(log, bundle.keys[0][1], log.note(int(bundle.keys[0][2].split(b"\n")[1]), LOG_KEY, NEW_KEY))]
    verdict = checked(bundle)
    assert failed_at(verdict) == "anchors"
    assert "consistency path" in verdict.meaning


def test_an_anchor_by_an_authority_that_cheats_is_wrong(story: Story, tmp_path: Path) -> None:
    other = Desk(tmp_path, time_stamper(root()))
    for answer in (other.honest(b"something else"), b"", b"\x30\x03\x02\x01\x00"):
        bundle = replace(story.bundle, anchors=list(story.bundle.anchors))
        anchor = bundle.anchors[0]
        log = TestLog(LOG_KEY, list(bundle.log.leaves), dict(bundle.log.records))
        noted = anchor_record(log, "rfc3161", "tsa.example", "2026-11-23T16:00:00.000Z", anchor.note, answer)
        bundle.anchors[0] = replace(anchor, index=log.add(noted), answer=answer)
        note = log.note(len(log.leaves), NEW_KEY)
        related = [(log, at, note) for _, at, _ in bundle.related]
        assert failed_at(checked(replace(bundle, log=log, note=note, related=related))) == "anchors"


# Other records


def test_a_record_that_concerns_nobody_has_a_bundle_too() -> None:
    log = TestLog(LOG_KEY)
    ending = record("erasure_done", page_id=PAGE, controller={"name": "B", "contact": "c"}, event_time=None) | {
        "event_time_unit": "missing",
        "unreadable_by": "2026-12-07T00:00:00.000Z",
        "destroyed": [{"origin": LOG_KEY.name, "indexes": "0-3,7"}],
        "counts": {"consent_record": 4},
    }
    index = log.add(ending)
    verdict = checked(TestBundle(log, index, log.note(1)))
    assert verdict.status == 3
    assert dict(verdict.fields)["destroyed.0.indexes"] == "0-3,7"
    assert dict(verdict.summary)["grade"].startswith("none")


def test_a_notice_that_the_record_does_not_name_is_refused() -> None:
    log = TestLog(LOG_KEY)
    index = log.add(record("conversation_started"))
    bundle = TestBundle(log, index, log.note(1))
    assert checked(bundle).status == 3
    members = bundle.members()
    before = {name: members[name] for name in list(members)[:5]}
    assert failed_at(checked(with_sums(before | {"notice.txt": NOTICE} | members))) == "notice"


def test_an_identity_may_leave_the_name_out_and_nothing_else() -> None:
    bundle = small_bundle()
    bundle.identity = {name: IDENTITY[name] for name in ("page_id", "psid", "principal_nonce")}
    assert checked(bundle, replace(OLD, psid=PSID)).status == 3
    for wrong in (
        {"page_id": PAGE, "psid": PSID},
        bundle.identity | {"name": "Zoë"},
        bundle.identity | {"principal_nonce": b64(bytes(64))},
        bundle.identity | {"principal_nonce": b64(bytes(63))},
        dict(reversed(bundle.identity.items())),
    ):
        bundle.identity = wrong
        assert failed_at(checked(bundle)) == "disclosed"


# Damage of every part

OWN_STEP = {
    "README.txt": {"report"},
    "report.html": {"report"},
    "record.json": {"record", "inclusion"},
    "record.tlog-proof": {"entry", "checkpoint", "inclusion", "policy"},
    "record.jsonld": {"jsonld"},
    "notice.txt": {"notice"},
    "policy.txt": {"policy"},
    "SHA256SUMS": {"sums"},
}


def own_step(name: str) -> set[str]:
    # A signature line that became one of an unknown key is missed in policy.txt.
    return OWN_STEP.get(name) or {name.split("/")[0]} | ({"policy"} if name.endswith("proof") else set())


def flipped(data: bytes, bit: int) -> bytes:
    changed_data = bytearray(data)
    changed_data[bit // 8] ^= 1 << bit % 8
    return bytes(changed_data)


def spread(data: bytes, count: int) -> list[int]:
    """Bits over the whole length, each of the eight places in turn."""
    step = max(1, len(data) // count)
    return [at * 8 + (at // step) % 8 for at in range(0, len(data), step)]


def test_every_part_fails_at_its_own_step_for_any_changed_bit(members: Members) -> None:
    tried = 0
    for name, data in members.items():
        if name in ("verify.py", "verify.html"):
            continue  # no record speaks about the programs: see the next test, and what README says about them
        for bit in spread(data, 40):
            altered = members | {name: flipped(data, bit)}
            verdict = checked(altered if name == "SHA256SUMS" else with_sums(altered))
            assert verdict.status in (1, 2), name
            assert verdict.finding is not None
            assert verdict.finding.name in own_step(name), (name, bit, verdict.meaning)
            tried += 1
    assert tried > 1_000


def test_every_part_fails_for_any_changed_bit_when_the_digests_stay(members: Members) -> None:
    for name, data in members.items():
        for bit in spread(data, 12):
            verdict = checked(members | {name: flipped(data, bit)})
            assert verdict.status in (1, 2)
            assert verdict.finding is not None
            assert verdict.finding.name in own_step(name) | ({"sums"} if name.startswith("verify.") else set())


@pytest.fixture(scope="module")
def made(story: Story) -> bytes:
    return story.bundle.made()


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_any_changed_bit_of_the_file_is_refused(made: bytes, data: st.DataObject) -> None:
    verdict = verify(flipped(made, data.draw(st.integers(0, len(made) * 8 - 1))), OLD)
    assert (verdict.status, verdict.finding and verdict.finding.name) == (2, "container")


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_damaged_members_give_a_verdict_and_never_a_crash(members: Members, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([name for name in members if not name.startswith("verify.")]))
    content = members[name]
    at = data.draw(st.integers(0, len(content)))
    altered = content[:at] + data.draw(st.binary(max_size=20)) + content[at + data.draw(st.integers(0, 40)) :]
    if altered == content:
        return
    verdict = checked(members | {name: altered})
    assert verdict.status in (1, 2)
    assert len(verdict.lines()) >= 17


def test_one_state_of_many_bundles_is_checked_once(story: Story) -> None:
    from domain.proof.offline.notes import _fits
    from domain.proof.offline.timestamps import read_time_stamp

    checked(story.bundle)
    before = _fits.cache_info().misses, read_time_stamp.cache_info().misses
    for _ in range(5):
        checked(story.bundle)
    assert (_fits.cache_info().misses, read_time_stamp.cache_info().misses) == before


def test_a_compact_document_is_what_the_verdict_prints(story: Story) -> None:
    document = checked(story.bundle).document()
    assert json.loads(json.dumps(document)) == document
    assert document["anchors"][0] | {"detail": ""} == {
        "name": "anchors/01-rfc3161",
        "method": "rfc3161",
        "authority": "tsa.example",
        "time": "2026-11-23T16:00:00.000Z",
        "size": 7,
        "index": 7,
        "confirmed": False,
        "time_confirmed": False,
        "detail": "",
    }
    assert compact(document["fields"])
