-- When the platform showed a sent message back: how late echoes come says how long an unknown one is worth waiting for.
alter table delivery add column echoed_at timestamptz;
