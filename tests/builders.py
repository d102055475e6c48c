"""People and firms for tests, made through the same functions that the service uses."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from coalition.cards import Card
from coalition.identity.staff import create_staff
from coalition.identity.subjects import OperatorStaff, PartnerStaff
from coalition.members import Application, Enrolled, enrol
from coalition.programme.settings import (
    Programme,
    change_programme,
    programme_history,
    set_up_programme,
)
from coalition.recording import Caller, PurchaseRequest
from coalition.tables import ContactKind, card
from partners.contracts import Contract, Terms, agree_contract
from partners.credentials import Credential, new_credential, store_credential
from partners.receipts import Receipt, ReceiptLine
from partners.registry import Outlet, Partner, create_partner, open_outlets
from service.database.transactions import Database

ZONE = ZoneInfo("America/New_York")
LONG_AGO = datetime.now(UTC) - timedelta(days=400)
_CREDENTIAL = new_credential()  # hashing is slow on purpose: the secret is the same for all


@dataclass(frozen=True)
class Shop:
    """A partner that is ready to trade: one outlet "1" with terminal "1", a contract, a till."""

    partner: Partner
    contract: Contract
    credential: Credential

    @property
    def caller(self) -> Caller:
        return Caller(self.credential.id, self.partner.id)

    def request(self, key: str | None = None, **changes: Any) -> PurchaseRequest:
        """A purchase at this shop; ``changes`` as for ``receipt``."""
        return PurchaseRequest(self.caller, key or secrets.token_hex(8), receipt(**changes))


async def ensure_programme(database: Database) -> None:
    async with database.operator() as connection:
        await set_up_programme(connection, Programme(name="Test", time_zone=ZONE, currency="USD"))


async def restore_programme(database: Database, *, set_by: UUID) -> None:
    """Store the first settings again, as a new version: other tests go by them."""
    async with database.operator() as connection:
        [newest] = await programme_history(connection, most=1)
        await change_programme(
            connection, after=newest.version, name="Test", time_zone=ZONE.key, set_by=set_by
        )


async def open_shop(
    database: Database,
    *,
    points_per_unit: str = "1",
    valid_from: datetime = LONG_AGO,
    valid_to: datetime | None = None,
    **terms: Any,
) -> Shop:
    """Open a partner; ``terms`` are fields of its contract's Terms."""
    name = f"shop-{secrets.token_hex(6)}"
    fresh, secret_hash = _CREDENTIAL
    credential = Credential(id=_new_uuid(), secret=fresh.secret)
    async with database.operator() as connection:
        partner = await create_partner(
            connection, code=name, name=name.title(), legal_name=f"{name} Ltd", category="grocery"
        )
        contract = await agree_contract(
            connection,
            partner.id,
            Terms(points_per_unit=Decimal(points_per_unit), **{"currency": "USD"} | terms),
            valid_from=valid_from,
            valid_to=valid_to,
        )
        await open_outlets(connection, partner.id, [Outlet(code="1", name="Main Street")])
        await store_credential(connection, partner.id, credential.id, secret_hash, label="till")
    return Shop(partner, contract, credential)


async def find_card(connection: AsyncConnection, number: str) -> Card:
    """The card with a number, which there is."""
    row = (
        await connection.execute(
            select(
                card.c.bucket, card.c.id, card.c.member_id, card.c.number, card.c.valid_from
            ).where(card.c.number == number)
        )
    ).one()
    return Card(**row._mapping)


async def hire(database: Database, *, partner_id: UUID | None = None) -> Any:
    """Give somebody a job: at a partner, or at the operator. Nobody knows the password."""
    async with database.operator() as connection:
        staff = await create_staff(
            connection,
            email=f"{secrets.token_hex(8)}@example.test",
            name="Kim",
            partner_id=partner_id,
            password_hash=_CREDENTIAL[1],
        )
    return OperatorStaff(staff.id) if partner_id is None else PartnerStaff(staff.id, partner_id)


def _new_uuid() -> UUID:
    return UUID(bytes=secrets.token_bytes(16), version=4)


async def enrol_members(
    database: Database, count: int = 1, *, joined_at: datetime = LONG_AGO
) -> list[Enrolled]:
    """Enrol made-up people."""
    async with database.operator() as connection:
        outcomes = await enrol(
            connection,
            [
                Application(
                    name=f"Ann {secrets.token_hex(4)}",
                    contact_kind=ContactKind.EMAIL,
                    contact=f"{secrets.token_hex(8)}@example.test",
                )
                for _ in range(count)
            ],
            joined_at=joined_at,
        )
    members = [outcome for outcome in outcomes if isinstance(outcome, Enrolled)]
    assert len(members) == count
    return members


def line(amount: int, category: str | None = None, **changes: Any) -> ReceiptLine:
    """A line of ``amount`` minor units."""
    fields = {"sku": "4006381", "name": "Tea", "quantity": Decimal(1), **changes}
    return ReceiptLine(amount=amount, category=category, **fields)


def receipt(
    *, card: str, lines: Sequence[ReceiptLine] = (), total: int | None = None, **changes: Any
) -> Receipt:
    """A sound receipt of a moment ago, 12.34 in all unless ``lines`` say otherwise."""
    lines = tuple(lines) or (line(1_000, "FOOD"), line(234, "WINE"))
    occurred_at = changes.pop("occurred_at", datetime.now(UTC) - timedelta(minutes=1))
    fields: dict[str, Any] = {
        "outlet": "1",
        "terminal": "1",
        "number": secrets.token_hex(6),
        "business_date": occurred_at.astimezone(ZONE).date(),
        "currency": "USD",
        **changes,
    }
    return Receipt(
        card=card,
        occurred_at=occurred_at,
        lines=lines,
        total=sum(each.amount for each in lines) if total is None else total,
        **fields,
    )
