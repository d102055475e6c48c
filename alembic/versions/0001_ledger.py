"""The ledger: accounts, transfers, what a partner may read of them, and its functions.

Revision ID: 0001
"""

from service.database.migration import load_functions, run

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

FUNCTIONS = (
    "lock_accounts",
    "judge_transfers",
    "settle_in_order",
    "post_many",
    "reverse",
    "open_accounts",
    "settled_until",
)


def upgrade() -> None:
    """Create schema ``ledger``."""
    run("""
        create schema ledger;

        create type ledger.account_kind as enum (
          'member_available', 'partner_issued', 'partner_redeemed', 'operator_goodwill'
        );
        create type ledger.purpose as enum ('accrual', 'redemption', 'goodwill', 'reversal');

        create table ledger.account (
          bucket smallint not null,
          id uuid not null,
          kind ledger.account_kind not null,
          unit text not null,
          party uuid,
          floored boolean not null,
          debits bigint not null default 0,
          credits bigint not null default 0,
          opened_at timestamptz not null default clock_timestamp(),
          primary key (bucket, id),
          constraint account_bucket check (bucket between 0 and 1023),
          constraint account_totals check (debits >= 0 and credits >= 0),
          constraint account_floor check (not floored or credits >= debits)
        ) with (fillfactor = 80);
        comment on column ledger.account.party
          is 'The partner that the account belongs to, if any; opaque here.';

        create table ledger.transfer (
          bucket smallint not null,
          posting_id uuid not null,
          line smallint not null,
          debit_account uuid not null,
          credit_account uuid not null,
          amount bigint not null,
          unit text not null,
          purpose ledger.purpose not null,
          occurred_at timestamptz not null,
          posted_at timestamptz not null,
          transaction_id bigint not null,
          reverses uuid,
          primary key (bucket, posting_id, line),
          constraint transfer_amount check (amount > 0),
          constraint transfer_accounts check (debit_account <> credit_account)
        );
        create index transfer_debit on ledger.transfer (bucket, debit_account, posted_at);
        create index transfer_credit on ledger.transfer (bucket, credit_account, posted_at);
        create unique index transfer_reverses on ledger.transfer (bucket, reverses, line)
          where reverses is not null;

        create table ledger.partner_line (
          bucket smallint not null,
          party uuid not null,
          posted_at timestamptz not null,
          posting_id uuid not null,
          line smallint not null,
          kind ledger.account_kind not null,
          unit text not null,
          amount bigint not null,
          purpose ledger.purpose not null,
          occurred_at timestamptz not null,
          primary key (bucket, party, posted_at, posting_id, line, kind)
        );
        comment on column ledger.partner_line.amount is 'Credits positive, debits negative.';
    """)
    load_functions("ledger", FUNCTIONS)
    run("""
        alter table ledger.account enable row level security;
        alter table ledger.transfer enable row level security;
        alter table ledger.partner_line enable row level security;

        create policy staff on ledger.account for select
          to coalition_operator, coalition_worker using (true);
        create policy staff on ledger.transfer for select
          to coalition_operator, coalition_worker using (true);
        create policy staff on ledger.partner_line for select
          to coalition_operator, coalition_worker using (true);
        create policy own on ledger.partner_line for select to coalition_partner
          using (party = (select nullif(current_setting('app.partner', true), '')::uuid));

        grant usage on schema ledger to coalition_partner, coalition_operator, coalition_worker;
        grant select on ledger.account, ledger.transfer, ledger.partner_line
          to coalition_operator, coalition_worker;
        grant select on ledger.partner_line to coalition_partner;
        grant execute on function ledger.settled_until() to coalition_operator, coalition_worker;
        grant execute on function ledger.open_accounts to coalition_operator;
        grant execute on function ledger.post_many, ledger.reverse to coalition_worker;
        grant usage on schema migrations to coalition_worker;
        grant select on migrations.alembic_version to coalition_worker;
    """)


def downgrade() -> None:
    """Drop schema ``ledger``."""
    run("drop schema ledger cascade")
