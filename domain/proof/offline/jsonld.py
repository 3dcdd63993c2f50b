"""How does a record read for programs that know the Data Privacy Vocabulary?

record.jsonld is one constant prefix and the record without its first brace, so nobody has to trust a conversion. The
prefix maps every field to DPV 2.3, to Dublin Core, or to a vocabulary of our own where neither has the term; the table
is in docs/proof-records.md. Nothing in it is fetched: namespaces are names, not addresses to call.
"""

import json

OWN_TERMS = "urn:uuid:2f0a63d5-3b0e-4a57-9c5e-6f3f0a1c8e24#"
"""The vocabulary of terms that are ours alone, such as `event_time_unit`."""

_AS_TIME = "http://www.w3.org/2001/XMLSchema#dateTime"
_AS_HEX = "http://www.w3.org/2001/XMLSchema#hexBinary"


def _term(name: str, coerced: str | None = None, inside: dict[str, object] | None = None) -> dict[str, object]:
    found: dict[str, object] = {"@id": name}
    if coerced is not None:
        found["@type"] = coerced
    return found if inside is None else {**found, "@context": inside}


JSONLD_CONTEXT: dict[str, object] = {
    "@version": 1.1,
    "@vocab": OWN_TERMS,
    "dct": "http://purl.org/dc/terms/",
    "dpv": "https://w3id.org/dpv#",
    "dpv-27560": "https://w3id.org/dpv/schema/dpv-27560#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    # The kinds: what is an act of consent is a consent record, with its state beside it; the others are ours.
    "type": "@type",
    "notice_shown": "dpv:ConsentRecord",
    "consent_given": "dpv:ConsentRecord",
    "consent_refused": "dpv:ConsentRecord",
    "consent_withdrawn": "dpv:ConsentRecord",
    "shows": "dct:description",
    "schema_version": _term("dct:conformsTo", "@id"),
    "event_state": _term("dpv:hasConsentStatus", "@id"),
    "record_id": "dct:identifier",
    "page_id": "dpv:hasService",
    "pii_principal_id": _term("dpv:hasDataSubject", _AS_HEX),
    "name_commitment": _term("name_commitment", _AS_HEX),
    "event_time": _term("dct:date", _AS_TIME),
    "event_time_unit": _term("event_time_unit", "@vocab"),
    "envelope_time": _term("dct:issued", _AS_TIME),
    "envelope_time_unit": _term("envelope_time_unit", "@vocab"),
    "received_at": _term("dct:created", _AS_TIME),
    "entry_point": _term("dpv:hasDataSource", "@vocab"),
    "privacy_notice": _term(
        "dpv:hasNotice", inside={"language": "dct:language", "sha256": _term("sha256", _AS_HEX), "mid": "dct:source"}
    ),
    "consent": _term(
        "dpv:hasLegalBasis",
        inside={
            "topic": "dpv:hasPurpose",
            "text": "dct:description",
            "text_sha256": _term("text_sha256", _AS_HEX),
            "language": "dct:language",
        },
    ),
    "topics": "dpv:hasPurpose",
    "raw_event": _term(
        "raw_event", inside={"commitment": _term("commitment", _AS_HEX), "covers": _term("covers", "@vocab")}
    ),
    "receipt": _term(
        "receipt",
        inside={"receipt_id": "dct:identifier", "text_sha256": _term("text_sha256", _AS_HEX), "mid": "dct:source"},
    ),
    "log": _term("log", inside={"previous_root": _term("previous_root", _AS_HEX), "reason": "dct:description"}),
    "controller": _term("dpv:hasDataController", inside={"name": "dpv:hasName", "contact": "dpv:hasContact"}),
    "purposes": _term("dpv:hasPurpose", "@id"),
    "lawful_basis": _term("dpv:hasLegalBasis", "@id"),
    "marketing_basis": _term("marketing_basis", "@vocab"),
    "personal_data": "dpv:hasPersonalData",
    "storage_locations": "dpv:hasStorageCondition",
    "recipients": "dpv:hasRecipient",
    "withdrawal_method": "dpv:hasConsentControl",
    "retention": "dpv:hasDuration",
    "jurisdiction": "dpv:hasJurisdiction",
    "unreadable_by": _term("unreadable_by", _AS_TIME),
    "previous": "dct:references",
    "log_anchor": _term(
        "log_anchor",
        inside={
            "method": _term("method", "@vocab"),
            "root": _term("root", _AS_HEX),
            "checkpoint_sha256": _term("checkpoint_sha256", _AS_HEX),
            "answer_sha256": _term("answer_sha256", _AS_HEX),
        },
    ),
    "claim": _term(
        "dct:source",
        inside={
            "source": "dct:creator",
            "claimed_at": _term("dct:date", _AS_TIME),
            "statement": "dct:description",
            "statement_sha256": _term("statement_sha256", _AS_HEX),
        },
    ),
    "waiting": _term("waiting", _AS_HEX),
    "counts": _term("counts", "@json"),
}

JSONLD_PREFIX = b'{"@context":' + json.dumps(JSONLD_CONTEXT, separators=(",", ":")).encode() + b","


def jsonld_of(record: bytes) -> bytes:
    """The bytes of record.jsonld for these bytes of record.json."""
    return JSONLD_PREFIX + record[1:]
