-- Claims each item's idempotency key and its receipt, before any other row is locked and in
-- sorted order, so that two batches with the same keys can't deadlock. Returns one row an item:
--   claimed   the key and the receipt are this purchase's: price it, then record or refuse it
--   recorded  the key or the receipt was recorded before: this is the purchase it became
--   refused   with the code: refused before under this key, or in conflict with what is stored
-- An insert that meets another transaction's key waits for that transaction's end; what it did
-- is seen by the statement after. The partner is the credential's; an item whose credential is
-- not in force touches nothing.
create or replace function coalition.claim_purchases(
  credentials uuid[],
  keys text[],
  fingerprints bytea[],
  purchase_ids uuid[],
  cards text[],
  outlets text[],
  terminals text[],
  business_dates date[],
  numbers text[],
  malformed boolean[]
)
returns table (
  ordinal int, state text, refusal text, refused_path text,
  purchase_id uuid, points bigint, recorded_at timestamptz
)
language plpgsql security definer set search_path = pg_catalog, pg_temp
-- Look-ups by key only: a plan made while a table was small must not scan it when it is large.
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  partner_ids uuid[];
begin
  select array_agg(partner.id order by item.n) into partner_ids
  from unnest(credentials) with ordinality as item (credential, n)
  left join partners.credential
    on credential.id = item.credential and credential.revoked_at is null
  left join partners.partner
    on partner.id = credential.partner_id and partner.status = 'active';

  insert into partners.idempotency (partner_id, key, fingerprint, purchase_id, bucket)
  select item.partner_id, item.key, item.fingerprint, item.purchase_id, card_number.bucket
  from unnest(partner_ids, keys, fingerprints, purchase_ids, cards) with ordinality
    as item (partner_id, key, fingerprint, purchase_id, card, n)
  left join coalition.card_number on card_number.number = item.card
  where item.partner_id is not null
  order by item.partner_id, item.key, item.n
  on conflict do nothing;

  insert into partners.receipt (
    partner_id, outlet, terminal, business_date, number, fingerprint, purchase_id, bucket
  )
  select item.partner_id, item.outlet, item.terminal, item.business_date, item.number,
    item.fingerprint, item.purchase_id, mine.bucket
  from unnest(
    partner_ids, keys, fingerprints, purchase_ids, outlets, terminals, business_dates, numbers,
    malformed
  ) with ordinality as item (
    partner_id, key, fingerprint, purchase_id, outlet, terminal, business_date, number,
    malformed, n
  )
  join partners.idempotency as mine
    on mine.partner_id = item.partner_id and mine.key = item.key
      and mine.purchase_id = item.purchase_id
  where not item.malformed
  order by item.partner_id, item.outlet, item.terminal, item.business_date, item.number, item.n
  on conflict do nothing;

  -- A receipt that is known under another key: the key now leads to that purchase, or, when
  -- the content differs, to a refusal.
  update partners.idempotency as mine
  set
    refusal = case when known.fingerprint <> item.fingerprint then 'RECEIPT_CONFLICT' end,
    refused_path = case when known.fingerprint <> item.fingerprint then 'receiptNumber' end,
    purchase_id = case
      when known.fingerprint = item.fingerprint then known.purchase_id else mine.purchase_id
    end,
    bucket = known.bucket
  from unnest(
    partner_ids, keys, fingerprints, purchase_ids, outlets, terminals, business_dates, numbers,
    malformed
  ) as item (
    partner_id, key, fingerprint, purchase_id, outlet, terminal, business_date, number, malformed
  )
  cross join lateral (
    -- The limit keeps this a look-up by the whole key.
    select receipt.fingerprint, receipt.purchase_id, receipt.bucket
    from partners.receipt
    where receipt.partner_id = item.partner_id and receipt.outlet = item.outlet
      and receipt.terminal = item.terminal and receipt.business_date = item.business_date
      and receipt.number = item.number
    limit 1
  ) as known
  where known.purchase_id <> item.purchase_id
    and mine.partner_id = item.partner_id and mine.key = item.key
    and mine.purchase_id = item.purchase_id and not item.malformed;

  return query
  select item.n::int,
    case
      when stored.key is null then 'refused'
      when stored.fingerprint <> item.fingerprint then 'refused'
      when stored.refusal is not null then 'refused'
      when stored.purchase_id = item.purchase_id then 'claimed'
      else 'recorded'
    end,
    case
      when stored.key is null then 'CREDENTIAL_REVOKED'
      when stored.fingerprint <> item.fingerprint then 'IDEMPOTENCY_CONFLICT'
      else stored.refusal
    end,
    case
      when stored.key is null then ''
      when stored.fingerprint <> item.fingerprint then 'idempotencyKey'
      else stored.refused_path
    end,
    stored.purchase_id, purchase.points, purchase.recorded_at
  from unnest(partner_ids, keys, fingerprints, purchase_ids) with ordinality
    as item (partner_id, key, fingerprint, purchase_id, n)
  left join partners.idempotency as stored
    on stored.partner_id = item.partner_id and stored.key = item.key
  left join partners.purchase
    on purchase.bucket = stored.bucket and purchase.id = stored.purchase_id
  order by item.n;
end
$$;
