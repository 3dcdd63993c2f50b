import json

import pytest

from messenger.envelope import BodyUnreadable, parse_delivery
from messenger.events import EventKind
from messenger.signature import AppSecret, verify_signature
from tests.messenger.golden import PAYLOADS, body_of, names, outcome_of

SITUATIONS = 160


def test_every_situation_has_its_frozen_outcome() -> None:
    assert len(names()) == SITUATIONS
    assert sorted(path.stem for path in (PAYLOADS / "expected").glob("*.json")) == names()


@pytest.mark.parametrize("name", names())
def test_a_payload_is_read_as_frozen(name: str) -> None:
    expected = json.loads((PAYLOADS / "expected" / f"{name}.json").read_text())
    assert outcome_of(body_of(name)) == expected


def test_the_payloads_show_every_kind_of_event() -> None:
    shown = set()
    for name in names():
        outcome = outcome_of(body_of(name))
        shown |= {event["kind"] for event in outcome.get("events", [])}
    assert shown == {kind.value for kind in EventKind}


@pytest.mark.parametrize("name", names())
def test_an_event_read_again_from_its_own_bytes_is_the_same_event(name: str) -> None:
    try:
        parsed = parse_delivery(body_of(name))
    except BodyUnreadable:
        return
    for event in parsed.events:
        assert parse_delivery(event.raw.reveal("round trip")).events == (event,)


@pytest.mark.parametrize("name", names())
def test_nothing_personal_is_printed(name: str) -> None:
    try:
        shown = repr(parse_delivery(body_of(name)))
    except BodyUnreadable as refused:
        shown = str(refused)
    for private in ("6012345678901234", "6098765432109876", "form-7", "Hello", "kept", "m_", "door-3", "example"):
        assert private not in shown


def test_the_signed_example_verifies_as_stored() -> None:
    header = "sha256=25f4c09cca83b43bd4f3bd79a00fcbd691fd32925d0a849b573f3342a01b0585"
    secret = AppSecret.from_text("0123456789abcdef0123456789abcdef")
    assert verify_signature(body_of("signature_example"), header, [secret]) == secret.name
