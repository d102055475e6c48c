-- Ends an open contract at a future instant, so that another may follow: the one change that a
-- contract ever sees. Ten minutes ahead at least: no purchase that was priced under it, whose
-- till may run five minutes ahead, can lie beyond the end. Returns whether it was ended.
create or replace function partners.end_contract(of_contract uuid, ends_at timestamptz)
returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if ends_at < clock_timestamp() + interval '10 minutes' then
    return false;
  end if;
  update partners.contract
  set period = tstzrange(lower(contract.period), ends_at, '[)')
  where contract.id = of_contract
    and upper_inf(contract.period)
    and (lower_inf(contract.period) or lower(contract.period) < ends_at);
  return found;
end
$$;
