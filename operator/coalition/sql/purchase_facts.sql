-- What the coalition knows about each item, as of its occurred_at: whose card it is, whether
-- outlet and terminal are the partner's, and which contract was in force. Nothing is decided
-- here. A contract's terms come with the first item that falls under it.
create or replace function coalition.purchase_facts(
  credentials uuid[],
  cards text[],
  outlets text[],
  terminals text[],
  occurred_ats timestamptz[]
)
returns table (
  ordinal int, asked_at timestamptz, partner_id uuid, outlet_known boolean,
  terminal_known boolean, card_valid_from timestamptz, card_blocked_at timestamptz,
  member_active boolean, contract_id uuid, contract_terms jsonb, acceptance_days int
)
language sql volatile security definer set search_path = pg_catalog, pg_temp
-- Look-ups by key only: a plan made while a table was small must not scan it when it is large.
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
  select item.n::int, clock_timestamp(), partner.id, outlet.id is not null,
    terminal.id is not null, card.valid_from, card.blocked_at, member.status = 'active',
    contract.id,
    case when row_number() over (partition by contract.id order by item.n) = 1
      and contract.id is not null then partners.contract_terms(contract) end,
    coalesce(contract.acceptance_days, latest.acceptance_days)
  from unnest(credentials, cards, outlets, terminals, occurred_ats) with ordinality
    as item (credential, card, outlet, terminal, occurred_at, n)
  left join partners.credential
    on credential.id = item.credential and credential.revoked_at is null
  left join partners.partner
    on partner.id = credential.partner_id and partner.status = 'active'
  left join partners.outlet on outlet.partner_id = partner.id and outlet.code = item.outlet
  left join partners.terminal
    on terminal.outlet_id = outlet.id and terminal.code = item.terminal
  left join coalition.card_number on card_number.number = item.card
  left join coalition.card
    on card.bucket = card_number.bucket and card.id = card_number.card_id
  left join coalition.member on member.bucket = card.bucket and member.id = card.member_id
  left join partners.contract
    on contract.partner_id = partner.id and contract.period @> item.occurred_at
  left join lateral (
    select any_version.acceptance_days
    from partners.contract as any_version
    where any_version.partner_id = partner.id and contract.id is null
    order by lower(any_version.period) desc nulls last
    limit 1
  ) as latest on true
  order by item.n;
$$;
