-- Judges every transfer by itself against the accounts that ledger.lock_accounts returned.
-- Per transfer: the reason why it alone would be refused, the index of the transfer that refuses
-- its posting, and whose side of a partner it touches. Order matters when a floored account is
-- debited or an id occurs twice: then ledger.settle_in_order decides the rest.
create or replace function ledger.judge_transfers(
  ordinals int[],
  buckets smallint[],
  posting_ids uuid[],
  lines smallint[],
  debit_accounts uuid[],
  credit_accounts uuid[],
  account_units text[],
  amounts bigint[],
  reverses uuid[],
  locked_buckets smallint[],
  locked_ids uuid[],
  kinds ledger.account_kind[],
  units text[],
  parties uuid[],
  floored boolean[],
  out reasons text[],
  out refused_by int[],
  out order_matters boolean,
  out debit_kinds ledger.account_kind[],
  out debit_parties uuid[],
  out credit_kinds ledger.account_kind[],
  out credit_parties uuid[]
)
language plpgsql security definer set search_path = pg_catalog, pg_temp
-- Joins arrays to arrays by hash; what is posted already is looked up by key.
set enable_seqscan = off set enable_hashjoin = on set enable_mergejoin = off
as $$
begin
  select
    array_agg(judged.reason order by judged.n),
    array_agg(judged.refused_by order by judged.n),
    coalesce(bool_or(judged.floored), false)
      or count(distinct judged.posting_id) < count(distinct judged.ordinal),
    array_agg(judged.debit_kind order by judged.n),
    array_agg(judged.debit_party order by judged.n),
    array_agg(judged.credit_kind order by judged.n),
    array_agg(judged.credit_party order by judged.n)
  into reasons, refused_by, order_matters, debit_kinds, debit_parties, credit_kinds,
    credit_parties
  from (
    select checked.*,
      min(case when checked.reason is not null then checked.n end)
        over (partition by checked.ordinal) as refused_by
    from (
      select item.n::int as n, item.ordinal, item.bucket, item.posting_id, item.line,
        debit.floored, debit.kind as debit_kind, debit.party as debit_party,
        credit.kind as credit_kind, credit.party as credit_party,
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
        ordinals, buckets, posting_ids, lines, debit_accounts, credit_accounts, account_units,
        amounts, reverses
      ) with ordinality as item (
        ordinal, bucket, posting_id, line, debit_account, credit_account, unit, amount, reverses, n
      )
      left join unnest(locked_buckets, locked_ids, kinds, units, parties, floored)
        as debit (bucket, id, kind, unit, party, floored)
        on debit.bucket = item.bucket and debit.id = item.debit_account
      left join unnest(locked_buckets, locked_ids, kinds, units, parties)
        as credit (bucket, id, kind, unit, party)
        on credit.bucket = item.bucket and credit.id = item.credit_account
    ) as checked
  ) as judged;
end
$$;
