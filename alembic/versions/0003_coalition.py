"""The coalition: programme, members, cards, rollups, and recording purchases.

Revision ID: 0003
Revises: 0002
"""

from service.database.migration import load_functions, run

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MEMBER_OWNED = ("member", "contact", "member_account", "card", "card_number", "member_rollup")
FUNCTIONS = ("claim_purchases", "purchase_facts", "record_purchases", "refuse_purchases")


def upgrade() -> None:
    """Create schema ``coalition``."""
    run("""
        create schema coalition;

        create type coalition.member_status as enum ('active', 'blocked');
        create type coalition.contact_kind as enum ('phone', 'email');

        create table coalition.programme (
          id smallint primary key,
          name text not null,
          time_zone text not null,
          currency text not null,
          constraint programme_single check (id = 1)
        );

        create table coalition.member (
          bucket smallint not null,
          id uuid not null,
          name text not null,
          status coalition.member_status not null,
          joined_at timestamptz not null,
          primary key (bucket, id),
          constraint member_bucket check (bucket between 0 and 1023)
        );

        create table coalition.contact (
          kind coalition.contact_kind not null,
          value text not null,
          bucket smallint not null,
          member_id uuid not null,
          primary key (kind, value)
        );

        create table coalition.member_account (
          bucket smallint not null,
          member_id uuid not null,
          kind ledger.account_kind not null,
          account_id uuid not null,
          primary key (bucket, member_id, kind),
          foreign key (bucket, member_id) references coalition.member (bucket, id)
        );

        create table coalition.card (
          bucket smallint not null,
          id uuid not null,
          member_id uuid not null,
          number text not null,
          valid_from timestamptz not null,
          blocked_at timestamptz,
          block_reason text,
          replaced_by uuid,
          primary key (bucket, id),
          foreign key (bucket, member_id) references coalition.member (bucket, id)
        );
        create index card_member on coalition.card (bucket, member_id);

        create table coalition.card_number (
          number text primary key,
          bucket smallint not null,
          card_id uuid not null
        );

        create table coalition.member_rollup (
          bucket smallint not null,
          member_id uuid not null,
          currency text not null,
          purchases bigint not null,
          amount bigint not null,
          points bigint not null,
          first_date date not null,
          last_date date not null,
          primary key (bucket, member_id, currency)
        ) with (fillfactor = 80);

        grant usage on schema coalition to coalition_partner, coalition_operator,
          coalition_member, coalition_worker, coalition_desk;

        alter table coalition.programme enable row level security;
        create policy everyone on coalition.programme for select
          to coalition_partner, coalition_operator, coalition_member, coalition_worker
          using (true);
        create policy staff on coalition.programme for all to coalition_operator using (true);
        grant select on coalition.programme to coalition_partner, coalition_operator,
          coalition_member, coalition_worker;
        grant insert, update on coalition.programme to coalition_operator;
    """)
    load_functions("partners", ("contract_terms",))
    load_functions("coalition", FUNCTIONS)
    for table in MEMBER_OWNED:
        owner = "id" if table == "member" else "member_id"
        run(f"""
            alter table coalition.{table} enable row level security;
            create policy staff on coalition.{table} for select
              to coalition_operator, coalition_worker using (true);
            grant select on coalition.{table} to coalition_operator, coalition_worker;
        """)
        if table != "card_number":
            run(f"""
                create policy own on coalition.{table} for select to coalition_member
                  using ({owner} = (select nullif(current_setting('app.member', true), '')::uuid))
            """)
        if table != "member_rollup":
            run(f"""
                create policy registrar on coalition.{table} for insert to coalition_operator
                  with check (true);
                grant insert on coalition.{table} to coalition_operator;
            """)
    run("""
        create policy registrar_blocks on coalition.card for update to coalition_operator
          using (true);
        grant update (blocked_at, block_reason, replaced_by) on coalition.card
          to coalition_operator;
        grant execute on function coalition.claim_purchases, coalition.purchase_facts,
          coalition.record_purchases, coalition.refuse_purchases to coalition_desk;
    """)


def downgrade() -> None:
    """Drop schema ``coalition`` and what it calls in ``partners``."""
    run("drop schema coalition cascade; drop function partners.contract_terms")
