-- A card scanned at a till: whom to greet, what they can spend, and which of the partner's own
-- customers it is. The partner is the credential's, and the till must be one of its own.
--
-- Every look-up is written down. How often one may ask is limited by day: for a card of the
-- partner's own customer by card, for any other by till, whether the card exists or not, so that
-- neither guessing numbers nor collecting strangers' cards gets far, and a stranger's card costs
-- what a miss costs. What is refused before a card is looked for costs nothing; once an allowance
-- is used up nothing is told or written, so the refusal is the same for a stranger and a miss.
create or replace function coalition.look_up_card(
  of_credential uuid,
  of_outlet text,
  of_terminal text,
  of_number text,
  lookup_id uuid,
  on_day date,
  most_by_card int,
  most_strangers_by_till int
)
returns table (refusal text, greeting text, balance bigint, known_as uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp
-- Look-ups by key only: a plan made while a table was small must not scan it when it is large.
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  till record;
  holder record;
  counted text;
  most int;
begin
  select partner.id as partner, outlet.id as outlet, terminal.id as terminal into till
  from (values (of_credential)) as asked (credential)
  left join partners.credential
    on credential.id = asked.credential and credential.revoked_at is null
  left join partners.partner
    on partner.id = credential.partner_id and partner.status = 'active'
  left join partners.outlet on outlet.partner_id = partner.id and outlet.code = of_outlet
  left join partners.terminal on terminal.outlet_id = outlet.id and terminal.code = of_terminal;
  refusal := case
    when till.partner is null then 'CREDENTIAL_REVOKED'
    when till.outlet is null then 'OUTLET_UNKNOWN'
    when till.terminal is null then 'TERMINAL_UNKNOWN'
  end;
  if refusal is not null then
    return next;
    return;
  end if;

  select card.id as card, card.valid_from, card.blocked_at, member.name, member.status,
    account.credits - account.debits as points,
    (
      select customer.customer_id
      from partners.customer
      where customer.bucket = card.bucket and customer.member_id = card.member_id
        and customer.partner_id = till.partner
      limit 1  -- the same id in every currency
    ) as customer,
    coalesce((
      select consent.given
      from coalition.consent
      where consent.bucket = card.bucket and consent.member_id = card.member_id
        and consent.partner_id = till.partner and consent.purpose = 'greeting'
      order by consent.decided_at desc
      limit 1
    ), false) as may_be_greeted
  into holder
  from coalition.card_number
  join coalition.card on card.bucket = card_number.bucket and card.id = card_number.card_id
  join coalition.member on member.bucket = card.bucket and member.id = card.member_id
  join coalition.member_account
    on member_account.bucket = card.bucket and member_account.member_id = card.member_id
      and member_account.kind = 'member_available'
  join ledger.account
    on account.bucket = card.bucket and account.id = member_account.account_id
  where card_number.number = of_number;

  if holder.customer is not null then
    counted := 'card:' || holder.card;
    most := most_by_card;
  else
    counted := 'terminal:' || till.terminal;
    most := most_strangers_by_till;
  end if;
  -- Who comes while another look-up counts waits here, and then sees its count.
  insert into coalition.card_allowance as allowance (partner_id, subject, day, used)
  values (till.partner, counted, on_day, 1)
  on conflict (partner_id, subject, day) do update set used = allowance.used + 1
    where allowance.used < most;
  if not found then
    refusal := 'LOOKUPS_EXHAUSTED';
    return next;
    return;
  end if;
  insert into coalition.card_lookup (
    partner_id, id, terminal_id, card_last_four, own_customer
  )
  values (
    till.partner, lookup_id, till.terminal, right(of_number, 4), holder.customer is not null
  );

  refusal := case
    when holder.card is null then 'CARD_UNKNOWN'
    when holder.valid_from > clock_timestamp() then 'CARD_NOT_YET_VALID'
    when holder.blocked_at <= clock_timestamp() then 'CARD_BLOCKED'
    when holder.status <> 'active' then 'MEMBER_BLOCKED'
  end;
  if refusal is null then
    greeting := case when holder.may_be_greeted then holder.name end;
    balance := holder.points;
    known_as := holder.customer;
  end if;
  return next;
end
$$;
