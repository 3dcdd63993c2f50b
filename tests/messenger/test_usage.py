import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messenger.usage import Usage, read_retry_after, read_usage


def business(*records: dict[str, object]) -> dict[str, str]:
    return {"X-Business-Use-Case-Usage": json.dumps({"100200": list(records)})}


def test_the_fullest_allowance_and_the_longest_wait_count() -> None:
    headers = business(
        {"type": "messenger", "call_count": 97, "total_cputime": 23, "total_time": 23},
        {"type": "pages", "call_count": 3, "total_time": 99, "estimated_time_to_regain_access": 12},
    )
    assert read_usage(headers) == Usage(percent=99, regain_minutes=12)


@pytest.mark.parametrize("name", ["X-App-Usage", "X-Page-Usage"])
def test_the_older_headers_are_read(name: str) -> None:
    assert read_usage({name: '{"call_count":2,"total_cputime":7,"total_time":"5"}'}) == Usage(
        percent=7, regain_minutes=0
    )


def test_no_header_says_nothing() -> None:
    assert read_usage({}) is None
    assert read_usage({"X-App-Usage": "not json"}) is None
    assert Usage(percent=1, regain_minutes=0).regain is None
    assert Usage(percent=1, regain_minutes=3).regain == timedelta(minutes=3)


@given(
    st.text(max_size=50)
    | st.builds(
        lambda tree: json.dumps({"1": tree}),
        st.lists(
            st.dictionaries(
                st.sampled_from(["call_count", "total_time", "estimated_time_to_regain_access"]),
                st.integers() | st.none() | st.text(max_size=4),
            )
        ),
    )
)
def test_any_header_gives_bounded_usage_or_none(text: str) -> None:
    found = read_usage({"X-Business-Use-Case-Usage": text, "X-App-Usage": text})
    assert found is None or (found.percent >= 0 and 0 <= found.regain_minutes <= 2 * 24 * 60)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("120", timedelta(minutes=2)), ("999999", timedelta(days=2)), ("", None), ("-1", None), ("Wed, 21 Oct", None)],
)
def test_retry_after_is_read_in_seconds(text: str, expected: timedelta | None) -> None:
    assert read_retry_after({"Retry-After": text}) == expected
