"""The coalition's tables as SQLAlchemy knows them. Migrations create them; a test holds both equal.

Member-owned rows lie in the member's bucket. What must be unique across the coalition, a
contact or a card number, has a look-up table keyed by that value.
"""

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
)

from ledger.columns import enumeration, instant
from ledger.tables import account_kind

metadata = MetaData(schema="coalition")


class MemberStatus(StrEnum):
    """Whether a member takes part."""

    ACTIVE = "active"
    BLOCKED = "blocked"


class ContactKind(StrEnum):
    """How a member can be reached; the value is unique across the coalition."""

    PHONE = "phone"
    EMAIL = "email"


member_status = enumeration(MemberStatus, "member_status", metadata)
contact_kind = enumeration(ContactKind, "contact_kind", metadata)

programme = Table(
    "programme",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("currency", Text, nullable=False),
    CheckConstraint("id = 1", name="programme_single"),
)

member = Table(
    "member",
    metadata,
    Column("bucket", SmallInteger, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", member_status, nullable=False),
    Column("joined_at", instant, nullable=False),
    PrimaryKeyConstraint("bucket", "id"),
    CheckConstraint("bucket between 0 and 1023", name="member_bucket"),
)

contact = Table(
    "contact",
    metadata,
    Column("kind", contact_kind, nullable=False),
    Column("value", Text, nullable=False),
    Column("bucket", SmallInteger, nullable=False),
    Column("member_id", Uuid, nullable=False),
    PrimaryKeyConstraint("kind", "value"),
)

member_account = Table(
    "member_account",
    metadata,
    Column("bucket", SmallInteger, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("kind", account_kind, nullable=False),
    Column("account_id", Uuid, nullable=False),
    PrimaryKeyConstraint("bucket", "member_id", "kind"),
    ForeignKeyConstraint(
        ["bucket", "member_id"], ["coalition.member.bucket", "coalition.member.id"]
    ),
)

card = Table(
    "card",
    metadata,
    Column("bucket", SmallInteger, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("number", Text, nullable=False),
    Column("valid_from", instant, nullable=False),
    Column("blocked_at", instant),
    Column("block_reason", Text),
    Column("replaced_by", Uuid),
    PrimaryKeyConstraint("bucket", "id"),
    ForeignKeyConstraint(
        ["bucket", "member_id"], ["coalition.member.bucket", "coalition.member.id"]
    ),
)
Index("card_member", card.c.bucket, card.c.member_id)

card_number = Table(
    "card_number",
    metadata,
    Column("number", Text, primary_key=True),
    Column("bucket", SmallInteger, nullable=False),
    Column("card_id", Uuid, nullable=False),
)

member_rollup = Table(
    "member_rollup",
    metadata,
    Column("bucket", SmallInteger, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("currency", Text, nullable=False),
    Column("purchases", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("first_date", Date, nullable=False),
    Column("last_date", Date, nullable=False),
    PrimaryKeyConstraint("bucket", "member_id", "currency"),
    postgresql_with={"fillfactor": "80"},
)
