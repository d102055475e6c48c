-- The stored secret of a credential in force, for the door that checks it; no row otherwise.
create or replace function partners.credential_secret(of_credential uuid)
returns table (partner_id uuid, secret_hash text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select credential.partner_id, credential.secret_hash
  from partners.credential
  join partners.partner on partner.id = credential.partner_id
  where credential.id = of_credential
    and credential.revoked_at is null
    and partner.status = 'active';
$$;
