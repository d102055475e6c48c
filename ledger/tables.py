"""The ledger's tables as SQLAlchemy knows them. Migrations create them; a test holds both equal.

A member-owned row lies in the member's bucket, and ``bucket`` leads every unique key.
Hot rows have no foreign keys: the posting function proves that accounts exist while it
holds their locks, and ``ledger.verification`` proves it again.
"""

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)

from ledger.columns import clock, enumeration, instant

BUCKETS = 1_024
POINT = "POINT"

metadata = MetaData(schema="ledger")


class AccountKind(StrEnum):
    """Whose side of the coalition an account stands on."""

    MEMBER_AVAILABLE = "member_available"
    PARTNER_ISSUED = "partner_issued"
    PARTNER_REDEEMED = "partner_redeemed"
    OPERATOR_GOODWILL = "operator_goodwill"


class Purpose(StrEnum):
    """Why a transfer was made."""

    ACCRUAL = "accrual"
    REDEMPTION = "redemption"
    GOODWILL = "goodwill"
    REVERSAL = "reversal"


account_kind = enumeration(AccountKind, "account_kind", metadata)
purpose = enumeration(Purpose, "purpose", metadata)

account = Table(
    "account",
    metadata,
    Column("bucket", SmallInteger, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("kind", account_kind, nullable=False),
    Column("unit", Text, nullable=False),
    Column("party", Uuid, comment="The partner that the account belongs to, if any; opaque here."),
    Column("floored", Boolean, nullable=False),
    Column("debits", BigInteger, nullable=False, server_default=text("0")),
    Column("credits", BigInteger, nullable=False, server_default=text("0")),
    Column("opened_at", instant, nullable=False, server_default=clock),
    PrimaryKeyConstraint("bucket", "id"),
    CheckConstraint("bucket between 0 and 1023", name="account_bucket"),
    CheckConstraint("debits >= 0 and credits >= 0", name="account_totals"),
    CheckConstraint("not floored or credits >= debits", name="account_floor"),
    postgresql_with={"fillfactor": "80"},
)

transfer = Table(
    "transfer",
    metadata,
    Column("bucket", SmallInteger, nullable=False),
    Column("posting_id", Uuid, nullable=False),
    Column("line", SmallInteger, nullable=False),
    Column("debit_account", Uuid, nullable=False),
    Column("credit_account", Uuid, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("unit", Text, nullable=False),
    Column("purpose", purpose, nullable=False),
    Column("occurred_at", instant, nullable=False),
    Column("posted_at", instant, nullable=False),
    Column("transaction_id", BigInteger, nullable=False),
    Column("reverses", Uuid),
    PrimaryKeyConstraint("bucket", "posting_id", "line"),
    CheckConstraint("amount > 0", name="transfer_amount"),
    CheckConstraint("debit_account <> credit_account", name="transfer_accounts"),
)
Index("transfer_debit", transfer.c.bucket, transfer.c.debit_account, transfer.c.posted_at)
Index("transfer_credit", transfer.c.bucket, transfer.c.credit_account, transfer.c.posted_at)
Index(
    "transfer_reverses",
    transfer.c.bucket,
    transfer.c.reverses,
    transfer.c.line,
    unique=True,
    postgresql_where=transfer.c.reverses.is_not(None),
)

partner_line = Table(
    "partner_line",
    metadata,
    Column("bucket", SmallInteger, nullable=False),
    Column("party", Uuid, nullable=False),
    Column("posted_at", instant, nullable=False),
    Column("posting_id", Uuid, nullable=False),
    Column("line", SmallInteger, nullable=False),
    Column("kind", account_kind, nullable=False),
    Column("unit", Text, nullable=False),
    Column("amount", BigInteger, nullable=False, comment="Credits positive, debits negative."),
    Column("purpose", purpose, nullable=False),
    Column("occurred_at", instant, nullable=False),
    PrimaryKeyConstraint("bucket", "party", "posted_at", "posting_id", "line", "kind"),
)
