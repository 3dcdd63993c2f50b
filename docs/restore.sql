-- Run once with psql after a restore, before any process of Assent starts; docs/operations.md says when and why.
begin;

-- Whoever has no key was erased after the data dump was made: what a finished erasure takes away goes again.
delete from lead l where not exists (
    select from lead_key k where k.page_id = l.page_id and k.lead_id = l.lead_id);
delete from lead_topic t where not exists (
    select from lead_key k where k.page_id = t.page_id and k.lead_id = t.lead_id);
update consent_record r set record_sealed = null, nonce_sealed = null, raw_sealed = null
    where record_sealed is not null and not exists (
        select from lead_key k where k.page_id = r.page_id and k.lead_id = r.lead_id);
delete from export_archive a using data_request d
    where d.page_id = a.page_id and d.request_id = a.request_id and not exists (
        select from lead_key k where k.page_id = d.page_id and k.lead_id = d.lead_id);
-- A key without its lead belongs to somebody who came after the data dump; they will be met anew.
delete from lead_key k where not exists (
    select from lead l where l.page_id = k.page_id and l.lead_id = k.lead_id);

-- Who got a message after the dump was made is not known: what ran then, or was to begin, must not go on.
update delivery set state = 'unknown', reason = 'restored' where state = 'sending';
update delivery d set state = 'skipped', reason = 'cancelled', settled_at = now()
    from campaign c
    where c.page_id = d.page_id and c.campaign_id = d.campaign_id
      and c.state in ('running', 'paused') and d.state in ('queued', 'awaiting_window');
update campaign set state = 'cancelled', paused_cause = 'restored', finished_at = now()
    where state in ('scheduled', 'running', 'paused');

-- Answers that waited then have been given since.
update outbox set state = 'dropped', message_sealed = null where state in ('held', 'queued', 'sending', 'unknown');

update lane set owner = null, until = '-infinity';

commit;
