"""What the coalition holds after a load, read from the database and not from the loader."""

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Column, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from coalition.tables import member
from partners.tables import customer, idempotency, partner, purchase, purchase_line
from service.database.transactions import Database
from service.journey.founding import CURRENCY
from service.journey.loading import Progress


@dataclass(frozen=True, slots=True)
class PartnerSummary:
    """One partner's receipts, lines, turnover (in whole money), points and customers."""

    partner: str
    receipts: int
    lines: int
    turnover: Decimal
    points: int
    customers: int


@dataclass(frozen=True, slots=True)
class Summary:
    """All partners, who was refused and why, and how fast this run was."""

    partners: tuple[PartnerSummary, ...]
    members: int
    refused: dict[str, int]
    loaded: int
    known: int
    seconds: float
    memory_mib: int

    def as_dict(self) -> dict[str, Any]:
        """Return the summary as plain values; money as a decimal string."""
        return {
            "partners": [asdict(row) | {"turnover": str(row.turnover)} for row in self.partners],
            "members": self.members,
            "receipts": sum(row.receipts for row in self.partners),
            "lines": sum(row.lines for row in self.partners),
            "turnover": f"{sum(row.turnover for row in self.partners)} {CURRENCY}",
            "points": sum(row.points for row in self.partners),
            "refused": self.refused,
            "loaded": self.loaded,
            "known": self.known,
            "seconds": round(self.seconds, 1),
            "receipts_a_second": round(self.loaded / self.seconds) if self.seconds else 0,
            "memory_mib": self.memory_mib,
        }


async def summarise(database: Database, progress: Progress, *, memory_mib: int) -> Summary:
    """Read what the database holds over one snapshot."""
    seconds = progress.seconds
    async with database.audit() as connection:
        bought = await connection.execute(
            select(
                purchase.c.partner_id,
                func.count().label("receipts"),
                func.sum(purchase.c.amount).label("amount"),
                func.sum(purchase.c.points).label("points"),
            ).group_by(purchase.c.partner_id)
        )
        totals = {row.partner_id: row for row in bought}
        lines = await _count(connection, purchase_line.c.partner_id)
        customers = await _count(connection, customer.c.partner_id)
        registry = await connection.execute(
            select(partner.c.id, partner.c.name).order_by(partner.c.name)
        )
        partners = tuple(
            PartnerSummary(
                partner=row.name,
                receipts=totals[row.id].receipts,
                lines=lines[row.id],
                turnover=Decimal(int(totals[row.id].amount)).scaleb(-2),
                points=int(totals[row.id].points),
                customers=customers[row.id],
            )
            for row in registry
            if row.id in totals
        )
        refusals = await connection.execute(
            select(idempotency.c.refusal, func.count())
            .where(idempotency.c.refusal.is_not(None))
            .group_by(idempotency.c.refusal)
            .order_by(idempotency.c.refusal)
        )
        members = await connection.execute(select(func.count()).select_from(member))
        return Summary(
            partners=partners,
            members=members.scalar_one(),
            refused=dict(refusals.tuples().all()),
            loaded=progress.recorded + progress.refused,
            known=progress.known,
            seconds=seconds,
            memory_mib=memory_mib,
        )


async def _count(connection: AsyncConnection, by: "Column[UUID]") -> dict[UUID, int]:
    rows = await connection.execute(select(by, func.count()).group_by(by))
    return dict(rows.tuples().all())
