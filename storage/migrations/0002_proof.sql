-- What the proof of an opt-in needs beyond the log itself: several logs in one year after a break, several keys of one
-- log, the openings of entries that concern nobody, anchors outside of our hands, and a chain of what operators did.

alter table log add column year smallint;
update log set year = log_id;
alter table log alter column year set not null;
-- A year has one log, unless its log had to be given up: then the next part goes on.
alter table log add column part smallint not null default 1 check (part > 0);
alter table log add constraint log_year_part unique (year, part);
alter table log add column closed_at timestamptz;
alter table log add column closed_reason text;
-- The key of the log stands in log_key from now on, for it can change.

-- `until` null: the key that signs. A retiring key signs beside it until then. seed_name names the seed in the key ring.
create table log_key (
    log_id     integer not null references log,
    vkey       text not null,
    seed_name  text not null,
    from_size  bigint not null check (from_size >= 0),
    until      timestamptz,
    primary key (log_id, vkey)
);
insert into log_key (log_id, vkey, seed_name, from_size) select log_id, vkey, 'log', 0 from log;
create unique index log_key_signing on log_key (log_id) where until is null;

-- Openings of entries that concern nobody: starts, breaks and keys of logs, anchors, erasures, expiries. In clear.
create table log_record (
    record_id    uuid primary key,
    kind         text not null,
    page_id      text,
    recorded_at  timestamptz not null,
    record       bytea not null,
    nonce        bytea not null check (octet_length(nonce) = 64)
);
create index log_record_by_kind on log_record (kind, recorded_at);

-- A checkpoint that something outside of our hands holds. `note` is the file as it was anchored, `answer` what came
-- back for it; record_id is the log entry that says so.
create table anchor (
    anchor_id    uuid primary key,
    log_id       integer not null references log,
    method       text not null check (method in ('rfc3161', 'witness', 'mail', 'folder')),
    authority    text not null,
    size         bigint not null check (size > 0),
    note         bytea not null,
    answer       bytea,
    anchored_at  timestamptz not null,
    kept_at      timestamptz not null,
    record_id    uuid not null unique references log_record
);
create index anchor_by_size on anchor (log_id, method, authority, size);

-- How each authority does: for its age, its next try, and the alarm.
create table anchor_state (
    method         text not null,
    authority      text not null,
    first_tried_at timestamptz not null,
    last_tried_at  timestamptz not null,
    last_kept_at   timestamptz,
    failures       integer not null default 0,
    error          text,
    primary key (method, authority)
);

-- What operators did to people's records, as a chain: each hash covers the one before.
create table audit_entry (
    seq            bigint primary key check (seq > 0),
    at             timestamptz not null,
    action         text not null,
    page_id        text,
    subject        text not null,
    reason_sealed  bytea not null,
    previous       bytea not null check (octet_length(previous) = 32),
    hash           bytea not null check (octet_length(hash) = 32)
);

-- A tree that was stored is never smaller and never another one at the same size; a note is written once.
create function log_only_grows() returns trigger language plpgsql as $$
begin
    if new.size < old.size or (new.size = old.size and new.root <> old.root)
       or (new.log_id, new.origin, new.year, new.part, new.opened_at)
          is distinct from (old.log_id, old.origin, old.year, old.part, old.opened_at)
       or (old.closed_at is not null and (new.size <> old.size or new.closed_at is distinct from old.closed_at)) then
        raise exception 'a log only grows' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger log_only_grows before update on log for each row execute function log_only_grows();
create trigger log_no_delete before delete on log for each row execute function log_append_only();

create function checkpoint_signed_once() returns trigger language plpgsql as $$
begin
    if (new.log_id, new.size, new.root, new.stored_at) is distinct from
       (old.log_id, old.size, old.root, old.stored_at) or old.note is not null then
        raise exception 'a checkpoint is signed once and never changed' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger checkpoint_signed_once before update on checkpoint
    for each row execute function checkpoint_signed_once();

create trigger log_record_append_only before update or delete on log_record
    for each row execute function log_append_only();
create trigger anchor_append_only before update or delete on anchor
    for each row execute function log_append_only();
create trigger audit_entry_append_only before update or delete on audit_entry
    for each row execute function log_append_only();
create trigger audit_entry_no_truncate before truncate on audit_entry
    for each statement execute function log_append_only();
