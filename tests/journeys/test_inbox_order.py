"""Does an event that fails hold back the later ones of its own person, and nobody else's?"""

from typing import Any

import pytest

from bot.follower import Follower
from tests.journeys.world import World


async def test_a_failing_event_holds_back_the_later_ones_of_its_person_alone(
    story: World, monkeypatch: pytest.MonkeyPatch
):
    ada, bea = await story.start("Ada"), await story.start("Bea")
    order: list[tuple[str, str]] = []
    real, failures = Follower.handle, {"left": 1}

    async def failing_once(self: Follower, tx: Any, page: Any, lead: Any, item: Any, incoming: Any, now: Any) -> None:
        words = incoming.event.text.reveal("test") if getattr(incoming.event, "text", None) else ""
        if words == "first" and failures["left"]:
            failures["left"] -= 1
            order.append(("failed", words))
            raise RuntimeError("planted")
        order.append(("handled", words))
        await real(self, tx, page, lead, item, incoming, now)

    monkeypatch.setattr(Follower, "handle", failing_once)
    batch = [{"psid": ada, "text": "first"}, {"psid": ada, "text": "second"}, {"psid": bea, "text": "other"}]
    await story.control("POST", "push", acts=[{"page": story.page_id, **act} for act in batch])

    async def all_handled():
        return len([one for one in order if one[0] == "handled"]) == 3

    await story.until(all_handled, "all three", patience=40)
    words = [word for what, word in order if what == "handled"]
    assert words.index("first") < words.index("second")
    assert words.index("other") < words.index("first")
