"""Does every confirmed act leave a receipt with the person, in their language, that names its entry in the log?"""

import hashlib
import json
import re

import pytest

from domain.proof.entry import leaf_hash
from domain.proof.record_json import decode
from domain.tokens import receipt_bytes
from tests.journeys.world import World

WORDS = {"en": "Receipt", "de": "Beleg", "es": "Recibo", "fr": "Reçu", "it": "Ricevuta", "pt": "Recibo"}
RECEIPT = r"\n\n{} ((?:[0-9A-Z]{{4}}-){{7}}[0-9A-Z]{{4}})$"


async def confirmed(story: World, psid: str, language: str, count: int) -> tuple[str, str]:
    """The newest of so many messages that carry a receipt, and the receipt in it."""
    pattern = re.compile(RECEIPT.format(WORDS[language]))

    async def look():
        found = [text for text in await story.heard(psid) if pattern.search(text)]
        return found[-1] if len(found) == count else None

    text = await story.until(look, f"receipt {count}")
    return text, pattern.search(text)[1]


async def names_the_entry_of(story: World, receipt: str, kind: str) -> None:
    """The 32 characters are the beginning of the leaf hash of a record of this kind."""

    async def logged():
        return await story.value(
            "select entry from log_entry join consent_record on entry_id = record_id where kind = $1 "
            "order by idx desc limit 1",
            kind,
        )

    entry = await story.until(logged, f"the entry of {kind}")
    assert receipt_bytes(receipt) == leaf_hash(entry)[:20]


async def recorded_as_sent(story: World, psid: str, receipt: str, text: str) -> None:
    """The echo became a record that names receipt, message and its text."""

    async def look():
        async with story.runtime.store.database.transaction() as tx:
            lead = await story.lead(psid)
            key = await story.runtime.store.leads.key_of(tx, lead.page_id, lead.lead_id)
            for one in await story.runtime.store.consents.of_lead(tx, key, lead.page_id, lead.lead_id):
                sent = decode(one.record).receipt
                if sent is not None and sent.receipt_id == receipt:
                    return sent
        return None

    sent = await story.until(look, "the record of the receipt")
    assert sent.text_sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert f'"{sent.mid}"' in json.dumps(await story.ledger())


@pytest.mark.parametrize("language", sorted(WORDS))
async def test_yes_no_and_stop_are_confirmed_with_a_receipt_of_their_entry(story: World, language: str):
    await story.rows("update page set language = $1 returning 1", language)
    psid = await story.follower()
    await story.say(psid, get_started=True)

    async def asked():
        return (await story.screen(psid))["quick_replies"]

    yes, no = await story.until(asked, "the question")
    for count, (act, kind) in enumerate(
        [
            ({"quick_reply": no["title"]}, "consent_refused"),
            ({"quick_reply": {"title": yes["title"], "payload": yes["payload"]}}, "consent_given"),
            ({"text": "STOP"}, "consent_withdrawn"),
        ],
        1,
    ):
        await story.say(psid, **act)
        text, receipt = await confirmed(story, psid, language, count)
        await names_the_entry_of(story, receipt, kind)
        await recorded_as_sent(story, psid, receipt, text)
