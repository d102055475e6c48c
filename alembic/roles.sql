-- Roles belong to the cluster, not to one database: ensured before every migration, so that a
-- database restored elsewhere finds them. Passwords are set by `coalition migrate`.
--
-- coalition_owner owns every object and can't log in. One LOGIN role per audience and one for
-- the posting desk: none is a member of another, none owns anything, none bypasses row policies.
do $$
declare
  serving text;
begin
  if to_regrole('coalition_owner') is null then
    create role coalition_owner nologin;
  end if;
  foreach serving in array array[
    'coalition_partner', 'coalition_operator', 'coalition_member', 'coalition_worker',
    'coalition_desk'
  ] loop
    if to_regrole(serving) is null then
      execute format('create role %I login nosuperuser nocreatedb nocreaterole noinherit', serving);
    end if;
  end loop;
  if not pg_has_role('coalition_owner', 'pg_read_all_stats', 'MEMBER') then
    -- ledger.settled_until looks for postings that are still open.
    grant pg_read_all_stats to coalition_owner;
  end if;
  if not pg_has_role(current_user, 'coalition_owner', 'MEMBER') then
    execute format('grant coalition_owner to %I', current_user);
  end if;
  execute format('grant create on database %I to coalition_owner', current_database());
  execute format('revoke temporary on database %I from public', current_database());
  -- A function is for nobody until a migration grants it.
  alter default privileges for role coalition_owner revoke execute on functions from public;
end
$$;
