-- Records priced purchases that coalition.claim_purchases has claimed in this transaction:
-- rollups, the points' posting, the purchases and their lines. The partner is the credential's;
-- card, outlet, terminal and contract are checked against it again, and the claim is required:
-- whoever may call this still can't record for another partner or record twice.
-- Points are from the partner's issued account of the member's bucket to the member's available
-- account; the posting bears the purchase's id. Returns the instant of recording.
create or replace function coalition.record_purchases(
  credentials uuid[],
  keys text[],
  purchase_ids uuid[],
  cards text[],
  outlets text[],
  terminals text[],
  contracts uuid[],
  numbers text[],
  business_dates date[],
  occurred_ats timestamptz[],
  currencies text[],
  amounts bigint[],
  points_earned bigint[],
  tenders jsonb[],
  line_places int[],   -- which of the purchases a line is of, from 1
  line_numbers smallint[],
  line_skus text[],
  line_names text[],
  line_categories text[],
  line_quantities numeric[],
  line_amounts bigint[],
  line_points bigint[]
)
returns timestamptz
language plpgsql security definer set search_path = pg_catalog, pg_temp
-- Look-ups by key only: a plan made while a table was small must not scan it when it is large.
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  partner_ids uuid[];
  issued_accounts uuid[];
  outlet_ids uuid[];
  terminal_ids uuid[];
  buckets smallint[];
  member_ids uuid[];
  member_accounts uuid[];
  customer_ids uuid[];
  foreign_items int;
  card_is_new boolean;
  refused text;
  instant timestamptz;
begin
  select
    array_agg(partner.id order by item.n),
    array_agg(partner.issued_account order by item.n),
    array_agg(outlet.id order by item.n),
    array_agg(terminal.id order by item.n),
    array_agg(card.bucket order by item.n),
    array_agg(card.member_id order by item.n),
    array_agg(member_account.account_id order by item.n),
    array_agg(coalesce(customer.customer_id, partners.customer_id(partner.id, card.member_id))
      order by item.n),
    count(*) filter (
      where terminal.id is null or contract.id is null or member_account.account_id is null
        or claim.key is null or claimed.purchase_id is distinct from item.purchase_id
    ),
    coalesce(bool_or(claim.bucket is distinct from card.bucket), false)
  into partner_ids, issued_accounts, outlet_ids, terminal_ids, buckets, member_ids,
    member_accounts, customer_ids, foreign_items, card_is_new
  from unnest(
    credentials, keys, purchase_ids, cards, outlets, terminals, contracts, currencies,
    occurred_ats, business_dates, numbers
  ) with ordinality as item (
    credential, key, purchase_id, card, outlet, terminal, contract, currency, occurred_at,
    business_date, number, n
  )
  left join partners.credential
    on credential.id = item.credential and credential.revoked_at is null
  left join partners.partner
    on partner.id = credential.partner_id and partner.status = 'active'
  left join partners.idempotency as claim
    on claim.partner_id = partner.id and claim.key = item.key
      and claim.purchase_id = item.purchase_id and claim.refusal is null
  left join lateral (
    -- The limit keeps this a look-up by the whole key.
    select receipt.purchase_id
    from partners.receipt
    where receipt.partner_id = partner.id and receipt.outlet = item.outlet
      and receipt.terminal = item.terminal and receipt.business_date = item.business_date
      and receipt.number = item.number
    limit 1
  ) as claimed on true
  left join partners.outlet on outlet.partner_id = partner.id and outlet.code = item.outlet
  left join partners.terminal
    on terminal.outlet_id = outlet.id and terminal.code = item.terminal
  left join partners.contract
    on contract.id = item.contract and contract.partner_id = partner.id
      and contract.currency = item.currency and contract.period @> item.occurred_at
  left join coalition.card_number on card_number.number = item.card
  left join coalition.card
    on card.bucket = card_number.bucket and card.id = card_number.card_id
  left join coalition.member_account
    on member_account.bucket = card.bucket and member_account.member_id = card.member_id
      and member_account.kind = 'member_available'
  left join partners.customer
    on customer.bucket = card.bucket and customer.member_id = card.member_id
      and customer.partner_id = partner.id and customer.currency = item.currency;
  if foreign_items > 0 then
    raise exception 'record_purchases: % items do not match credential and claim', foreign_items
      using errcode = 'check_violation';
  end if;

  if card_is_new then
    -- A card was issued after the claim, which found no bucket for it.
    update partners.idempotency as claim
    set bucket = item.bucket
    from unnest(partner_ids, keys, buckets) as item (partner_id, key, bucket)
    where claim.partner_id = item.partner_id and claim.key = item.key;
    update partners.receipt as claim
    set bucket = item.bucket
    from unnest(partner_ids, outlets, terminals, business_dates, numbers, buckets)
      as item (partner_id, outlet, terminal, business_date, number, bucket)
    where claim.partner_id = item.partner_id and claim.outlet = item.outlet
      and claim.terminal = item.terminal and claim.business_date = item.business_date
      and claim.number = item.number;
  end if;

  insert into coalition.member_rollup as rollup (
    bucket, member_id, currency, purchases, amount, points, first_date, last_date
  )
  select item.bucket, item.member_id, item.currency, count(*), sum(item.amount), sum(item.points),
    min(item.business_date), max(item.business_date)
  from unnest(buckets, member_ids, currencies, amounts, points_earned, business_dates)
    as item (bucket, member_id, currency, amount, points, business_date)
  group by item.bucket, item.member_id, item.currency
  order by item.bucket, item.member_id, item.currency
  on conflict (bucket, member_id, currency) do update set
    purchases = rollup.purchases + excluded.purchases,
    amount = rollup.amount + excluded.amount,
    points = rollup.points + excluded.points,
    first_date = least(rollup.first_date, excluded.first_date),
    last_date = greatest(rollup.last_date, excluded.last_date);

  insert into partners.customer as rollup (
    bucket, member_id, partner_id, currency, customer_id, purchases, amount, points,
    first_date, last_date
  )
  select item.bucket, item.member_id, item.partner_id, item.currency, item.customer_id,
    count(*), sum(item.amount), sum(item.points), min(item.business_date),
    max(item.business_date)
  from unnest(
    buckets, member_ids, partner_ids, currencies, customer_ids, amounts, points_earned,
    business_dates
  ) as item (
    bucket, member_id, partner_id, currency, customer_id, amount, points, business_date
  )
  group by item.bucket, item.member_id, item.partner_id, item.currency, item.customer_id
  order by item.bucket, item.member_id, item.partner_id, item.currency
  on conflict (bucket, member_id, partner_id, currency) do update set
    purchases = rollup.purchases + excluded.purchases,
    amount = rollup.amount + excluded.amount,
    points = rollup.points + excluded.points,
    first_date = least(rollup.first_date, excluded.first_date),
    last_date = greatest(rollup.last_date, excluded.last_date);

  select max(outcome.refusal), max(outcome.posted_at) into refused, instant
  from (
    select array_agg(item.n::int order by item.n) as ordinals,
      array_agg(item.bucket order by item.n) as buckets,
      array_agg(item.purchase_id order by item.n) as posting_ids,
      array_agg(0::smallint) as lines,
      array_agg('accrual'::ledger.purpose) as purposes,
      array_agg(item.occurred_at order by item.n) as occurred_ats,
      array_agg(item.issued_account order by item.n) as debits,
      array_agg(item.member_account order by item.n) as credits,
      array_agg('POINT'::text) as units,
      array_agg(item.points order by item.n) as amounts
    from unnest(
      buckets, purchase_ids, occurred_ats, issued_accounts, member_accounts, points_earned
    ) with ordinality as item (
      bucket, purchase_id, occurred_at, issued_account, member_account, points, n
    )
    where item.points > 0
  ) as earned
  cross join lateral ledger.post_many(
    earned.ordinals, earned.buckets, earned.posting_ids, earned.lines, earned.purposes,
    earned.occurred_ats, earned.debits, earned.credits, earned.units, earned.amounts
  ) as outcome
  where earned.ordinals is not null;
  if refused is not null then
    raise exception 'record_purchases: the ledger refused an accrual: %', refused
      using errcode = 'check_violation';
  end if;
  instant := coalesce(instant, clock_timestamp());

  insert into partners.purchase (
    bucket, id, partner_id, customer_id, member_id, card_last_four, outlet_id, terminal_id,
    contract_id, number, business_date, occurred_at, recorded_at, currency, amount, points,
    tenders
  )
  select item.bucket, item.purchase_id, item.partner_id, item.customer_id, item.member_id,
    right(item.card, 4), item.outlet_id, item.terminal_id, item.contract, item.number,
    item.business_date, item.occurred_at, instant, item.currency, item.amount, item.points,
    item.tenders
  from unnest(
    buckets, purchase_ids, partner_ids, customer_ids, member_ids, cards, outlet_ids,
    terminal_ids, contracts, numbers, business_dates, occurred_ats, currencies, amounts,
    points_earned, tenders
  ) as item (
    bucket, purchase_id, partner_id, customer_id, member_id, card, outlet_id, terminal_id,
    contract, number, business_date, occurred_at, currency, amount, points, tenders
  )
  order by item.bucket, item.purchase_id;

  insert into partners.purchase_line (
    bucket, purchase_id, line, partner_id, sku, name, category, quantity, amount, points
  )
  select buckets[item.place], purchase_ids[item.place], item.line, partner_ids[item.place],
    item.sku, item.name, item.category, item.quantity, item.amount, item.points
  from unnest(
    line_places, line_numbers, line_skus, line_names, line_categories, line_quantities,
    line_amounts, line_points
  ) as item (place, line, sku, name, category, quantity, amount, points)
  order by buckets[item.place], purchase_ids[item.place], item.line;

  return instant;
end
$$;
