"""Is a tap read as what was offered, and anything else as nothing?"""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import payloads
from bot.payloads import ConsentTap, EraseTap, Plain
from domain.consent import ConsentAct
from domain.content import tap_payload
from domain.ids import Topic

DIGEST = bytes(range(32))
REQUEST = UUID(int=7)


def test_a_consent_tap_names_topic_answer_notice_and_words():
    assert payloads.read(payloads.consent(Topic("offers"), "yes", 3, DIGEST)) == ConsentTap(
        Topic("offers"), ConsentAct.GIVEN, 3, DIGEST
    )
    assert payloads.read(payloads.consent(Topic("offers"), "no", 3, DIGEST)) == ConsentTap(
        Topic("offers"), ConsentAct.REFUSED, 3, DIGEST
    )


@pytest.mark.parametrize("confirmed", [True, False])
def test_an_erase_tap_names_its_request(confirmed):
    assert payloads.read(payloads.erase(REQUEST, confirm=confirmed)) == EraseTap(REQUEST, confirmed)


def test_a_stop_of_any_campaign_is_a_stop():
    assert payloads.read("assent:stop:4711") == Plain(payloads.STOP)
    assert payloads.read(payloads.STOP) == Plain(payloads.STOP)


@pytest.mark.parametrize(
    "payload",
    [
        None,
        "",
        "GET_STARTED",
        "assent:consent:offers:maybe:1:" + "00" * 32,
        "assent:consent:offers:yes:1:zz",
        "assent:consent:offers:yes:-1:" + "00" * 32,
        "assent:consent::yes:1:" + "00" * 32,
        "assent:erase:confirm:nobody",
        "assent:unknown",
    ],
)
def test_what_we_did_not_offer_is_nothing(payload):
    assert payloads.read(payload) is None


@given(st.text())
def test_no_payload_breaks_the_reader(payload):
    payloads.read(payload)
    payloads.read(f"assent:{payload}")
    payloads.read(f"assent:consent:offers:yes:{payload}")


@given(st.text() | st.sampled_from(["assent:stop", "assent:erase", ":assent:consent:offers:yes:1:" + "00" * 32]))
def test_no_payload_of_a_marketer_is_an_answer_a_stop_or_a_request(payload):
    assert payloads.read(tap_payload(12, payload)) == payloads.CampaignTap()
