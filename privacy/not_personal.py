"""Which columns are about nobody?

Everything that privacy/catalog.py does not name stands here, column by column, so that a new one has to be thought
about. Texts that operators write are theirs; the log holds commitments that say nothing without their nonce.
"""

from collections.abc import Mapping

NOT_PERSONAL: Mapping[str, tuple[str, ...]] = {
    "installation": ("only_one", "install_id", "created_at"),
    "key_check": ("kid", "check_value"),
    "day_key": ("day", "kid", "wrapped", "commitment"),
    "page": (
        *("page_id", "name", "region", "language", "time_zone", "controller_name", "controller_contact"),
        *("dpo_contact", "marketing_basis", "minimum_age", "pace", "takeover_hours", "use_first_name", "state"),
        *("paused_cause", "token_sealed", "connected_at", "frequency_hours", "quiet_from", "quiet_until"),
        *("consent_from_notice", "resume_after"),
    ),
    "notice": ("page_id", "version", "language", "notice_id", "body", "sha256", "published_at"),
    "shown_text": ("page_id", "sha256", "language", "body", "first_used"),
    # A keyed hash of a whole event: nobody can be found by it, not even with all the keys.
    "event_key": ("page_id", "event_key", "seen_on"),
    "webhook_count": ("day", "what", "count"),
    "campaign": (
        *("page_id", "campaign_id", "name", "topic", "state", "paused_cause", "created_at", "started_at"),
        *("finished_at", "audience_size", "wait_until", "cursor", "audience", "weight", "start_at", "start_wall"),
        "spread",
    ),
    "tag": ("page_id", "name", "created_at"),
    "field_definition": ("page_id", "name", "kind", "purpose", "declared_at"),
    "segment": ("page_id", "name", "audience"),
    "campaign_content": ("page_id", "campaign_id", "language", "body"),
    "campaign_count": ("page_id", "campaign_id", "state", "reason", "people"),
    "page_limit": ("page_id", "standing", "cause", "code", "subcode", "since", "until", "in_a_row"),
    "lane": ("kind", "key", "owner", "epoch", "until"),
    "log": (*("log_id", "origin", "vkey", "size", "root", "opened_at", "year", "part", "closed_at", "closed_reason"),),
    "log_key": ("log_id", "vkey", "seed_name", "from_size", "until"),
    # Starts, breaks and keys of logs, anchors, erasures and expiries: they name no person, not even by a commitment.
    "log_record": ("record_id", "kind", "page_id", "recorded_at", "record", "nonce"),
    "anchor": (
        *("anchor_id", "log_id", "method", "authority", "size", "note", "answer", "anchored_at", "kept_at"),
        "record_id",
    ),
    "anchor_state": (*("method", "authority", "first_tried_at", "last_tried_at", "last_kept_at", "failures", "error"),),
    # What operators did; the reason they gave is sealed under the system key, the subject is an id of ours.
    "audit_entry": ("seq", "at", "action", "page_id", "subject", "reason_sealed", "previous", "hash"),
    "log_pending": ("entry_id", "entry", "position"),
    "log_entry": ("log_id", "idx", "entry_id", "entry"),
    "log_tile": ("log_id", "level", "n", "hashes"),
    "checkpoint": ("log_id", "size", "root", "stored_at", "note"),
    "schema_migration": ("number", "sha256", "applied_at"),
}
