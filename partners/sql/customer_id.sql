-- The id by which a partner knows a member: HMAC-SHA-256 (RFC 2104) of the member's id under
-- the partner's own key, cut to 16 bytes. Two partners' ids of one member can't be joined.
create or replace function partners.customer_id(of_partner uuid, of_member uuid)
returns uuid
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select encode(substring(
    sha256(pad.outer_pad || sha256(pad.inner_pad || uuid_send(of_member))) from 1 for 16
  ), 'hex')::uuid
  from (
    select
      string_agg(set_byte('\x00', 0, byte # 54), '' order by position) as inner_pad,
      string_agg(set_byte('\x00', 0, byte # 92), '' order by position) as outer_pad
    from partners.customer_key
    cross join lateral (
      select position, case when position < 32 then get_byte(customer_key.key, position) else 0 end
      from generate_series(0, 63) as position
    ) as padded (position, byte)
    where customer_key.partner_id = of_partner
  ) as pad;
$$;
