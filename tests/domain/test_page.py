"""Are a Page's settings read as they were meant?"""

import pytest

from domain.page import QuietRefused, read_quiet


def test_a_span_of_hours_may_reach_over_midnight_and_can_be_switched_off():
    assert read_quiet("22:00-08:30") == (1320, 510)
    assert read_quiet("00:00-23:59") == (0, 1439)
    assert read_quiet("off") == (None, None)


@pytest.mark.parametrize(
    "text", ["22-8", "24:00-08:00", "08:00-08:00", "08:60-09:00", "", "22:00-08:00 ", "٢٢:00-08:00"]
)
def test_what_is_no_span_of_hours_is_refused(text):
    with pytest.raises(QuietRefused, match="22:00-08:00, or off"):
        read_quiet(text)
