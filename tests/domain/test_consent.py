"""Do yes, no and stop add up to the same state in whatever order they arrive?"""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.consent import ConsentAct, TopicConsent, standing
from domain.ids import Topic

BEGIN = datetime(2026, 11, 23, tzinfo=UTC)
acts = st.builds(
    lambda topic, act, second: TopicConsent(topic=Topic(topic), act=act, event_time=BEGIN + timedelta(seconds=second)),
    st.sampled_from(["offers", "events"]),
    st.sampled_from(list(ConsentAct)),
    st.integers(0, 5),
)


@given(st.lists(acts, max_size=12), st.randoms())
def test_any_order_and_any_repetition_give_the_same_state(given_acts, random):
    shuffled = [*given_acts, *random.sample(given_acts, k=len(given_acts) // 2)]
    random.shuffle(shuffled)
    assert standing(shuffled) == standing(given_acts)


@given(st.lists(acts, min_size=1, max_size=12))
def test_the_newest_act_stands_and_at_equal_times_the_one_that_permits_less(given_acts):
    for topic, stands in standing(given_acts).items():
        same = [act for act in given_acts if act.topic == topic]
        assert stands.event_time == max(act.event_time for act in same)
        tied = {act.act for act in same if act.event_time == stands.event_time}
        assert not (stands.act is ConsentAct.GIVEN and tied - {ConsentAct.GIVEN})
        assert not (stands.act is ConsentAct.REFUSED and ConsentAct.WITHDRAWN in tied)
