"""Does everybody whose Page or campaign stands still learn what to do?"""

from datetime import UTC, datetime

import pytest

from broadcast.failures import of_delivery
from domain.pauses import ENDED_BY_CONNECTING, PagePause, campaign_remedy, page_remedy
from messenger.errors import FailureKind, NextStep, SendFailure

NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.mark.parametrize("cause", PagePause)
def test_every_pause_of_a_page_names_the_one_command_that_ends_it(cause):
    remedy = page_remedy(cause)
    assert remedy.endswith(("assent pages resume", "assent pages connect"))
    assert "assent pages connect" not in remedy or cause in ENDED_BY_CONNECTING


def test_every_failure_that_pauses_a_page_is_such_a_pause():
    causes = set()
    for kind in FailureKind:
        consequence = of_delivery(SendFailure(kind=kind, next_step=NextStep.PAUSE_PAGE), NOW)
        causes |= {consequence.page} - {None}
    assert causes == {"token_dead", "permission_missing", "page_blocked", "policy", "lane_closed"}
    assert causes <= set(PagePause)


@pytest.mark.parametrize("cause", ["errors_rising:100/2018001", "start_missed", "lane_refused", "operator", "restored"])
def test_every_pause_of_a_campaign_names_the_command_that_ends_it(cause):
    assert campaign_remedy(cause).endswith("assent campaigns resume")
    assert ("error" in campaign_remedy(cause)) is cause.startswith("errors_rising")
