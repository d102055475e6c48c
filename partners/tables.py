"""The partners' tables as SQLAlchemy knows them. Migrations create them; a test holds both equal.

Registry tables are small and the same everywhere. What a purchase writes lies in the member's
bucket and has no foreign keys: ``record_purchases`` proves them, ``verify`` proves them again.
"""

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE, ExcludeConstraint

from ledger.columns import clock, enumeration, instant

metadata = MetaData(schema="partners")


class PartnerStatus(StrEnum):
    """Whether a partner takes part. A suspended one can neither give nor take points."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class Rounding(StrEnum):
    """How points of a receipt are rounded, once."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    DOWN = "down"
    UP = "up"


partner_status = enumeration(PartnerStatus, "partner_status", metadata)
rounding = enumeration(Rounding, "rounding", metadata)

partner = Table(
    "partner",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("legal_name", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("status", partner_status, nullable=False),
    Column("issued_account", Uuid, nullable=False),
    Column("redeemed_account", Uuid, nullable=False),
    Column("joined_at", instant, nullable=False, server_default=clock),
)

customer_key = Table(
    "customer_key",
    metadata,
    Column("partner_id", Uuid, ForeignKey(partner.c.id), primary_key=True),
    Column("key", LargeBinary, nullable=False),
    CheckConstraint("octet_length(key) = 32", name="customer_key_length"),
)

credential = Table(
    "credential",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("partner_id", Uuid, ForeignKey(partner.c.id), nullable=False),
    Column("label", Text, nullable=False),
    Column("secret_hash", Text, nullable=False),
    Column("created_at", instant, nullable=False, server_default=clock),
    Column("revoked_at", instant),
    Index("credential_partner", "partner_id"),
)

outlet = Table(
    "outlet",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("partner_id", Uuid, ForeignKey(partner.c.id), nullable=False),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("address", Text),
    Column("opened_at", instant, nullable=False, server_default=clock),
    UniqueConstraint("partner_id", "code"),
    UniqueConstraint("partner_id", "id"),
)

terminal = Table(
    "terminal",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("partner_id", Uuid, nullable=False),
    Column("outlet_id", Uuid, nullable=False),
    Column("code", Text, nullable=False),
    UniqueConstraint("outlet_id", "code"),
    ForeignKeyConstraint(
        ["partner_id", "outlet_id"], ["partners.outlet.partner_id", "partners.outlet.id"]
    ),
)

contract = Table(
    "contract",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("partner_id", Uuid, ForeignKey(partner.c.id), nullable=False),
    Column("period", TSTZRANGE, nullable=False),
    Column("currency", Text, nullable=False),
    Column("points_per_unit", Numeric, nullable=False),
    Column("rounding", rounding, nullable=False),
    Column("excluded_categories", ARRAY(Text), nullable=False),
    Column("category_multipliers", JSONB, nullable=False),
    Column("redeem_value", Numeric, nullable=False),
    Column("redeem_step", Integer, nullable=False),
    Column("redeem_least_balance", Integer, nullable=False),
    Column("redeem_greatest_share", Numeric, nullable=False),
    Column("issue_price", Numeric, nullable=False),
    Column("redeem_price", Numeric, nullable=False),
    Column("acceptance_days", Integer, nullable=False),
    ExcludeConstraint(("partner_id", "="), ("period", "&&"), name="contract_periods_disjoint"),
    CheckConstraint("not isempty(period)", name="contract_period"),
    CheckConstraint("points_per_unit between 0 and 1000000", name="contract_points_per_unit"),
    CheckConstraint(
        "redeem_value >= 0 and redeem_step > 0 and redeem_least_balance >= 0"
        " and redeem_greatest_share between 0 and 1",
        name="contract_redeem",
    ),
    CheckConstraint("issue_price >= 0 and redeem_price >= 0", name="contract_prices"),
    CheckConstraint("acceptance_days between 0 and 36500", name="contract_acceptance"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("partner_id", Uuid, nullable=False),
    Column("key", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("purchase_id", Uuid, nullable=False),
    Column("bucket", SmallInteger),
    Column("refusal", Text),
    Column("refused_path", Text),
    Column("claimed_at", instant, nullable=False, server_default=clock),
    PrimaryKeyConstraint("partner_id", "key"),
)

receipt = Table(
    "receipt",
    metadata,
    Column("partner_id", Uuid, nullable=False),
    Column("outlet", Text, nullable=False),
    Column("terminal", Text, nullable=False),
    Column("business_date", Date, nullable=False),
    Column("number", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("purchase_id", Uuid, nullable=False),
    Column("bucket", SmallInteger),
    PrimaryKeyConstraint("partner_id", "outlet", "terminal", "business_date", "number"),
)

purchase = Table(
    "purchase",
    metadata,
    Column("bucket", SmallInteger, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("partner_id", Uuid, nullable=False),
    Column("customer_id", Uuid, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("card_last_four", Text, nullable=False),
    Column("outlet_id", Uuid, nullable=False),
    Column("terminal_id", Uuid, nullable=False),
    Column("contract_id", Uuid, nullable=False),
    Column("number", Text, nullable=False),
    Column("business_date", Date, nullable=False),
    Column("occurred_at", instant, nullable=False),
    Column("recorded_at", instant, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("tenders", JSONB),
    PrimaryKeyConstraint("bucket", "id"),
    CheckConstraint("amount > 0 and points >= 0", name="purchase_amounts"),
)
Index("purchase_partner", purchase.c.partner_id, purchase.c.occurred_at, purchase.c.id)
Index(
    "purchase_member",
    purchase.c.bucket,
    purchase.c.member_id,
    purchase.c.occurred_at,
    purchase.c.id,
)
Index("purchase_customer", purchase.c.customer_id, purchase.c.occurred_at, purchase.c.id)

purchase_line = Table(
    "purchase_line",
    metadata,
    Column("bucket", SmallInteger, nullable=False),
    Column("purchase_id", Uuid, nullable=False),
    Column("line", SmallInteger, nullable=False),
    Column("partner_id", Uuid, nullable=False),
    Column("sku", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("category", Text),
    Column("quantity", Numeric, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("points", BigInteger, nullable=False),
    PrimaryKeyConstraint("bucket", "purchase_id", "line"),
    CheckConstraint("quantity >= 0 and amount >= 0 and points >= 0", name="purchase_line_amounts"),
)

customer = Table(
    "customer",
    metadata,
    Column("bucket", SmallInteger, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("partner_id", Uuid, nullable=False),
    Column("currency", Text, nullable=False),
    Column("customer_id", Uuid, nullable=False),
    Column("purchases", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("first_date", Date, nullable=False),
    Column("last_date", Date, nullable=False),
    PrimaryKeyConstraint("bucket", "member_id", "partner_id", "currency"),
    postgresql_with={"fillfactor": "80"},
)
Index("customer_partner", customer.c.partner_id, customer.c.customer_id)
