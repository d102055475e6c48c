"""The partners: registry, contracts, credentials, purchases, customers and look-ups.

Revision ID: 0002
Revises: 0001
"""

from service.database.migration import load_functions, run

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

REGISTRY = ("partner", "outlet", "terminal", "contract")
OWNED = ("purchase", "purchase_line", "customer")
LOOKUPS = ("idempotency", "receipt")
SECRET = ("credential", "customer_key")


def upgrade() -> None:
    """Create schema ``partners``."""
    run("""
        create schema partners;
        create extension if not exists btree_gist with schema public;

        create type partners.partner_status as enum ('active', 'suspended');
        create type partners.rounding as enum ('half_up', 'half_even', 'down', 'up');

        create table partners.partner (
          id uuid primary key,
          code text not null unique,
          legal_name text not null,
          name text not null,
          category text not null,
          status partners.partner_status not null,
          issued_account uuid not null,
          redeemed_account uuid not null,
          joined_at timestamptz not null default clock_timestamp()
        );

        create table partners.customer_key (
          partner_id uuid primary key references partners.partner (id),
          key bytea not null,
          constraint customer_key_length check (octet_length(key) = 32)
        );

        create table partners.credential (
          id uuid primary key,
          partner_id uuid not null references partners.partner (id),
          label text not null,
          secret_hash text not null,
          created_at timestamptz not null default clock_timestamp(),
          revoked_at timestamptz
        );
        create index credential_partner on partners.credential (partner_id);

        create table partners.outlet (
          id uuid primary key,
          partner_id uuid not null references partners.partner (id),
          code text not null,
          name text not null,
          address text,
          opened_at timestamptz not null default clock_timestamp(),
          unique (partner_id, code),
          unique (partner_id, id)
        );

        create table partners.terminal (
          id uuid primary key,
          partner_id uuid not null,
          outlet_id uuid not null,
          code text not null,
          unique (outlet_id, code),
          foreign key (partner_id, outlet_id) references partners.outlet (partner_id, id)
        );

        create table partners.contract (
          id uuid primary key,
          partner_id uuid not null references partners.partner (id),
          period tstzrange not null,
          currency text not null,
          points_per_unit numeric not null,
          rounding partners.rounding not null,
          excluded_categories text[] not null,
          category_multipliers jsonb not null,
          redeem_value numeric not null,
          redeem_step integer not null,
          redeem_least_balance integer not null,
          redeem_greatest_share numeric not null,
          issue_price numeric not null,
          redeem_price numeric not null,
          acceptance_days integer not null,
          constraint contract_periods_disjoint
            exclude using gist (partner_id with =, period with &&),
          constraint contract_period check (not isempty(period)),
          constraint contract_points_per_unit check (points_per_unit between 0 and 1000000),
          constraint contract_redeem check (
            redeem_value >= 0 and redeem_step > 0 and redeem_least_balance >= 0
            and redeem_greatest_share between 0 and 1
          ),
          constraint contract_prices check (issue_price >= 0 and redeem_price >= 0),
          constraint contract_acceptance check (acceptance_days between 0 and 36500)
        );

        create table partners.idempotency (
          partner_id uuid not null,
          key text not null,
          fingerprint bytea not null,
          purchase_id uuid not null,
          bucket smallint,
          refusal text,
          refused_path text,
          claimed_at timestamptz not null default clock_timestamp(),
          primary key (partner_id, key)
        );

        create table partners.receipt (
          partner_id uuid not null,
          outlet text not null,
          terminal text not null,
          business_date date not null,
          number text not null,
          fingerprint bytea not null,
          purchase_id uuid not null,
          bucket smallint,
          primary key (partner_id, outlet, terminal, business_date, number)
        );

        create table partners.purchase (
          bucket smallint not null,
          id uuid not null,
          partner_id uuid not null,
          customer_id uuid not null,
          member_id uuid not null,
          card_last_four text not null,
          outlet_id uuid not null,
          terminal_id uuid not null,
          contract_id uuid not null,
          number text not null,
          business_date date not null,
          occurred_at timestamptz not null,
          recorded_at timestamptz not null,
          currency text not null,
          amount bigint not null,
          points bigint not null,
          tenders jsonb,
          primary key (bucket, id),
          constraint purchase_amounts check (amount > 0 and points >= 0)
        );
        create index purchase_partner on partners.purchase (partner_id, occurred_at, id);
        create index purchase_customer on partners.purchase (customer_id, occurred_at, id);

        create table partners.purchase_line (
          bucket smallint not null,
          purchase_id uuid not null,
          line smallint not null,
          partner_id uuid not null,
          sku text not null,
          name text not null,
          category text,
          quantity numeric not null,
          amount bigint not null,
          points bigint not null,
          primary key (bucket, purchase_id, line),
          constraint purchase_line_amounts
            check (quantity >= 0 and amount >= 0 and points >= 0)
        );

        create table partners.customer (
          bucket smallint not null,
          member_id uuid not null,
          partner_id uuid not null,
          currency text not null,
          customer_id uuid not null,
          purchases bigint not null,
          amount bigint not null,
          points bigint not null,
          first_date date not null,
          last_date date not null,
          primary key (bucket, member_id, partner_id, currency)
        ) with (fillfactor = 80);
        create index customer_partner on partners.customer (partner_id, customer_id);
    """)
    load_functions("partners", ("customer_id", "credential_secret"))
    for table in (*REGISTRY, *OWNED, *LOOKUPS, *SECRET):
        run(f"alter table partners.{table} enable row level security")
    for table in (*REGISTRY, *OWNED):
        owner = "id" if table == "partner" else "partner_id"
        run(f"""
            create policy own on partners.{table} for select to coalition_partner
              using ({owner} = (select nullif(current_setting('app.partner', true), '')::uuid))
        """)
    for table in (*REGISTRY, *OWNED, *LOOKUPS):
        run(f"""
            create policy staff on partners.{table} for select
              to coalition_operator, coalition_worker using (true);
            grant select on partners.{table} to coalition_operator, coalition_worker;
        """)
    for table in (*REGISTRY, *SECRET):
        run(f"""
            create policy registrar on partners.{table} for insert to coalition_operator
              with check (true);
            grant insert on partners.{table} to coalition_operator;
        """)
    run("""
        create policy staff on partners.credential for select to coalition_operator using (true);
        grant select (id, partner_id, label, created_at, revoked_at) on partners.credential
          to coalition_operator;
        grant usage on schema partners
          to coalition_partner, coalition_operator, coalition_worker;
        grant select on partners.partner, partners.outlet, partners.terminal, partners.contract
          to coalition_partner;
        -- Never member_id: what joins two partners' customers stays out of a partner's reach.
        grant select (
          bucket, id, partner_id, customer_id, card_last_four, outlet_id, terminal_id,
          contract_id, number, business_date, occurred_at, recorded_at, currency, amount,
          points, tenders
        ) on partners.purchase to coalition_partner;
        grant select on partners.purchase_line to coalition_partner;
        grant select (
          bucket, partner_id, currency, customer_id, purchases, amount, points, first_date,
          last_date
        ) on partners.customer to coalition_partner;
        grant execute on function partners.credential_secret to coalition_partner;
        grant execute on function partners.customer_id to coalition_worker;
    """)


def downgrade() -> None:
    """Drop schema ``partners``."""
    run("drop schema partners cascade")
