"""Does a marketer choose people by commands, see beforehand who will be reached, and reach exactly those?"""

import json

from tests.journeys.test_commands import run
from tests.journeys.world import World


async def test_tags_fields_and_segments_choose_whom_a_campaign_reaches(story: World):
    chosen, left_out, silent = await story.opted_in("Mira"), await story.opted_in("Noah"), await story.start("Ada")
    leads = {psid: str((await story.lead(psid)).lead_id) for psid in (chosen, left_out, silent)}
    for arguments, said in (
        (("leads", "tag", "vip", leads[chosen], leads[silent]), "2 people were given the tag vip"),
        (("fields", "declare", "city", "--purpose", "shops nearby"), "stand in clear"),
        (("leads", "put", leads[chosen], "city", "Köln"), "is noted"),
        (("leads", "put", leads[left_out], "city", "Bonn"), "is noted"),
        (("segments", "set", "rhine", 'field.city = "Köln" or field.city = Bonn'), 'field.city = "Bonn"'),
        (("pages", "set", "--frequency-hours", "24", "--quiet", "off"), "is changed"),
    ):
        status, out, err = await run(story, *arguments)
        assert (status, said in out) == (0, True), (arguments, out, err)
    for wanted, fault in (
        ("tag = vip an", "expected `and`, `or` or the end, at character 11"),
        ("tag = nobody", "there is no tag nobody"),
        ("field.city < 3", "field city holds text"),
    ):
        status, _, err = await run(story, "campaigns", "create", "--text", "Hi", "--audience", wanted)
        assert (status, fault in err) == (1, True), err
    filter_ = "tag = vip and (segment rhine or not field.city known)"
    status, out, _ = await run(story, "campaigns", "create", "--text", "Only you", "--audience", filter_, "--json")
    assert status == 0
    number = str(json.loads(out)["campaign"])
    status, out, _ = await run(story, "campaigns", "audience", number, "--json")
    groups = {(one["reached"], one["reason"]): one["samples"] for one in json.loads(out)["groups"]}
    assert groups == {("now", None): [leads[chosen]], ("never", "no_consent"): [leads[silent]]}
    status, out, _ = await run(story, "campaigns", "audience")
    assert (status, "2  reached now" in out, "3  together" in out) == (0, True, True)
    for psid in (chosen, left_out, silent):
        assert psid not in out
    status, out, _ = await run(story, "campaigns", "start", number)
    assert (status, "audience is 2 people" in out) == (0, True)
    await story.until_heard(chosen, "Only you")
    assert not [words for words in await story.heard(left_out) if "Only you" in words]
