"""Under which context is a value sealed? Every label there is, in one place."""

from enum import StrEnum


class Label(StrEnum):
    """What a sealed value is; part of what its seal proves.

    A label is not a table name and is never renamed or used again for something else:
    the bytes already stored would not open any more. New labels are added at the end.
    Campaign, notice and template texts are not about a person and have no label.
    """

    LEAD_PROFILE = "lead.profile"
    MSG_BODY = "msg.body"
    PROOF_RECORD = "proof.record"
    PROOF_NONCE = "proof.nonce"
    PROOF_RAW = "proof.raw"
    INBOX_EVENT = "inbox.event"
    INBOX_BROKEN = "inbox.broken"
    OUTBOX_MESSAGE = "outbox.message"
    PAGE_TOKEN = "page.token"  # noqa: S105 - a label, not a token
    EXPORT_ARCHIVE = "export.archive"
    REQUEST_NOTE = "request.note"
    KEYCHECK = "keycheck"
    OPERATOR_PROFILE = "operator.profile"
    OPERATOR_FACTOR = "operator.factor"
    RING_COPY = "ring.copy"
    AUDIT_REASON = "audit.reason"
