-- Roles belong to the cluster, not to one database: ensured before every migration, so that a
-- database restored elsewhere finds them. Passwords are set by `coalition migrate`.
--
-- coalition_owner owns every object and can't log in. One LOGIN role per audience, one for
-- the posting desk and one for who is still a stranger: none is a member of another, none owns anything, none bypasses row policies.
do $$
declare
  serving text;
begin
  if to_regrole('coalition_owner') is null then
    create role coalition_owner nologin;
  end if;
  foreach serving in array array[
    'coalition_partner', 'coalition_operator', 'coalition_member', 'coalition_worker',
    'coalition_desk', 'coalition_identity'
  ] loop
    if to_regrole(serving) is null then
      execute format('create role %I login nosuperuser nocreatedb nocreaterole noinherit', serving);
    end if;
  end loop;
  if not pg_has_role('coalition_owner', 'pg_read_all_stats', 'MEMBER') then
    begin
      -- ledger.settled_until looks for postings that are still open.
      grant pg_read_all_stats to coalition_owner;
    exception when insufficient_privilege then
      raise exception 'role % may not grant pg_read_all_stats', current_user
        using errcode = 'insufficient_privilege',
        hint = 'Have a superuser run, once: GRANT pg_read_all_stats TO coalition_owner;'
          ' or GRANT pg_read_all_stats TO ' || quote_ident(current_user)
          || ' WITH ADMIN OPTION;';
    end;
  end if;
  -- From 16 on, who created a role may administer it but must grant itself to act as it.
  if not pg_has_role(current_user, 'coalition_owner',
      case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end)
  then
    execute format('grant coalition_owner to %I', current_user);
  end if;
  execute format('grant create on database %I to coalition_owner', current_database());
  execute format('revoke temporary on database %I from public', current_database());
  -- A function is for nobody until a migration grants it.
  alter default privileges for role coalition_owner revoke execute on functions from public;
end
$$;
