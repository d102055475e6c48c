-- Posts many postings in one call, each as if it were posted alone, in the order given.
--
-- One array element is one transfer; transfers with the same ordinal are one posting, and
-- ordinals ascend. A posting is made whole or refused whole. Returns one row per posting:
-- refusal (null when posted), the index of the refused transfer, and the instant of posting.
--
-- The accounts are locked first, in one statement and in sorted order, and read in the next:
-- a statement that waited for a lock still sees the rows as they were before it waited.
create or replace function ledger.post_many(
  ordinals int[],
  buckets smallint[],
  posting_ids uuid[],
  lines smallint[],
  purposes ledger.purpose[],
  occurred_ats timestamptz[],
  debit_accounts uuid[],
  credit_accounts uuid[],
  units text[],
  amounts bigint[],
  reverses uuid[] default null
)
returns table (ordinal int, refusal text, refused_line smallint, posted_at timestamptz)
language plpgsql security definer set search_path = pg_catalog, pg_temp
-- Look-ups by key only: a plan made while a table was small must not scan it when it is large.
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  instant timestamptz;
  reasons text[];      -- per transfer: why it alone would be refused
  refused_by int[];    -- per transfer: index of the transfer that refuses its posting
  order_matters boolean;
begin
  perform
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
  for no key update of account;

  instant := clock_timestamp();

  select
    array_agg(judged.reason order by judged.n),
    array_agg(judged.refused_by order by judged.n),
    coalesce(bool_or(judged.floored), false)
      or count(*) > count(distinct (judged.bucket, judged.posting_id, judged.line))
  into reasons, refused_by, order_matters
  from (
    select checked.*,
      min(case when checked.reason is not null then checked.n end)
        over (partition by checked.ordinal) as refused_by
    from (
      select item.n::int as n, item.ordinal, item.bucket, item.posting_id, item.line,
        debit.floored,
        case
          when item.amount is null or item.amount <= 0 then 'AMOUNT_NOT_POSITIVE'
          when item.amount > 1000000000000 then 'AMOUNT_TOO_LARGE'
          when item.debit_account = item.credit_account then 'ACCOUNTS_MUST_DIFFER'
          when debit.id is null then 'DEBIT_ACCOUNT_UNKNOWN'
          when credit.id is null then 'CREDIT_ACCOUNT_UNKNOWN'
          when debit.unit <> credit.unit then 'UNITS_MUST_MATCH'
          when debit.unit <> item.unit then 'UNIT_NOT_OF_ACCOUNTS'
          when exists (
            select from ledger.transfer
            where transfer.bucket = item.bucket and transfer.posting_id = item.posting_id
          ) then 'ALREADY_POSTED'
          when item.reverses is not null and exists (
            select from ledger.transfer
            where transfer.bucket = item.bucket and transfer.reverses = item.reverses
          ) then 'ALREADY_REVERSED'
        end as reason
      from unnest(
        ordinals, buckets, posting_ids, lines, debit_accounts, credit_accounts, units, amounts,
        reverses
      ) with ordinality as item (
        ordinal, bucket, posting_id, line, debit_account, credit_account, unit, amount, reverses, n
      )
      left join ledger.account as debit
        on debit.bucket = item.bucket and debit.id = item.debit_account
      left join ledger.account as credit
        on credit.bucket = item.bucket and credit.id = item.credit_account
    ) as checked
  ) as judged;

  if order_matters then
    select settled.reasons, settled.refused_by into reasons, refused_by
    from ledger.settle_in_order(
      ordinals, buckets, posting_ids, debit_accounts, credit_accounts, amounts, reasons, refused_by
    ) as settled;
  end if;

  insert into ledger.transfer (
    bucket, posting_id, line, debit_account, credit_account, amount, unit, purpose,
    occurred_at, posted_at, transaction_id, reverses
  )
  select item.bucket, item.posting_id, item.line, item.debit_account, item.credit_account,
    item.amount, item.unit, item.purpose, item.occurred_at, instant,
    pg_current_xact_id()::text::bigint, item.reverses
  from unnest(
    buckets, posting_ids, lines, debit_accounts, credit_accounts, amounts, units, purposes,
    occurred_ats, reverses, refused_by
  ) as item (
    bucket, posting_id, line, debit_account, credit_account, amount, unit, purpose,
    occurred_at, reverses, refused_by
  )
  where item.refused_by is null
  order by item.bucket, item.posting_id, item.line;

  insert into ledger.partner_line (
    bucket, party, posted_at, posting_id, line, kind, unit, amount, purpose, occurred_at
  )
  select item.bucket, account.party, instant, item.posting_id, item.line, account.kind, item.unit,
    case when account.id = item.debit_account then -item.amount else item.amount end,
    item.purpose, item.occurred_at
  from unnest(
    buckets, posting_ids, lines, debit_accounts, credit_accounts, amounts, units, purposes,
    occurred_ats, refused_by
  ) as item (
    bucket, posting_id, line, debit_account, credit_account, amount, unit, purpose,
    occurred_at, refused_by
  )
  cross join lateral (values (item.debit_account), (item.credit_account)) as side (account)
  join ledger.account on account.bucket = item.bucket and account.id = side.account
  where item.refused_by is null and account.party is not null
  order by item.bucket, account.party, item.posting_id, item.line;

  update ledger.account
  set debits = account.debits + moved.debits, credits = account.credits + moved.credits
  from (
    select side.bucket, side.account,
      sum(side.debit)::bigint as debits, sum(side.credit)::bigint as credits
    from (
      select item.bucket, item.account, item.amount as debit, 0::bigint as credit
      from unnest(buckets, debit_accounts, amounts, refused_by)
        as item (bucket, account, amount, refused_by)
      where item.refused_by is null
      union all
      select item.bucket, item.account, 0, item.amount
      from unnest(buckets, credit_accounts, amounts, refused_by)
        as item (bucket, account, amount, refused_by)
      where item.refused_by is null
    ) as side
    group by side.bucket, side.account
  ) as moved
  where account.bucket = moved.bucket and account.id = moved.account;

  return query
  select distinct on (item.ordinal)
    item.ordinal, reasons[item.refused_by], lines[item.refused_by],
    case when item.refused_by is null then instant end
  from unnest(ordinals, refused_by) as item (ordinal, refused_by)
  order by item.ordinal;
end
$$;
