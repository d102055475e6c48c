-- Posts many postings in one call, each as if it were posted alone, in the order given.
--
-- One array element is one transfer; transfers with the same ordinal are one posting, and
-- ordinals ascend. A posting is made whole or refused whole. Returns one row per posting:
-- refusal (null when posted), the index of the refused transfer, and the instant of posting.
--
-- Steps: lock, judge each transfer by itself, settle in order what depends on order, write.
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
  locked record;
  judged record;
  reasons text[];      -- per transfer: why it alone would be refused
  refused_by int[];    -- per transfer: index of the transfer that refuses its posting
begin
  if ordinals <> (select array_agg(o order by o) from unnest(ordinals) as o) then
    raise exception 'post_many: ordinals must ascend' using errcode = 'invalid_parameter_value';
  end if;
  locked := ledger.lock_accounts(buckets, debit_accounts, credit_accounts);
  <<judging>>
  for attempt in 1 .. 3 loop
    instant := clock_timestamp();
    judged := ledger.judge_transfers(
      ordinals, buckets, posting_ids, lines, debit_accounts, credit_accounts, units, amounts,
      reverses, locked.locked_buckets, locked.locked_ids, locked.kinds, locked.units,
      locked.parties, locked.floored
    );
    reasons := judged.reasons;
    refused_by := judged.refused_by;
    if judged.order_matters then
      select settled.reasons, settled.refused_by into reasons, refused_by
      from ledger.settle_in_order(
        ordinals, buckets, posting_ids, debit_accounts, credit_accounts, amounts, reasons,
        refused_by
      ) as settled;
    end if;

    begin
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
      exit judging;
    exception when unique_violation then
      -- A transaction over other accounts took an id while this one judged. It has ended, so
      -- the next judgement sees what it posted.
      if attempt = 3 then
        raise;
      end if;
    end;
  end loop;

  insert into ledger.partner_line (
    bucket, party, posted_at, posting_id, line, kind, unit, amount, purpose, occurred_at
  )
  select item.bucket, side.party, instant, item.posting_id, item.line, side.kind, item.unit,
    side.amount, item.purpose, item.occurred_at
  from unnest(
    buckets, posting_ids, lines, amounts, units, purposes, occurred_ats, refused_by,
    judged.debit_kinds, judged.debit_parties, judged.credit_kinds, judged.credit_parties
  ) as item (
    bucket, posting_id, line, amount, unit, purpose, occurred_at, refused_by,
    debit_kind, debit_party, credit_kind, credit_party
  )
  cross join lateral (values
    (item.debit_kind, item.debit_party, -item.amount),
    (item.credit_kind, item.credit_party, item.amount)
  ) as side (kind, party, amount)
  where item.refused_by is null and side.party is not null
  order by item.bucket, side.party, item.posting_id, item.line;

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
