-- The whole first schema. page_id leads every primary, unique and foreign key of page-owned tables, so that a
-- distributed PostgreSQL can take it as distribution column. Nothing personal stands here in clear: random ids,
-- keyed hashes, times, states and counts only; every *_sealed column holds bytes of storage/sealing.py.

create table installation (
    only_one     boolean primary key default true check (only_one),
    install_id   uuid not null,
    created_at   timestamptz not null
);

-- A constant sealed per key-encryption key: a wrong key ring is noticed before anything is written.
create table key_check (
    kid          smallint primary key,
    check_value  bytea not null
);

-- One data key per day for what waits (inbox, outbox); it dies with its day, 8 days later.
create table day_key (
    day          date primary key,
    kid          smallint not null,
    wrapped      bytea not null check (octet_length(wrapped) = 60),
    commitment   bytea not null check (octet_length(commitment) = 32)
);

create table page (
    page_id            text primary key,
    name               text not null,
    region             text not null default 'unknown',
    language           text not null default 'en',
    time_zone          text not null default 'UTC',
    controller_name    text not null,
    controller_contact text not null,
    dpo_contact        text not null default '',
    marketing_basis    text not null default 'explicit' check (marketing_basis in ('explicit', 'conversation_start')),
    minimum_age        smallint not null default 16 check (minimum_age between 13 and 18),
    pace               smallint not null default 20 check (pace between 1 and 40),
    takeover_hours     smallint not null default 12 check (takeover_hours between 1 and 24),
    use_first_name     boolean not null default true,
    state              text not null default 'connected' check (state in ('connected', 'paused')),
    paused_cause       text,
    token_sealed       bytea not null,
    connected_at       timestamptz not null,
    check (marketing_basis = 'explicit' or region not in ('unknown', 'EU'))
);

create table notice (
    page_id      text not null references page,
    version      integer not null check (version > 0),
    language     text not null,
    notice_id    uuid not null,
    body         text not null,
    sha256       bytea not null check (octet_length(sha256) = 32),
    published_at timestamptz not null,
    primary key (page_id, version, language),
    unique (page_id, notice_id)
);

-- The exact words of every question that was ever put, by digest: what a yes or no refers to. Never personal.
create table shown_text (
    page_id      text not null references page,
    sha256       bytea not null check (octet_length(sha256) = 32),
    language     text not null,
    body         text not null,
    first_used   timestamptz not null,
    primary key (page_id, sha256)
);

create table lead (
    page_id            text not null references page,
    lead_id            uuid not null,
    index_kid          smallint not null,
    psid_index         bytea not null check (octet_length(psid_index) = 16),
    suppression_handle bytea not null check (octet_length(suppression_handle) = 32),
    link_ref           uuid not null,
    first_seen         timestamptz not null,
    newest_event       timestamptz not null,
    window_until       timestamptz,
    human_until        timestamptz,
    unreachable_since  timestamptz,
    unreachable_reason text,
    restricted_since   timestamptz,
    erasing_since      timestamptz,
    dialog             text,
    dialog_ref         text,
    profile_sealed     bytea not null,
    primary key (page_id, lead_id),
    unique (page_id, index_kid, psid_index),
    unique (page_id, suppression_handle),
    unique (page_id, link_ref)
);
-- A link names no Page: its holder is looked up over all of them.
create index lead_by_link on lead (link_ref);

-- Alone, so that it can have a backup of its own: without its row nothing of the person can be read.
create table lead_key (
    page_id      text not null,
    lead_id      uuid not null,
    kid          smallint not null,
    wrapped      bytea not null check (octet_length(wrapped) = 60),
    commitment   bytea not null check (octet_length(commitment) = 32),
    primary key (page_id, lead_id)
);
create index lead_key_by_kid on lead_key (kid);

-- What the consent records of a lead add up to, per topic; always derivable from consent_record.
create table lead_topic (
    page_id        text not null,
    lead_id        uuid not null,
    topic          text not null,
    state          text not null check (state in ('given', 'refused', 'withdrawn')),
    event_time     timestamptz not null,
    notice_version integer,
    record_id      uuid not null,
    primary key (page_id, lead_id, topic)
);
create index lead_topic_given on lead_topic (page_id, topic, lead_id) where state = 'given';

create table consent_record (
    page_id        text not null,
    record_id      uuid not null,
    lead_id        uuid not null,
    kind           text not null,
    topic          text,
    event_time     timestamptz not null,
    received_at    timestamptz not null,
    notice_version integer,
    record_sealed  bytea,
    nonce_sealed   bytea,
    raw_sealed     bytea,
    primary key (page_id, record_id)
);
create index consent_record_of_lead on consent_record (page_id, lead_id, received_at);
create unique index consent_record_one_start on consent_record (page_id, lead_id)
    where kind = 'conversation_started';

create function consent_record_append_only() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE'
       and (new.page_id, new.record_id, new.lead_id, new.kind, new.topic, new.event_time, new.received_at,
            new.notice_version) is not distinct from
           (old.page_id, old.record_id, old.lead_id, old.kind, old.topic, old.event_time, old.received_at,
            old.notice_version)
       and (new.record_sealed is null or new.record_sealed = old.record_sealed)
       and (new.nonce_sealed is null or new.nonce_sealed = old.nonce_sealed)
       and (new.raw_sealed is null or new.raw_sealed = old.raw_sealed) then
        return new;
    end if;
    raise exception 'consent records are append-only; only their sealed parts may be destroyed'
        using errcode = 'restrict_violation';
end $$;
create trigger consent_record_append_only before update or delete on consent_record
    for each row execute function consent_record_append_only();
create trigger consent_record_no_truncate before truncate on consent_record
    for each statement execute function consent_record_append_only();

create table suppression (
    page_id  text not null,
    handle   bytea not null check (octet_length(handle) = 32),
    reason   text not null,
    since    timestamptz not null,
    primary key (page_id, handle)
);

create table tombstone (
    page_id    text not null,
    handle     bytea not null check (octet_length(handle) = 32),
    erased_at  timestamptz not null,
    primary key (page_id, handle)
);
create index tombstone_by_time on tombstone (erased_at);

-- Remembers for 8 days which events were accepted: the platform delivers at least once.
create table event_key (
    page_id    text not null,
    event_key  bytea not null check (octet_length(event_key) = 32),
    seen_on    date not null,
    primary key (page_id, event_key)
);
create index event_key_by_day on event_key using brin (seen_on);

create table inbox (
    page_id      text not null,
    received_on  date not null,
    event_key    bytea not null check (octet_length(event_key) = 32),
    item_id      bigint generated always as identity,
    shard        smallint not null,
    person       bytea not null check (octet_length(person) = 32),
    event_time   timestamptz not null,
    received_at  timestamptz not null,
    not_before   timestamptz not null,
    attempts     smallint not null default 0,
    event_sealed bytea not null,
    primary key (page_id, received_on, event_key)
) partition by range (received_on);
-- Sealed bytes do not compress, and a row lives for a moment: kept in its place, in one write.
alter table inbox alter column event_sealed set storage external;
create table inbox_default partition of inbox default with (toast_tuple_target = 8160);
create index inbox_by_shard on inbox (shard, event_time, item_id);
create index inbox_tried on inbox (shard) where attempts > 0;

-- Events that could not be understood, or whose handling failed for good: kept sealed, for a person to look at.
create table inbox_set_aside (
    page_id      text not null,
    item_id      uuid not null,
    reason       text not null,
    received_at  timestamptz not null,
    day          date not null,
    event_sealed bytea not null,
    primary key (page_id, item_id)
);

create table webhook_count (
    day    date not null,
    what   text not null,
    count  bigint not null,
    primary key (day, what)
);

create table outbox (
    page_id        text not null,
    outbox_id      uuid not null,
    seq            bigint generated always as identity,
    lead_id        uuid not null,
    purpose        text not null,
    state          text not null default 'queued'
                   check (state in ('held', 'queued', 'sending', 'unknown', 'sent', 'refused', 'dropped')),
    reason         text,
    created_at     timestamptz not null,
    not_before     timestamptz not null,
    attempts       smallint not null default 0,
    attempt_id     uuid,
    lane_epoch     bigint,
    sending_at     timestamptz,
    settled_at     timestamptz,
    mid_hash       bytea check (octet_length(mid_hash) = 16),
    day            date not null,
    message_sealed bytea,
    primary key (page_id, outbox_id)
);
create index outbox_waiting on outbox (page_id, seq) where state = 'queued';
create index outbox_unsettled on outbox (page_id, sending_at) where state in ('sending', 'unknown');
create index outbox_of_lead on outbox (page_id, lead_id);
create unique index outbox_attempt on outbox (page_id, attempt_id) where attempt_id is not null;

create table campaign (
    page_id       text not null references page,
    campaign_id   bigint not null check (campaign_id > 0),
    name          text not null,
    topic         text not null,
    state         text not null check (state in ('draft', 'running', 'paused', 'finished', 'cancelled')),
    paused_cause  text,
    created_at    timestamptz not null,
    started_at    timestamptz,
    finished_at   timestamptz,
    audience_size integer,
    wait_until    timestamptz,
    cursor        bigint not null default 0,
    primary key (page_id, campaign_id)
);
create index campaign_running on campaign (page_id) where state = 'running';

create table campaign_content (
    page_id     text not null,
    campaign_id bigint not null,
    language    text not null,
    body        text not null,
    primary key (page_id, campaign_id, language),
    foreign key (page_id, campaign_id) references campaign
);

-- No foreign key to campaign: rows come from it in one statement, it is never deleted, and checking each of a million
-- rows would double the time of a start.
create table delivery (
    page_id       text not null,
    campaign_id   bigint not null,
    lead_id       uuid not null,
    seq           bigint generated always as identity,
    state         text not null
                  check (state in ('queued', 'awaiting_window', 'sending', 'sent', 'refused', 'unknown',
                                   'skipped', 'expired')),
    reason        text,
    rule          text,
    lane_epoch    bigint,
    attempt_id    uuid,
    mid_hash      bytea check (octet_length(mid_hash) = 16),
    error_code    integer,
    error_subcode integer,
    planned_at    timestamptz not null,
    not_before    timestamptz,
    sending_at    timestamptz,
    settled_at    timestamptz,
    primary key (page_id, campaign_id, lead_id)
);
create index delivery_queued on delivery (page_id, campaign_id, seq) where state = 'queued';
create index delivery_open_of_lead on delivery (page_id, lead_id) where state in ('queued', 'awaiting_window');
create index delivery_awaiting on delivery (page_id, campaign_id) where state = 'awaiting_window';
create index delivery_unsettled on delivery (page_id, sending_at) where state in ('sending', 'unknown');
create unique index delivery_attempt on delivery (page_id, attempt_id) where attempt_id is not null;
create index delivery_by_mid on delivery (page_id, mid_hash) where mid_hash is not null and state <> 'sent';

-- Who works what: an inbox shard, the sending of a Page, the sequencing of the log. A row of kind 'keeper' says that
-- a process is there to work lanes, so that each can tell its fair share.
create table lane (
    kind   text not null check (kind in ('inbox', 'page', 'log', 'keeper')),
    key    text not null,
    owner  uuid,
    epoch  bigint not null default 0,
    until  timestamptz not null default '-infinity',
    primary key (kind, key)
);

create table data_request (
    page_id      text not null,
    request_id   uuid not null,
    lead_id      uuid,
    kind         text not null check (kind in ('access', 'erasure')),
    source       text not null check (source in ('chat', 'platform', 'console', 'retention')),
    state        text not null
                 check (state in ('pending', 'in_progress', 'completed', 'refused', 'cancelled')),
    reason       text,
    received_at  timestamptz not null,
    due_at       timestamptz not null,
    completed_at timestamptz,
    status_hash  bytea not null check (octet_length(status_hash) = 32),
    steps        jsonb not null default '{}',
    primary key (page_id, request_id)
);
create index data_request_by_status on data_request (status_hash);
create index data_request_by_id on data_request (request_id);
create index data_request_of_lead on data_request (page_id, lead_id) where lead_id is not null;
create index data_request_open on data_request (page_id, due_at) where state in ('pending', 'in_progress');

create table export_archive (
    page_id        text not null,
    request_id     uuid not null,
    token_hash     bytea not null check (octet_length(token_hash) = 32),
    link_kid       smallint not null,
    code_check     bytea not null check (octet_length(code_check) = 32),
    archive_sealed bytea,
    tries          smallint not null default 0,
    code_until     timestamptz not null,
    expires_at     timestamptz not null,
    taken_at       timestamptz,
    primary key (page_id, request_id),
    foreign key (page_id, request_id) references data_request
);
create index export_archive_by_token on export_archive (token_hash);
create index export_archive_by_expiry on export_archive (expires_at);

-- The transparency log: commitments only, one log per installation and calendar year.
create table log (
    log_id     integer primary key,
    origin     text not null unique,
    vkey       text not null,
    size       bigint not null default 0,
    root       bytea not null,
    opened_at  timestamptz not null
);

create table log_pending (
    entry_id  uuid primary key,
    entry     bytea not null check (octet_length(entry) = 33),
    position  bigint generated always as identity
);
create index log_pending_in_order on log_pending (position);

create table log_entry (
    log_id    integer not null references log,
    idx       bigint not null,
    entry_id  uuid not null unique,
    entry     bytea not null check (octet_length(entry) = 33),
    primary key (log_id, idx)
);

-- A receipt is the beginning of a leaf hash.
create index log_entry_by_receipt on log_entry (substring(sha256('\x00'::bytea || entry) from 1 for 20));

create table log_tile (
    log_id  integer not null references log,
    level   smallint not null,
    n       bigint not null,
    hashes  bytea not null check (octet_length(hashes) between 32 and 8192 and octet_length(hashes) % 32 = 0),
    primary key (log_id, level, n)
);

create table checkpoint (
    log_id     integer not null references log,
    size       bigint not null,
    root       bytea not null check (octet_length(root) = 32),
    stored_at  timestamptz not null,
    note       text,
    primary key (log_id, size)
);

create function log_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'the log is append-only' using errcode = 'restrict_violation';
end $$;
create trigger log_entry_append_only before update or delete on log_entry
    for each row execute function log_append_only();
create trigger log_entry_no_truncate before truncate on log_entry
    for each statement execute function log_append_only();
create trigger checkpoint_no_delete before delete on checkpoint
    for each row execute function log_append_only();
