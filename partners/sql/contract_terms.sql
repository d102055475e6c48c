-- A contract's terms as JSON. Decimals travel as strings: a JSON number would become a float.
create or replace function partners.contract_terms(of_contract partners.contract)
returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select jsonb_build_object(
    'id', of_contract.id,
    'partner_id', of_contract.partner_id,
    'valid_from', lower(of_contract.period),
    'valid_to', upper(of_contract.period),
    'currency', of_contract.currency,
    'points_per_unit', of_contract.points_per_unit::text,
    'rounding', of_contract.rounding,
    'excluded_categories', to_jsonb(of_contract.excluded_categories),
    'category_multipliers', of_contract.category_multipliers,
    'redeem_value', of_contract.redeem_value::text,
    'redeem_step', of_contract.redeem_step,
    'redeem_least_balance', of_contract.redeem_least_balance,
    'redeem_greatest_share', of_contract.redeem_greatest_share::text,
    'issue_price', of_contract.issue_price::text,
    'redeem_price', of_contract.redeem_price::text,
    'acceptance_days', of_contract.acceptance_days
  );
$$;
