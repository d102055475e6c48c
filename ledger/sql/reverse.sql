-- Posts the mirror image of a posting: every transfer back, once. The past stays as it was.
create or replace function ledger.reverse(
  posting_bucket smallint, original uuid, reversal uuid, reversed_at timestamptz
)
returns table (refusal text, posted_at timestamptz)
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (
    select from ledger.transfer
    where transfer.bucket = posting_bucket and transfer.posting_id = original
  ) then
    return query select 'POSTING_UNKNOWN'::text, null::timestamptz;
    return;
  end if;
  return query
  select outcome.refusal, outcome.posted_at
  from (
    select
      array_agg(1) as ordinals, array_agg(bucket) as buckets, array_agg(reversal) as posting_ids,
      array_agg(line) as lines, array_agg('reversal'::ledger.purpose) as purposes,
      array_agg(reversed_at) as occurred_ats, array_agg(credit_account) as debits,
      array_agg(debit_account) as credits, array_agg(unit) as units,
      array_agg(amount) as amounts, array_agg(posting_id) as originals
    from (
      select * from ledger.transfer
      where transfer.bucket = posting_bucket and transfer.posting_id = original
      order by line
    ) as mirrored
  ) as mirror
  cross join lateral ledger.post_many(
    mirror.ordinals, mirror.buckets, mirror.posting_ids, mirror.lines, mirror.purposes,
    mirror.occurred_ats, mirror.debits, mirror.credits, mirror.units, mirror.amounts,
    mirror.originals
  ) as outcome;
end
$$;
