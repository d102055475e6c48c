"""Three doors: staff, sessions and one-time codes; what members read; settings with history.

Revision ID: 0004
Revises: 0003
"""

from service.database.migration import load_functions, run

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

PARTNER_FUNCTIONS = ("end_contract", "credential_secret")
COALITION_FUNCTIONS = ("look_up_card",)


def upgrade() -> None:
    """Create what the operator's and the member's doors, and log-ins, stand on."""
    _identity()
    _programme_history()
    _members_own()
    _registrar()
    _card_scans()
    load_functions("partners", PARTNER_FUNCTIONS)
    load_functions("coalition", COALITION_FUNCTIONS)
    run("""
        grant execute on function partners.end_contract to coalition_operator;
        grant execute on function partners.credential_secret to coalition_identity;
        revoke execute on function partners.credential_secret from coalition_partner;
        grant execute on function coalition.look_up_card to coalition_desk;
    """)


def _identity() -> None:
    run("""
        create table coalition.staff (
          id uuid primary key,
          email text not null unique,
          name text not null,
          partner_id uuid references partners.partner (id),
          password_hash text not null,
          created_at timestamptz not null default clock_timestamp(),
          disabled_at timestamptz
        );
        comment on column coalition.staff.partner_id
          is 'Whose employee it is; null: the operator''s own.';
        create index staff_partner on coalition.staff (partner_id);

        create table coalition.session (
          id uuid primary key,
          token_hash bytea not null unique,
          staff_id uuid references coalition.staff (id),
          bucket smallint,
          member_id uuid,
          created_at timestamptz not null default clock_timestamp(),
          expires_at timestamptz not null,
          revoked_at timestamptz,
          constraint session_subject check (
            (staff_id is null) <> (member_id is null) and (bucket is null) = (member_id is null)
          )
        );
        create index session_staff on coalition.session (staff_id);
        create index session_member on coalition.session (bucket, member_id);

        create table coalition.one_time_code (
          id uuid primary key,
          kind coalition.contact_kind not null,
          value text not null,
          code_hash bytea not null,
          created_at timestamptz not null default clock_timestamp(),
          expires_at timestamptz not null,
          attempts_left smallint not null,
          used_at timestamptz,
          constraint one_time_code_attempts check (attempts_left >= 0)
        );
        create index one_time_code_contact on coalition.one_time_code (kind, value, created_at);

        create table coalition.code_allowance (
          kind coalition.contact_kind not null,
          value text not null,
          asked_at timestamptz[] not null,
          primary key (kind, value)
        );
        comment on column coalition.code_allowance.asked_at
          is 'When codes were asked for within the hour before the last.';

        alter table coalition.staff enable row level security;
        alter table coalition.session enable row level security;
        alter table coalition.one_time_code enable row level security;
        alter table coalition.code_allowance enable row level security;

        create policy identity on coalition.staff to coalition_identity using (true);
        create policy registrar on coalition.staff to coalition_operator using (true);
        create policy identity on coalition.session to coalition_identity using (true);
        create policy registrar on coalition.session to coalition_operator
          using (staff_id is not null)
          with check (staff_id is not null and revoked_at is not null);
        create policy identity on coalition.one_time_code to coalition_identity using (true);
        create policy identity on coalition.code_allowance to coalition_identity using (true);

        grant usage on schema ledger, partners, coalition to coalition_identity;
        grant select on coalition.staff to coalition_identity;
        grant update (password_hash) on coalition.staff to coalition_identity;
        grant select (id, email, name, partner_id, created_at, disabled_at), insert,
          update (name, disabled_at) on coalition.staff to coalition_operator;
        grant select, insert, update (revoked_at) on coalition.session to coalition_identity;
        grant select (id, staff_id, created_at, expires_at, revoked_at), update (revoked_at)
          on coalition.session to coalition_operator;
        grant select, insert, update (attempts_left, used_at)
          on coalition.one_time_code to coalition_identity;
        grant select, insert, update (asked_at) on coalition.code_allowance
          to coalition_identity;

        -- Who proves a contact may enrol: the identity role admits members, and reads no more of
        -- them than whose contact it is.
        create policy identity on coalition.contact to coalition_identity using (true);
        create policy identity on coalition.member for insert to coalition_identity
          with check (true);
        create policy identity on coalition.member_account for insert to coalition_identity
          with check (true);
        create policy identity on coalition.card for insert to coalition_identity
          with check (true);
        create policy identity on coalition.card_number to coalition_identity using (true);
        create policy identity on coalition.programme for select to coalition_identity
          using (true);
        create policy identity on partners.partner for select to coalition_identity using (true);
        grant select, insert on coalition.contact to coalition_identity;
        grant insert on coalition.member to coalition_identity;
        grant insert on coalition.member_account, coalition.card to coalition_identity;
        grant select (number), insert on coalition.card_number to coalition_identity;
        grant select on coalition.programme to coalition_identity;
        grant select (id, status) on partners.partner to coalition_identity;
        grant execute on function ledger.open_accounts to coalition_identity;
    """)


def _programme_history() -> None:
    # The one row becomes the first version; a change is another row.
    run("""
        alter table coalition.programme drop constraint programme_single;
        alter table coalition.programme rename column id to version;
        alter table coalition.programme
          add column set_at timestamptz not null default clock_timestamp(),
          add column set_by uuid references coalition.staff (id),
          add constraint programme_version check (version > 0);
        -- When a version was set is the clock's to say: days of the past are cut by it.
        revoke insert, update on coalition.programme from coalition_operator;
        grant insert (version, name, time_zone, currency, set_by) on coalition.programme
          to coalition_operator;
    """)
    _rename_not_null("id", "version")


def _rename_not_null(old: str, new: str) -> None:
    """From 18 on, PostgreSQL names a NOT NULL constraint after its column."""
    run(f"""
        do $$ begin
          if exists (select from pg_constraint where conname = 'programme_{old}_not_null') then
            alter table coalition.programme
              rename constraint programme_{old}_not_null to programme_{new}_not_null;
          end if;
        end $$
    """)


def _members_own() -> None:
    run("""
        create type coalition.consent_purpose as enum ('greeting');

        create table coalition.consent (
          bucket smallint not null,
          member_id uuid not null,
          partner_id uuid not null references partners.partner (id),
          purpose coalition.consent_purpose not null,
          decided_at timestamptz not null default clock_timestamp(),
          given boolean not null,
          primary key (bucket, member_id, partner_id, purpose, decided_at),
          foreign key (bucket, member_id) references coalition.member (bucket, id)
        );
        comment on table coalition.consent is 'Every decision of a member; the latest counts.';
        alter table coalition.consent enable row level security;
        create policy staff on coalition.consent for select
          to coalition_operator, coalition_worker using (true);
        create policy own on coalition.consent to coalition_member
          using (member_id = (select nullif(current_setting('app.member', true), '')::uuid));
        grant select on coalition.consent to coalition_operator, coalition_worker;
        -- When a decision was made is the clock's to say: the latest counts.
        grant select, insert (bucket, member_id, partner_id, purpose, given)
          on coalition.consent to coalition_member;

        create index purchase_member
          on partners.purchase (bucket, member_id, occurred_at, id);
        create index contact_member on coalition.contact (bucket, member_id);

        grant usage on schema ledger, partners to coalition_member;
        grant select on coalition.member, coalition.contact, coalition.member_account
          to coalition_member;
        -- Why the staff blocked a card is not for its holder to read.
        grant select (bucket, id, member_id, number, valid_from, blocked_at) on coalition.card
          to coalition_member;

        create policy own on ledger.account for select to coalition_member
          using (id = any ((
            select nullif(current_setting('app.accounts', true), '')::uuid[]
          )::uuid[]));
        create policy own on ledger.transfer for select to coalition_member
          using (
            credit_account = any ((
              select nullif(current_setting('app.accounts', true), '')::uuid[]
            )::uuid[])
            or debit_account = any ((
              select nullif(current_setting('app.accounts', true), '')::uuid[]
            )::uuid[])
          );
        grant select on ledger.account, ledger.transfer to coalition_member;

        create policy own_purchase on partners.purchase for select to coalition_member
          using (member_id = (select nullif(current_setting('app.member', true), '')::uuid));
        create policy own_purchase on partners.purchase_line for select to coalition_member
          using (exists (
            select from partners.purchase
            where purchase.bucket = purchase_line.bucket
              and purchase.id = purchase_line.purchase_id
          ));
        grant select (
          bucket, id, partner_id, member_id, card_last_four, outlet_id, terminal_id, contract_id,
          number, business_date, occurred_at, recorded_at, currency, amount, points, tenders
        ) on partners.purchase to coalition_member;
        grant select on partners.purchase_line to coalition_member;

        -- What is public in the coalition: who takes part, where, and what they give and take.
        create policy public_side on partners.partner for select to coalition_member using (true);
        create policy public_side on partners.outlet for select to coalition_member using (true);
        create policy public_side on partners.terminal for select to coalition_member
          using (true);
        create policy public_side on partners.contract for select to coalition_member
          using (true);
        grant select (id, code, name, category, status) on partners.partner to coalition_member;
        grant select (id, partner_id, code, name, address, opened_at) on partners.outlet
          to coalition_member;
        grant select (id, partner_id, outlet_id, code) on partners.terminal to coalition_member;
        grant select (
          id, partner_id, period, currency, points_per_unit, rounding, excluded_categories,
          category_multipliers, redeem_value, redeem_step, redeem_least_balance,
          redeem_greatest_share
        ) on partners.contract to coalition_member;
    """)


def _registrar() -> None:
    run("""
        create policy registrar_changes on partners.partner for update to coalition_operator
          using (true);
        create policy registrar_changes on partners.outlet for update to coalition_operator
          using (true);
        -- What is revoked or blocked stays so.
        create policy registrar_changes on partners.credential for update to coalition_operator
          using (revoked_at is null) with check (revoked_at is not null);
        drop policy registrar_blocks on coalition.card;
        create policy registrar_blocks on coalition.card for update to coalition_operator
          using (blocked_at is null) with check (blocked_at is not null);
        grant update (name, legal_name, category, status) on partners.partner
          to coalition_operator;
        grant update (name, address) on partners.outlet to coalition_operator;
        grant update (revoked_at) on partners.credential to coalition_operator;
        create policy registrar_blocks on coalition.member for update to coalition_operator
          using (true);
        grant update (status) on coalition.member to coalition_operator;
    """)


def _card_scans() -> None:
    run("""
        create table coalition.card_lookup (
          partner_id uuid not null,
          id uuid not null,
          terminal_id uuid not null,
          looked_up_at timestamptz not null default clock_timestamp(),
          card_last_four text not null,
          own_customer boolean not null,
          primary key (partner_id, id)
        );
        comment on column coalition.card_lookup.own_customer
          is 'Whether the holder had bought at the partner; a miss and a stranger look alike.';

        create table coalition.card_allowance (
          partner_id uuid not null,
          subject text not null,
          day date not null,
          used integer not null,
          primary key (partner_id, subject, day)
        );
        comment on column coalition.card_allowance.subject
          is 'terminal:<id> for what a till asked of strangers, card:<id> for one card.';

        alter table coalition.card_lookup enable row level security;
        alter table coalition.card_allowance enable row level security;
        create policy staff on coalition.card_lookup for select
          to coalition_operator, coalition_worker using (true);
        grant select on coalition.card_lookup to coalition_operator, coalition_worker;
        create policy staff on coalition.card_allowance for select
          to coalition_worker using (true);
        grant select on coalition.card_allowance to coalition_worker;
    """)


def downgrade() -> None:
    """Take the doors away again; the newest programme settings stay as the only ones."""
    run("""
        drop function coalition.look_up_card;
        drop function partners.end_contract;
        revoke execute on function partners.credential_secret from coalition_identity;
        grant execute on function partners.credential_secret to coalition_partner;
        drop table coalition.card_allowance, coalition.card_lookup, coalition.consent;
        drop type coalition.consent_purpose;
        drop index partners.purchase_member;
        drop index coalition.contact_member;

        drop policy own on ledger.account;
        drop policy own on ledger.transfer;
        drop policy own_purchase on partners.purchase;
        drop policy own_purchase on partners.purchase_line;
        drop policy public_side on partners.partner;
        drop policy public_side on partners.outlet;
        drop policy public_side on partners.terminal;
        drop policy public_side on partners.contract;
        revoke all on all tables in schema ledger, partners from coalition_member;
        revoke all on coalition.member, coalition.contact, coalition.member_account,
          coalition.card from coalition_member;
        revoke usage on schema ledger, partners from coalition_member;

        drop policy registrar_changes on partners.partner;
        drop policy registrar_changes on partners.outlet;
        drop policy registrar_changes on partners.credential;
        drop policy registrar_blocks on coalition.card;
        create policy registrar_blocks on coalition.card for update to coalition_operator
          using (true);
        drop policy registrar_blocks on coalition.member;
        revoke update (name, legal_name, category, status) on partners.partner
          from coalition_operator;
        revoke update (name, address) on partners.outlet from coalition_operator;
        revoke update (revoked_at) on partners.credential from coalition_operator;
        revoke update (status) on coalition.member from coalition_operator;

        drop policy identity on coalition.contact;
        drop policy identity on coalition.member;
        drop policy identity on coalition.member_account;
        drop policy identity on coalition.card;
        drop policy identity on coalition.card_number;
        drop policy identity on coalition.programme;
        drop policy identity on partners.partner;
        revoke all on all tables in schema partners, coalition from coalition_identity;
        revoke execute on function ledger.open_accounts from coalition_identity;
        revoke usage on schema ledger, partners, coalition from coalition_identity;

        delete from coalition.programme
        where version < (select max(version) from coalition.programme);
        update coalition.programme set version = 1;
        alter table coalition.programme
          drop constraint programme_version, drop column set_at, drop column set_by;
        alter table coalition.programme rename column version to id;
        alter table coalition.programme add constraint programme_single check (id = 1);
        revoke insert on coalition.programme from coalition_operator;  -- of columns, too
        grant insert, update on coalition.programme to coalition_operator;

        drop table coalition.code_allowance, coalition.one_time_code, coalition.session,
          coalition.staff;
    """)
    _rename_not_null("version", "id")
