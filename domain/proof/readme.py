"""How does a bundle tell its claim in plain words?

The text follows from the record alone, byte for byte, so a verifier can make it again and notice a
README that says something else. A change of wording is a new form number; the old form stays.
"""

from domain.proof.record import ProofRecord
from domain.proof.record_json import format_time
from domain.proof.record_sections import RecordKind, TimeUnit

FORM = 1
_WIDTH = 26

_CLAIMS = {
    RecordKind.CONVERSATION_STARTED: "A person started a conversation with the Page. This is contact and not consent to"
    " marketing.",
    RecordKind.NOTICE_SHOWN: "The privacy notice named below was shown to a person.",
    RecordKind.CONSENT_GIVEN: "A person said yes to marketing messages on the topic below, in answer to the question"
    " below.",
    RecordKind.CONSENT_REFUSED: "A person said no to marketing messages on the topic below.",
    RecordKind.CONSENT_WITHDRAWN: "A person withdrew consent to marketing messages.",
    RecordKind.RECEIPT_SENT: "A receipt for earlier records was sent to a person.",
    RecordKind.ERASURE_DONE: "The data of a person was erased.",
    RecordKind.KEY_ROTATED: "The log changed its key.",
    RecordKind.LOG_STARTED: "The log was started.",
    RecordKind.LOG_DISCONTINUITY: "The log does not continue an earlier state of itself.",
    RecordKind.RECORD_EXPIRED: "Records were destroyed because their time was over.",
    RecordKind.ANCHOR: "Something outside of the operator's hands holds a checkpoint of the log.",
    RecordKind.IMPORT_CLAIM: "Somebody else says that a person consented; nothing here shows the act itself.",
}

_UNITS = {
    TimeUnit.MILLISECONDS: " (sent in milliseconds)",
    TimeUnit.SECONDS: " (sent in seconds)",
    TimeUnit.MISSING: "",
}

_REST = """\
What the files are

    record.json          the record; exactly these bytes are committed to the log
    record.tlog-proof    c2sp.org/tlog-proof@v1: place in the log, path and signed checkpoint; its line
                         "extra" is the nonce of the commitment, in base64
    notice.txt           the privacy notice, if the record names one; its SHA-256 is in the record
    policy.txt           the log's public key, supplied by the operator
    related/             other records of the same person, each with its proof

What this shows, and what it does not

    The operator's log holds a commitment to this record at the place the proof says, and the log's
    key signed that. The record cannot have been changed afterwards without breaking the proof.
    The times in the record are those the operator's system wrote down. Facebook has signed none of
    this. The name in the key is only as good as the way by which you got the key: take it from a
    source other than this bundle and check again with it.

How to check without the operator's software

    1. nonce     take the base64 after "extra " in record.tlog-proof and write its 64 bytes in hex
    2. HMAC      openssl dgst -sha256 -mac HMAC -macopt hexkey:<nonce> record.json
    3. leaf      SHA-256 of the 34 bytes: 00, 01, the HMAC
    4. path      RFC 9162 section 2.1.3.2 with the index and hashes of record.tlog-proof leads from the
                 leaf to the root in the checkpoint
    5. signature Ed25519 over the first three lines of the checkpoint, as C2SP signed-note says
"""


def readme(record: ProofRecord) -> bytes:
    """The README.txt of a bundle for this record."""
    facts = "".join(f"    {label:<{_WIDTH}}{value}\n" for label, value in _facts(record))
    title = f"Opt-in proof, plain form {FORM}\n\nThis bundle shows: {record.shows}\n"
    return f"{title}{_CLAIMS[record.kind]}\n\nWhat the record says\n\n{facts}\n{_REST}".encode()


def _facts(record: ProofRecord) -> list[tuple[str, str]]:
    event = format_time(record.event_time) if record.event_time else "not sent"
    facts: list[tuple[str, str | None]] = [
        ("record", str(record.record_id)),
        ("Page", record.page_id),
        ("person (commitment)", record.pii_principal_id),
        ("time of the event", event + _UNITS[record.event_time_unit]),
        ("received at", format_time(record.received_at)),
        ("came by", record.entry_point),
        ("marketing basis", record.marketing_basis),
        ("lawful basis", record.lawful_basis),
        ("purposes", ", ".join(record.purposes)),
        *_section_facts(record),
        ("retention", record.retention),
        ("jurisdiction", record.jurisdiction),
        ("withdrawal", ", ".join(record.withdrawal_method)),
        ("withdrawn topics", ", ".join(record.topics)),
        ("earlier records", ", ".join(str(item) for item in record.previous)),
    ]
    return [(label, _one_line(value)) for label, value in facts if value]


def _section_facts(record: ProofRecord) -> list[tuple[str, str | None]]:
    facts: list[tuple[str, str | None]] = []
    if record.controller:
        facts.append(("controller", f"{record.controller.name}, {record.controller.contact}"))
    if notice := record.privacy_notice:
        facts.append(("privacy notice", f"version {notice.version}, {notice.language}, SHA-256 {notice.sha256}"))
    if consent := record.consent:
        age = None if consent.minimum_age is None else str(consent.minimum_age)
        facts += [("topic", consent.topic), ("question", consent.text), ("question version", consent.text_version)]
        facts += [("question language", consent.language), ("answer", consent.choice), ("minimum age", age)]
    if record.log:
        facts += [("log", record.log.origin), ("log key", record.log.vkey), ("reason", record.log.reason)]
    if record.unreadable_by:
        facts.append(("unreadable in backups by", format_time(record.unreadable_by)))
    return facts


def _one_line(text: str) -> str:
    """Line breaks and other unprintable characters as escapes, so that a value cannot pass as other lines."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
