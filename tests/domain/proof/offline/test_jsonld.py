"""Does a program that knows only JSON-LD find in a record what TS 27560 and the Data Privacy Vocabulary call it?"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from pyld import jsonld

from domain.proof.offline.jsonld import JSONLD_CONTEXT, JSONLD_PREFIX, OWN_TERMS, jsonld_of
from domain.proof.record import ProofRecord
from domain.proof.record_json import encode
from domain.proof.record_sections import RecordKind
from tests.domain.proof.samples import make_record

DPV, DCT, GDPR = "https://w3id.org/dpv#", "http://purl.org/dc/terms/", "https://w3id.org/dpv/legal/eu/gdpr#"
XSD = "http://www.w3.org/2001/XMLSchema#"
DOCS = Path(__file__).parents[4] / "docs" / "proof-records.md"


def refuse(url: str, options: Any) -> Any:
    raise AssertionError(f"{url} would be fetched")


def expanded(record: ProofRecord) -> dict[str, Any]:
    [found] = jsonld.expand(json.loads(jsonld_of(encode(record))), {"documentLoader": refuse})
    return dict(found)


def values(node: dict[str, Any], name: str) -> list[Any]:
    return [one.get("@id", one.get("@value")) for one in node[name]]


def test_the_prefix_is_frozen() -> None:
    # Every verify.html holds these bytes: they change only with a new form number.
    assert (
        hashlib.sha256(JSONLD_PREFIX).hexdigest() == "0c1a75f36d2bc36ca9fa26153702dbfd21225dbbdd69ff39b1e7c241fb3f5f59"
    )
    assert len(JSONLD_PREFIX) < 10_000


def test_the_record_stands_unchanged_behind_the_prefix() -> None:
    record = encode(make_record())
    assert jsonld_of(record) == JSONLD_PREFIX + record[1:]
    document = json.loads(jsonld_of(record))
    del document["@context"]
    assert json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() == record


def test_a_consent_reads_in_the_terms_of_the_vocabulary() -> None:
    found = expanded(
        make_record(
            personal_data=("first name",),
            storage_locations=("database of the controller",),
            recipients=("Meta Platforms",),
            retention="3 years",
            jurisdiction="EU",
        )
    )
    assert found["@type"] == [f"{DPV}ConsentRecord"]
    assert values(found, f"{DCT}conformsTo") == ["https://w3id.org/dpv/schema/dpv-27560#record-eu-gdpr"]
    assert values(found, f"{DCT}identifier") == ["00000000-0000-0000-0000-000000000001"]
    assert values(found, f"{DPV}hasConsentStatus") == [f"{DPV}ConsentGiven"]
    assert values(found, f"{DPV}hasDataSubject") == ["ab" * 32]
    assert values(found, f"{DPV}hasPurpose") == [f"{DPV}DirectMarketing"]
    assert f"{GDPR}A6-1-a" in values(found, f"{DPV}hasLegalBasis")
    assert values(found, f"{DPV}hasService") == ["104567890123456"]
    assert values(found, f"{DPV}hasConsentControl") == ["keyword", "link"]
    assert values(found, f"{DPV}hasPersonalData") == ["first name"]
    assert values(found, f"{DPV}hasStorageCondition") == ["database of the controller"]
    assert values(found, f"{DPV}hasRecipient") == ["Meta Platforms"]
    assert values(found, f"{DPV}hasDuration") == ["3 years"]
    assert values(found, f"{DPV}hasJurisdiction") == ["EU"]
    [notice] = found[f"{DPV}hasNotice"]
    assert values(notice, f"{DCT}language") == ["en"]
    [controller] = found[f"{DPV}hasDataController"]
    assert values(controller, f"{DPV}hasName") == ["Bakery GmbH"]
    assert values(controller, f"{DPV}hasContact") == ["privacy@bakery.example"]
    [question] = [one for one in found[f"{DPV}hasLegalBasis"] if "@id" not in one]
    assert values(question, f"{DCT}description") == ["May we send you news?"]
    assert values(question, f"{DPV}hasPurpose") == ["news"]


def test_the_three_times_stay_three_properties() -> None:
    found = expanded(make_record(RecordKind.CONVERSATION_STARTED))
    times = {name: found[f"{DCT}{name}"] for name in ("date", "issued", "created")}
    assert {name: one["@value"] for name, [one] in times.items()} == {
        "date": "2026-11-23T16:20:01.123Z",
        "issued": "2026-11-23T16:20:01.000Z",
        "created": "2026-11-23T16:20:02.000Z",
    }
    assert {one["@type"] for [one] in times.values()} == {f"{XSD}dateTime"}


@pytest.mark.parametrize("kind", RecordKind)
def test_only_an_act_of_consent_is_a_consent_record_and_no_field_gets_lost(kind: RecordKind) -> None:
    record = make_record(kind)
    found = expanded(record)
    consents = {kind for kind in RecordKind if kind.startswith("consent_")} | {RecordKind.NOTICE_SHOWN}
    assert (found["@type"] == [f"{DPV}ConsentRecord"]) == (kind in consents)
    assert (f"{DPV}hasConsentStatus" in found) == (kind in consents)
    names = [name for name in _names(found) if not name.startswith("@")]
    assert all(name.startswith((DPV, DCT, OWN_TERMS)) for name in names)
    plain = json.loads(encode(record))
    plain.pop("counts", None)  # kept as JSON, names and all
    assert len(_leaves(plain)) == len([one for one in _leaves(found) if not isinstance(one, dict)])


def test_a_quad_is_made_for_every_value() -> None:
    document = json.loads(jsonld_of(encode(make_record())))
    quads = jsonld.to_rdf(document, {"format": "application/n-quads", "documentLoader": refuse})
    assert f"<{DPV}hasConsentStatus> <{DPV}ConsentGiven> ." in quads
    assert f'<{DCT}date> "2026-11-23T16:20:01.123Z"^^<{XSD}dateTime> .' in quads


def test_the_documentation_names_the_term_of_every_field() -> None:
    page = DOCS.read_text(encoding="utf-8").partition("\n## Fields\n")[2].partition("\n### Parts\n")[0]
    rows = re.findall(r"^\| (`[^|]*) \|.*\|([^|]*)\|$", page, re.MULTILINE)
    documented = {name: term.strip() for names, term in rows for name in re.findall(r"`(\w+)`", names)}
    fields = {"v", "type", "shows", "schema_version", "event_state", *ProofRecord.__dataclass_fields__} - {"kind"}
    assert documented == {name: _documented_term(name) for name in fields}


def _documented_term(name: str) -> str:
    """The term of DPV or Dublin Core; empty for terms of our own and for the kind."""
    term = JSONLD_CONTEXT.get(name, "")
    found = str(term["@id"] if isinstance(term, dict) else term)
    return found if ":" in found else ""


def _names(value: Any) -> list[str]:
    if isinstance(value, dict):
        inner = [] if "@value" in value else [name for one in value.values() for name in _names(one)]
        return [*value, *inner]
    return [name for one in value for name in _names(one)] if isinstance(value, list) else []


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict) and ("@value" in value or "@id" in value):
        return [value.get("@id", value.get("@value"))]
    if isinstance(value, dict):
        return [leaf for one in value.values() for leaf in _leaves(one)]
    return [leaf for one in value for leaf in _leaves(one)] if isinstance(value, list) else [value]
