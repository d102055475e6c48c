-- Locks every account that transfers debit or credit, in sorted order so that two calls can't
-- deadlock, and returns what never changes about them. Balances must be read in a statement
-- after this one: a statement that waited for a lock sees the other rows as before it waited.
create or replace function ledger.lock_accounts(
  buckets smallint[],
  debit_accounts uuid[],
  credit_accounts uuid[],
  out locked_buckets smallint[],
  out locked_ids uuid[],
  out kinds ledger.account_kind[],
  out units text[],
  out parties uuid[],
  out floored boolean[]
)
language plpgsql security definer set search_path = pg_catalog, pg_temp
-- Look-ups by key only: a plan made while the table was small must not scan it when it is large.
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  select array_agg(locked.bucket), array_agg(locked.id), array_agg(locked.kind),
    array_agg(locked.unit), array_agg(locked.party), array_agg(locked.floored)
  into locked_buckets, locked_ids, kinds, units, parties, floored
  from (
    select account.*
    from (
      select distinct side.bucket, side.account
      from (
        select * from unnest(buckets, debit_accounts) as debit (bucket, account)
        union all
        select * from unnest(buckets, credit_accounts) as credit (bucket, account)
      ) as side
    ) as wanted
    join ledger.account on account.bucket = wanted.bucket and account.id = wanted.account
    order by account.bucket, account.id
    for no key update of account
  ) as locked;
end
$$;
