"""Does the simulator write and sign exactly as the platform does?"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

from hypothesis import given
from hypothesis import strategies as st

from simulator.signing import appsecret_proof, encode, sign, signed_request
from tests.simulator.stand import PAGE, PERSON, SECRET, Platform

BODY = (
    rb'{"object":"page","entry":[{"id":"111","time":1700000000000,"messaging":[{"sender":{"id":"222"},'
    rb'"recipient":{"id":"111"},"timestamp":1700000000000,"message":{"mid":"m_1",'
    rb'"text":"\u00e4\u00f6\u00e5 \ud83d\ude00 a\/b"}}]}]}'
)


def test_body_of_the_published_vector_is_encoded_byte_for_byte() -> None:
    message = {"mid": "m_1", "text": "äöå 😀 a/b"}
    event = {"sender": {"id": "222"}, "recipient": {"id": "111"}, "timestamp": 1700000000000, "message": message}
    entry = {"id": "111", "time": 1700000000000, "messaging": [event]}
    assert encode({"object": "page", "entry": [entry]}) == BODY
    assert len(BODY) == 220


def test_signature_of_the_published_vector_is_met() -> None:
    assert sign(SECRET, BODY) == "sha256=25f4c09cca83b43bd4f3bd79a00fcbd691fd32925d0a849b573f3342a01b0585"


def test_signature_of_the_reserialised_body_is_another() -> None:
    decoded = json.dumps(json.loads(BODY), ensure_ascii=False, separators=(",", ":")).encode()
    assert sign(SECRET, decoded).startswith("sha256=591abf58")
    assert sign(SECRET, decoded).endswith("977c")


def test_appsecret_proof_of_the_published_vector_is_met() -> None:
    proof = "07a59539e94c59dc6f0b9295102b202ff1dc11f3ca61c3bfb1ab654f36de7ec6"
    assert appsecret_proof(SECRET, "EAAB-token") == proof


def test_signed_request_of_the_published_vector_is_met() -> None:
    payload = {"algorithm": "HMAC-SHA256", "expires": 1291840400, "issued_at": 1291836800, "user_id": "218471"}
    assert signed_request(SECRET, payload) == (
        "omXFKIOfZWc46lpOqqs_opCLTGhRfi3WbJDpLlblMoU."
        "eyJhbGdvcml0aG0iOiJITUFDLVNIQTI1NiIsImV4cGlyZXMiOjEyOTE4NDA0MDAs"
        "Imlzc3VlZF9hdCI6MTI5MTgzNjgwMCwidXNlcl9pZCI6IjIxODQ3MSJ9"
    )


@given(st.text())
def test_every_text_survives_the_escaping_and_leaves_only_ascii(text: str) -> None:
    raw = encode({"text": text})
    assert json.loads(raw) == {"text": text}
    assert raw.isascii()
    assert b"/" not in raw.replace(b"\\/", b"")


async def test_pushed_events_are_signed_over_their_very_bytes(platform: Platform) -> None:
    await platform.say(text="Zoë grüßt 😀 http://a/b", wait=True)
    body, headers = platform.sink.bodies[0], platform.sink.headers[0]
    assert rb"Zo\u00eb gr\u00fc\u00dft \ud83d\ude00 http:\/\/a\/b" in body
    expected = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Hub-Signature-256"] == f"sha256={expected}"
    assert len(headers["X-Hub-Signature-256"]) == 71


async def test_unsigned_and_wrongly_signed_events_can_be_sent(platform: Platform) -> None:
    await platform.say(text="a", unsigned=True, wait=True)
    await platform.say(text="b", wrong_secret=True, wait=True)
    assert "X-Hub-Signature-256" not in platform.sink.headers[0]
    assert platform.sink.headers[1]["X-Hub-Signature-256"] != sign(SECRET, platform.sink.bodies[1])


async def test_data_deletion_request_is_posted_beside_the_callback(platform: Platform) -> None:
    told = await platform.control("data-deletion", {"user_id": "218471", "issued_at": 1291836800})
    assert told["status"] == 200
    assert told["answer"]["confirmation_code"] == "x"
    path, signed = platform.sink.forms[0]
    signature, payload = signed.split(".")
    assert path == "/webhooks/data-deletion"
    expected = hmac.new(SECRET.encode(), payload.encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(signature + "=") == expected
    await platform.control("deauthorize", {"tamper": True})
    assert platform.sink.forms[1][0] == "/webhooks/deauthorize"


async def test_raw_bytes_are_pushed_as_they_are(platform: Platform) -> None:
    told = await platform.control("push", {"body": "not json {", "times": 2})
    assert told == {"status": 200, "statuses": [200, 200]}
    assert platform.sink.bodies == [b"not json {", b"not json {"]
    acts = [{"page": PAGE, "psid": PERSON, "text": "one"}, {"page": PAGE, "psid": PERSON, "text": "two"}]
    await platform.control("push", {"acts": acts})
    entries = json.loads(platform.sink.bodies[-1])["entry"]
    assert [entry["messaging"][0]["message"]["text"] for entry in entries] == ["one", "two"]
