-- Remembers final refusals under their keys, and frees the receipts that were claimed for them.
-- What was recorded or refused before stays as it is.
create or replace function coalition.refuse_purchases(
  credentials uuid[],
  keys text[],
  purchase_ids uuid[],
  outlets text[],
  terminals text[],
  business_dates date[],
  numbers text[],
  refusals text[],
  refused_paths text[]
)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
-- Look-ups by key only: a plan made while a table was small must not scan it when it is large.
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  update partners.idempotency as mine
  set refusal = item.refusal, refused_path = item.refused_path
  from unnest(credentials, keys, purchase_ids, refusals, refused_paths)
    as item (credential, key, purchase_id, refusal, refused_path)
  join partners.credential on credential.id = item.credential
  where mine.partner_id = credential.partner_id and mine.key = item.key
    and mine.purchase_id = item.purchase_id and mine.refusal is null
    and not exists (
      select from partners.purchase
      where purchase.bucket = mine.bucket and purchase.id = mine.purchase_id
    );

  delete from partners.receipt as claimed
  using unnest(credentials, purchase_ids, outlets, terminals, business_dates, numbers)
    as item (credential, purchase_id, outlet, terminal, business_date, number)
  join partners.credential on credential.id = item.credential
  where claimed.partner_id = credential.partner_id and claimed.outlet = item.outlet
    and claimed.terminal = item.terminal and claimed.business_date = item.business_date
    and claimed.number = item.number and claimed.purchase_id = item.purchase_id
    and not exists (
      select from partners.purchase
      where purchase.bucket = claimed.bucket and purchase.id = claimed.purchase_id
    );
end
$$;
