-- The instant up to which the past is settled: no posting still open can get an earlier
-- posted_at, for a posting takes its instant after its transaction began and has its id.
-- To be asked in a statement of its own, before the one that reads: what was open here has
-- ended or is still open there. Under a snapshot taken earlier the answer would not hold.
create or replace function ledger.settled_until()
returns timestamptz
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  asked_at timestamptz := clock_timestamp();
  oldest timestamptz;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'ledger.settled_until needs READ COMMITTED'
      using errcode = 'invalid_transaction_state';
  end if;
  if not pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') then
    raise exception 'role % needs pg_read_all_stats', current_user
      using errcode = 'insufficient_privilege',
      hint = 'GRANT pg_read_all_stats TO coalition_owner';
  end if;
  perform pg_stat_clear_snapshot();
  if exists (
    select from pg_prepared_xacts where database = current_database()
  ) or exists (
    select from pg_stat_activity
    where datname = current_database() and backend_xid is not null and xact_start is null
  ) then
    return null;  -- when an open transaction began can't be told: nothing is settled
  end if;
  select min(activity.xact_start) into oldest
  from pg_stat_activity as activity
  where activity.datname = current_database()
    and activity.backend_xid is not null
    and activity.pid <> pg_backend_pid();
  -- One microsecond earlier: an open posting may take the very instant its transaction began.
  return least(asked_at, oldest - interval '1 microsecond');
end
$$;
