-- Opens accounts; one that is open already stays as it is.
create or replace function ledger.open_accounts(
  buckets smallint[], ids uuid[], kinds ledger.account_kind[], units text[], parties uuid[]
)
returns void
language sql security definer set search_path = pg_catalog, pg_temp
as $$
  insert into ledger.account (bucket, id, kind, unit, party, floored)
  select item.bucket, item.id, item.kind, item.unit, item.party,
    item.kind = 'member_available'::ledger.account_kind
  from unnest(buckets, ids, kinds, units, parties) as item (bucket, id, kind, unit, party)
  order by item.bucket, item.id
  on conflict do nothing;
$$;
