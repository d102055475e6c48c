"""The coalition's tables as SQLAlchemy knows them. Migrations create them; a test holds both equal.

Member-owned rows lie in the member's bucket. What must be unique across the coalition, a
contact or a card number, has a look-up table keyed by that value.
"""

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY

from ledger.columns import clock, enumeration, instant
from ledger.tables import account_kind
from partners.tables import partner

metadata = MetaData(schema="coalition")


class MemberStatus(StrEnum):
    """Whether a member takes part."""

    ACTIVE = "active"
    BLOCKED = "blocked"


class ConsentPurpose(StrEnum):
    """What a member may allow one partner to do."""

    GREETING = "greeting"


class ContactKind(StrEnum):
    """How a member can be reached; the value is unique across the coalition."""

    PHONE = "phone"
    EMAIL = "email"


member_status = enumeration(MemberStatus, "member_status", metadata)
contact_kind = enumeration(ContactKind, "contact_kind", metadata)
consent_purpose = enumeration(ConsentPurpose, "consent_purpose", metadata)

staff = Table(
    "staff",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column(
        "partner_id",
        Uuid,
        ForeignKey(partner.c.id),
        comment="Whose employee it is; null: the operator's own.",
    ),
    Column("password_hash", Text, nullable=False),
    Column("created_at", instant, nullable=False, server_default=clock),
    Column("disabled_at", instant),
    Index("staff_partner", "partner_id"),
)

session = Table(
    "session",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("staff_id", Uuid, ForeignKey(staff.c.id)),
    Column("bucket", SmallInteger),
    Column("member_id", Uuid),
    Column("created_at", instant, nullable=False, server_default=clock),
    Column("expires_at", instant, nullable=False),
    Column("revoked_at", instant),
    CheckConstraint(
        "(staff_id is null) <> (member_id is null) and (bucket is null) = (member_id is null)",
        name="session_subject",
    ),
    Index("session_staff", "staff_id"),
    Index("session_member", "bucket", "member_id"),
)

one_time_code = Table(
    "one_time_code",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", contact_kind, nullable=False),
    Column("value", Text, nullable=False),
    Column("code_hash", LargeBinary, nullable=False),
    Column("created_at", instant, nullable=False, server_default=clock),
    Column("expires_at", instant, nullable=False),
    Column("attempts_left", SmallInteger, nullable=False),
    Column("used_at", instant),
    CheckConstraint("attempts_left >= 0", name="one_time_code_attempts"),
    Index("one_time_code_contact", "kind", "value", "created_at"),
)

code_allowance = Table(
    "code_allowance",
    metadata,
    Column("kind", contact_kind, nullable=False),
    Column("value", Text, nullable=False),
    Column(
        "asked_at",
        ARRAY(instant),
        nullable=False,
        comment="When codes were asked for within the hour before the last.",
    ),
    PrimaryKeyConstraint("kind", "value"),
)

programme = Table(
    "programme",
    metadata,
    Column("version", SmallInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("set_at", instant, nullable=False, server_default=clock),
    Column("set_by", Uuid, ForeignKey(staff.c.id)),
    CheckConstraint("version > 0", name="programme_version"),
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
    Index("contact_member", "bucket", "member_id"),
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

consent = Table(
    "consent",
    metadata,
    Column("bucket", SmallInteger, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("partner_id", Uuid, ForeignKey(partner.c.id), nullable=False),
    Column("purpose", consent_purpose, nullable=False),
    Column("decided_at", instant, nullable=False, server_default=clock),
    Column("given", Boolean, nullable=False),
    PrimaryKeyConstraint("bucket", "member_id", "partner_id", "purpose", "decided_at"),
    ForeignKeyConstraint(
        ["bucket", "member_id"], ["coalition.member.bucket", "coalition.member.id"]
    ),
    comment="Every decision of a member; the latest counts.",
)

card_lookup = Table(
    "card_lookup",
    metadata,
    Column("partner_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("terminal_id", Uuid, nullable=False),
    Column("looked_up_at", instant, nullable=False, server_default=clock),
    Column("card_last_four", Text, nullable=False),
    Column(
        "own_customer",
        Boolean,
        nullable=False,
        comment="Whether the holder had bought at the partner; a miss and a stranger look alike.",
    ),
    PrimaryKeyConstraint("partner_id", "id"),
)

card_allowance = Table(
    "card_allowance",
    metadata,
    Column("partner_id", Uuid, nullable=False),
    Column(
        "subject",
        Text,
        nullable=False,
        comment="terminal:<id> for what a till asked of strangers, card:<id> for one card.",
    ),
    Column("day", Date, nullable=False),
    Column("used", Integer, nullable=False),
    PrimaryKeyConstraint("partner_id", "subject", "day"),
)
