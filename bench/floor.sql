-- The floor of posting: what the same rows cost without any guard. Per table one sorted insert
-- from arrays, per balance table one update; the ledger's columns, primary keys only.
create schema floor;

create table floor.account (like ledger.account);
alter table floor.account add primary key (bucket, id);
alter table floor.account set (fillfactor = 80);

create table floor.transfer (like ledger.transfer);
alter table floor.transfer add primary key (bucket, posting_id, line);

create table floor.partner_line (like ledger.partner_line);
alter table floor.partner_line
  add primary key (bucket, party, posted_at, posting_id, line, kind);

create function floor.post_many(
  buckets smallint[],
  posting_ids uuid[],
  parties uuid[],
  debit_accounts uuid[],
  credit_accounts uuid[],
  amounts bigint[],
  occurred_ats timestamptz[]
)
returns void
language plpgsql
as $$
begin
  insert into floor.transfer (
    bucket, posting_id, line, debit_account, credit_account, amount, unit, purpose,
    occurred_at, posted_at, transaction_id
  )
  select item.bucket, item.posting_id, 0, item.debit_account, item.credit_account, item.amount,
    'POINT', 'accrual', item.occurred_at, now(), pg_current_xact_id()::text::bigint
  from unnest(buckets, posting_ids, debit_accounts, credit_accounts, amounts, occurred_ats)
    as item (bucket, posting_id, debit_account, credit_account, amount, occurred_at)
  order by item.bucket, item.posting_id;

  insert into floor.partner_line (
    bucket, party, posted_at, posting_id, line, kind, unit, amount, purpose, occurred_at
  )
  select item.bucket, item.party, now(), item.posting_id, 0, 'partner_issued', 'POINT',
    -item.amount, 'accrual', item.occurred_at
  from unnest(buckets, posting_ids, parties, amounts, occurred_ats)
    as item (bucket, posting_id, party, amount, occurred_at)
  order by item.bucket, item.party, item.posting_id;

  update floor.account
  set debits = account.debits + moved.debits, credits = account.credits + moved.credits
  from (
    select side.bucket, side.account, sum(side.debit)::bigint as debits,
      sum(side.credit)::bigint as credits
    from (
      select bucket, account, amount as debit, 0::bigint as credit
      from unnest(buckets, debit_accounts, amounts) as item (bucket, account, amount)
      union all
      select bucket, account, 0, amount
      from unnest(buckets, credit_accounts, amounts) as item (bucket, account, amount)
    ) as side
    group by side.bucket, side.account
  ) as moved
  where account.bucket = moved.bucket and account.id = moved.account;
end
$$;
