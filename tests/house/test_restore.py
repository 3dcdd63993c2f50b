"""Does the script that an operator runs after a restore keep what a restore must not undo?"""

from __future__ import annotations

from uuid import UUID

import asyncpg

from tests.house.tree import ROOT

SCRIPT = ROOT / "docs" / "restore.sql"
ALIVE, ERASED, LATER = (UUID(int=number) for number in (1, 2, 3))

RESTORED = f"""
insert into page (page_id, name, controller_name, controller_contact, token_sealed, connected_at)
    values ('1', 'Page', 'Controller', 'contact', '', now());
insert into lead (page_id, lead_id, index_kid, psid_index, suppression_handle, link_ref, first_seen, newest_event,
                  profile_sealed)
    select '1', id, 1, substring(sha256(id::text::bytea) from 1 for 16), sha256(id::text::bytea), gen_random_uuid(),
           now(), now(), ''
    from unnest(array['{ALIVE}', '{ERASED}']::uuid[]) id;
insert into lead_key (page_id, lead_id, kid, wrapped, commitment)
    select '1', id, 1, repeat('x', 60)::bytea, repeat('x', 32)::bytea
    from unnest(array['{ALIVE}', '{LATER}']::uuid[]) id;
insert into lead_topic (page_id, lead_id, topic, state, event_time, record_id)
    select '1', lead_id, 'offers', 'given', now(), gen_random_uuid() from lead;
insert into consent_record (page_id, record_id, lead_id, kind, event_time, received_at, record_sealed, nonce_sealed)
    select '1', gen_random_uuid(), lead_id, 'conversation_started', now(), now(), 'sealed', 'sealed' from lead;
insert into campaign (page_id, campaign_id, name, topic, state, created_at)
    values ('1', 1, 'running', 'offers', 'running', now()), ('1', 2, 'draft', 'offers', 'draft', now()),
           ('1', 3, 'done', 'offers', 'finished', now());
insert into delivery (page_id, campaign_id, lead_id, state, planned_at)
    values ('1', 1, '{ALIVE}', 'sending', now()), ('1', 1, '{ERASED}', 'queued', now()),
           ('1', 3, '{ALIVE}', 'sent', now());
insert into outbox (page_id, outbox_id, lead_id, purpose, created_at, not_before, day, message_sealed)
    values ('1', gen_random_uuid(), '{ALIVE}', 'answer', now(), now(), current_date, 'sealed');
"""


async def test_the_restore_script_keeps_erasures_and_sends_nothing_again(database_dsn: str) -> None:
    connection = await asyncpg.connect(database_dsn)
    try:
        await connection.execute(RESTORED)
        script = SCRIPT.read_text(encoding="utf-8")
        await connection.execute(script)
        await connection.execute(script)
        assert await connection.fetch("select lead_id from lead") == [(ALIVE,)]
        assert await connection.fetch("select lead_id from lead_key") == [(ALIVE,)]
        assert await connection.fetch("select lead_id from lead_topic") == [(ALIVE,)]
        opened = "select lead_id from consent_record where record_sealed is not null or nonce_sealed is not null"
        assert await connection.fetch(opened) == [(ALIVE,)]
        states = "select campaign_id, state from campaign order by 1"
        assert await connection.fetch(states) == [(1, "cancelled"), (2, "draft"), (3, "finished")]
        deliveries = "select state from delivery order by seq"
        assert await connection.fetch(deliveries) == [("unknown",), ("skipped",), ("sent",)]
        assert await connection.fetch("select state, message_sealed from outbox") == [("dropped", None)]
    finally:
        await connection.close()
