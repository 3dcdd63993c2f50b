import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messenger.errors import (
    CallFailed,
    FailureKind,
    NextStep,
    SendFailure,
    not_sent,
    outcome_unknown,
    read_answer,
    token_unusable,
)
from messenger.usage import Usage

# One line per line of the platform's error table: code, subcode, kind, next step.
TABLE = """
1 - unknown reconcile
1 99 unknown reconcile
1 1357046 unknown reconcile
2 - unknown reconcile
2 2018344 bad_request fix
3 - permission_missing pause_page
10 - permission_missing pause_page
4 - limited retry_later
4 2018022 limited retry_later
17 - limited retry_later
32 - limited retry_later
341 - limited retry_later
506 - limited retry_later
613 - limited retry_later
613 2534040 limited retry_later
80001 - limited retry_later
80002 - limited retry_later
80006 - limited retry_later
4 2018354 too_soon skip
9 2018352 too_soon skip
613 1893016 too_soon skip
10 1404170 lane_closed pause_lane
10 1893015 opted_out stop_person
10 1893063 page_blocked pause_page
10 2018065 window_closed skip
10 2018108 person_unreachable stop_person
10 2018278 window_closed skip
10 2018336 region_limited ignore
10 2534022 window_closed skip
10 1545041 window_closed skip
100 - bad_request fix
100 33 not_found skip
100 2018001 person_unreachable stop_person
100 2018008 attachment_failed retry_later
100 2018014 bad_request fix
100 2018034 bad_request fix
100 2018047 bad_request fix
100 2018074 attachment_failed fix
100 2018109 attachment_failed fix
100 2018164 bad_request fix
100 2018294 attachment_failed retry_later
100 2534037 thread_controlled_elsewhere skip
102 - token_dead pause_page
190 - token_dead pause_page
190 458 token_dead pause_page
190 459 token_dead pause_page
190 460 token_dead pause_page
190 463 token_dead pause_page
190 464 token_dead pause_page
190 467 token_dead pause_page
190 492 token_dead pause_page
200 - permission_missing pause_page
200 2018028 permission_missing pause_page
200 2018027 permission_missing pause_page
210 - permission_missing pause_page
230 - permission_missing pause_page
299 - permission_missing pause_page
200 1545041 person_unreachable stop_person
551 - person_unreachable stop_person
551 1545041 person_unreachable stop_person
368 - policy pause_page
613 2018338 person_limited stop_person
803 - not_found skip
1200 - unknown reconcile
2022 - page_blocked pause_page
2500 - bad_request fix
2018218 - not_found ignore
100 2018218 not_found ignore
2018247 - bad_request fix
2018300 - thread_controlled_elsewhere skip
10 2018300 thread_controlled_elsewhere skip
2018321 - temporary retry_later
2300052 - too_soon skip
10303 - bad_request ignore
10900 - reply_not_possible skip
10903 - reply_not_possible skip
10904 - reply_not_possible skip
36000 - attachment_failed fix
9000001 - not_found ignore
2534029 - page_blocked pause_page
2534122 - page_blocked pause_page
4711 - bad_request fix
4711 2534029 page_blocked pause_page
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()]
PRIVATE = "Anna Sevenhundred cannot be reached"


def answer(error: Any, status: int = 400, **more: Any) -> dict[str, Any] | SendFailure:
    return read_answer(status, json.dumps({"error": error}).encode(), **more)


def failure(error: Any, status: int = 400, **more: Any) -> SendFailure:
    found = answer(error, status, **more)
    assert isinstance(found, SendFailure)
    return found


def test_the_table_is_whole() -> None:
    assert len(ROWS) == 83


@pytest.mark.parametrize("row", ROWS, ids="/".join)
@pytest.mark.parametrize("status", [200, 400, 403, 500])
def test_code_and_subcode_decide_whatever_the_http_status(row: list[str], status: int) -> None:
    code, subcode, kind, step = row
    if code == "4711" and subcode == "-" and status == 500:
        kind, step = "unknown", "reconcile"
    error = {"code": int(code)} | ({} if subcode == "-" else {"error_subcode": int(subcode)})
    found = failure(error, status)
    assert (found.kind, found.next_step) == (FailureKind(kind), NextStep(step))
    assert found.may_have_been_sent is (kind == "unknown")
    assert (found.code, found.http_status) == (int(code), status)


def test_codes_written_as_text_are_codes() -> None:
    assert failure({"code": "10", "error_subcode": "2018278"}).kind is FailureKind.WINDOW_CLOSED


@pytest.mark.parametrize("error_data", [{"a": 1}, '{"a":1}', "text", None, [1]])
def test_error_data_of_any_form_changes_nothing(error_data: Any) -> None:
    assert failure({"code": 551, "error_data": error_data}).kind is FailureKind.PERSON_UNREACHABLE


def test_no_text_of_the_platform_is_kept() -> None:
    error = {
        "message": PRIVATE,
        "error_user_title": PRIVATE,
        "error_user_msg": PRIVATE,
        "error_data": {"blame": PRIVATE},
        "type": "OAuthException",
        "code": 10,
        "error_subcode": 2018278,
        "fbtrace_id": "BLBz/WZt8dN",
    }
    found = failure(error)
    for shown in (repr(found), str(found), str(CallFailed(found)), repr(CallFailed(found))):
        assert "Anna" not in shown
        assert "2018278" in shown
    assert found.fbtrace_id == "BLBz/WZt8dN"
    assert str(found) == "window_closed (code 10/2018278, trace BLBz/WZt8dN); next: skip"
    assert failure({"code": 1, "fbtrace_id": PRIVATE}).fbtrace_id is None


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"", FailureKind.UNKNOWN),
        (200, b"<html>", FailureKind.UNKNOWN),
        (200, b"[1]", FailureKind.UNKNOWN),
        (200, b'{"error":"odd"}', FailureKind.UNKNOWN),
        (200, b'{"error":{}}', FailureKind.UNKNOWN),
        (302, b"", FailureKind.BAD_REQUEST),
        (404, b"<html>", FailureKind.BAD_REQUEST),
        (408, b"", FailureKind.UNKNOWN),
        (429, b"", FailureKind.LIMITED),
        (429, b'{"error":{"code":4711}}', FailureKind.LIMITED),
        (429, b'{"error":{"code":100}}', FailureKind.LIMITED),
        (429, b'{"error":{"code":10,"error_subcode":2018278}}', FailureKind.WINDOW_CLOSED),
        (500, b'{"message_id":"m_1"}', FailureKind.UNKNOWN),
        (502, b"<html>", FailureKind.UNKNOWN),
        (400, b'{"error":{"code":4711,"is_transient":true}}', FailureKind.UNKNOWN),
        (400, b'{"error":{"code":true}}', FailureKind.BAD_REQUEST),
    ],
)
def test_answers_without_a_known_code_are_judged_by_their_status(status: int, body: bytes, kind: FailureKind) -> None:
    found = read_answer(status, body)
    assert isinstance(found, SendFailure)
    assert found.kind is kind


def test_a_good_answer_is_its_members() -> None:
    assert read_answer(200, b'{"message_id":"m_1"}') == {"message_id": "m_1"}
    assert read_answer(200, b'{"message_id":"m_1","error":null}') == {"message_id": "m_1", "error": None}


def test_a_limit_waits_as_long_as_the_platform_says() -> None:
    usage = Usage(percent=100, regain_minutes=42)
    assert failure({"code": 80006}).retry_after is None
    assert failure({"code": 80006}, usage=usage).retry_after == timedelta(minutes=42)
    assert failure({"code": 80006}, retry_after=timedelta(hours=1), usage=usage).retry_after == timedelta(hours=1)
    assert failure({"code": 551}, usage=usage).retry_after is None


def test_each_repeatable_failure_ends_after_its_retries() -> None:
    assert (failure({"code": 1}).retries, failure({"code": 1}).then) == (2, NextStep.FIX)
    assert (failure({"code": 2}).retries, failure({"code": 2}).then) == (2, NextStep.SKIP)
    assert failure({"code": 100, "error_subcode": 2018008}).retries == 1
    assert failure({"code": 551}).retries == 0


def test_only_what_may_have_left_is_unknown() -> None:
    assert outcome_unknown().may_have_been_sent
    assert not not_sent().may_have_been_sent
    assert not token_unusable().may_have_been_sent


@given(st.integers(100, 599), st.binary(max_size=60))
def test_any_answer_is_judged(status: int, body: bytes) -> None:
    found = read_answer(status, body)
    assert isinstance(found, dict | SendFailure)


@given(
    st.integers(100, 599),
    st.dictionaries(
        st.sampled_from(["code", "error_subcode", "is_transient", "fbtrace_id", "message"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()),
    ),
)
def test_any_error_member_means_failure(status: int, error: dict[str, Any]) -> None:
    assert isinstance(failure(error, status), SendFailure)
