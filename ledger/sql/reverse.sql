-- Posts the mirror image of a posting: every transfer back, in every bucket that it lies in, once.
-- The past stays as it was.
create or replace function ledger.reverse(
  original uuid, reversal uuid, reversed_at timestamptz
)
returns table (refusal text, posted_at timestamptz)
language plpgsql security definer set search_path = pg_catalog, pg_temp
-- A look-up by key in each bucket, whatever the statistics say.
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  mirror record;
begin
  select
    array_agg(1) as ordinals, array_agg(mirrored.bucket) as buckets,
    array_agg(reversal) as posting_ids, array_agg(mirrored.line) as lines,
    array_agg('reversal'::ledger.purpose) as purposes, array_agg(reversed_at) as occurred_ats,
    array_agg(mirrored.credit_account) as debits, array_agg(mirrored.debit_account) as credits,
    array_agg(mirrored.unit) as units, array_agg(mirrored.amount) as amounts,
    array_agg(mirrored.posting_id) as originals
  into mirror
  from (
    select transfer.*
    from generate_series(0, 1023) as place (bucket)
    join ledger.transfer
      on transfer.bucket = place.bucket::smallint and transfer.posting_id = original
    order by transfer.line, transfer.bucket
  ) as mirrored;
  if mirror.ordinals is null then
    return query select 'POSTING_UNKNOWN'::text, null::timestamptz;
    return;
  end if;
  return query
  select outcome.refusal, outcome.posted_at
  from ledger.post_many(
    mirror.ordinals, mirror.buckets, mirror.posting_ids, mirror.lines, mirror.purposes,
    mirror.occurred_ats, mirror.debits, mirror.credits, mirror.units, mirror.amounts,
    mirror.originals
  ) as outcome;
end
$$;
