"""The desk's SQL functions as Python calls: claim, facts, record, refuse.

The desk's role may call these and touch no table. Each item carries its caller's credential,
and the functions derive the partner from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from coalition.programme.assessment import Facts
from coalition.programme.earning import Earning
from partners.contracts import Contract, read_contract
from partners.receipts import Flaw, Receipt, Tender
from partners.refusals import PurchaseRefusal


@dataclass(frozen=True, slots=True)
class Item:
    """A receipt to record as ``purchase_id``, and the flaw of its form, if any."""

    purchase_id: UUID
    credential_id: UUID
    key: str
    receipt: Receipt
    flaw: Flaw | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """Key and receipt are the item's: record or refuse it in this transaction."""


@dataclass(frozen=True, slots=True)
class Known:
    """The key or the receipt was recorded before, as this purchase."""

    purchase_id: UUID
    points: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Priced:
    """An item with what it earns under the contract that it falls under."""

    item: Item
    contract: Contract
    earning: Earning


_CLAIM = text("""
    select state, refusal, refused_path, purchase_id, points, recorded_at
    from coalition.claim_purchases(
      cast(:credentials as uuid[]), cast(:keys as text[]), cast(:fingerprints as bytea[]),
      cast(:purchase_ids as uuid[]), cast(:cards as text[]), cast(:outlets as text[]),
      cast(:terminals as text[]), cast(:business_dates as date[]), cast(:numbers as text[]),
      cast(:malformed as boolean[])
    )
    order by ordinal
""")

_FACTS = text("""
    select asked_at, partner_id is not null as credential_in_force, outlet_known, terminal_known,
      card_valid_from, card_blocked_at, coalesce(member_active, false) as member_active,
      contract_id, contract_terms, acceptance_days
    from coalition.purchase_facts(
      cast(:credentials as uuid[]), cast(:cards as text[]), cast(:outlets as text[]),
      cast(:terminals as text[]), cast(:occurred_ats as timestamptz[])
    )
    order by ordinal
""")

_RECORD = text("""
    select coalition.record_purchases(
      cast(:credentials as uuid[]), cast(:keys as text[]), cast(:purchase_ids as uuid[]),
      cast(:cards as text[]), cast(:outlets as text[]), cast(:terminals as text[]),
      cast(:contracts as uuid[]), cast(:numbers as text[]), cast(:business_dates as date[]),
      cast(:occurred_ats as timestamptz[]), cast(:currencies as text[]),
      cast(:amounts as bigint[]), cast(:points as bigint[]), cast(:tenders as jsonb[]),
      cast(:line_places as int[]), cast(:line_numbers as smallint[]),
      cast(:line_skus as text[]), cast(:line_names as text[]), cast(:line_categories as text[]),
      cast(:line_quantities as numeric[]), cast(:line_amounts as bigint[]),
      cast(:line_points as bigint[])
    )
""")

_REFUSE = text("""
    select coalition.refuse_purchases(
      cast(:credentials as uuid[]), cast(:keys as text[]), cast(:purchase_ids as uuid[]),
      cast(:outlets as text[]), cast(:terminals as text[]), cast(:business_dates as date[]),
      cast(:numbers as text[]), cast(:refusals as text[]), cast(:refused_paths as text[])
    )
""")


async def claim(connection: AsyncConnection, items: Sequence[Item]) -> list[Claimed | Known | Flaw]:
    """Claim each item's key and receipt, or tell what is stored under them."""
    if not items:
        return []
    rows = await connection.execute(
        _CLAIM,
        {
            **_receipt_columns(items),
            "fingerprints": [item.receipt.fingerprint() for item in items],
            # Texts of a malformed receipt may not even be storable.
            "cards": ["" if item.flaw else item.receipt.card for item in items],
            "malformed": [item.flaw is not None for item in items],
        },
    )
    claims: list[Claimed | Known | Flaw] = []
    for row in rows:
        if row.state == "claimed":
            claims.append(Claimed())
        elif row.state == "recorded":
            claims.append(Known(row.purchase_id, row.points, row.recorded_at))
        else:
            claims.append(Flaw(PurchaseRefusal[row.refusal], row.refused_path))
    return claims


def _receipt_columns(items: Sequence[Item]) -> dict[str, list[object]]:
    return {
        "credentials": [item.credential_id for item in items],
        "keys": [item.key for item in items],
        "purchase_ids": [item.purchase_id for item in items],
        "outlets": ["" if item.flaw else item.receipt.outlet for item in items],
        "terminals": ["" if item.flaw else item.receipt.terminal for item in items],
        "business_dates": [item.receipt.business_date for item in items],
        "numbers": ["" if item.flaw else item.receipt.number for item in items],
    }


async def facts(
    connection: AsyncConnection, receipts: Sequence[tuple[UUID, Receipt]]
) -> list[Facts]:
    """Return what the coalition knows about each (credential id, receipt), in order."""
    if not receipts:
        return []
    rows = await connection.execute(
        _FACTS,
        {
            "credentials": [credential_id for credential_id, _ in receipts],
            "cards": [receipt.card for _, receipt in receipts],
            "outlets": [receipt.outlet for _, receipt in receipts],
            "terminals": [receipt.terminal for _, receipt in receipts],
            "occurred_ats": [receipt.occurred_at for _, receipt in receipts],
        },
    )
    contracts: dict[UUID | None, Contract] = {}
    known = []
    for row in rows:
        if row.contract_terms is not None:
            contracts[row.contract_id] = read_contract(row.contract_terms)
        known.append(
            Facts(
                asked_at=row.asked_at,
                credential_in_force=row.credential_in_force,
                outlet_known=row.outlet_known,
                terminal_known=row.terminal_known,
                contract=contracts.get(row.contract_id),
                acceptance_days=row.acceptance_days,
                card_valid_from=row.card_valid_from,
                card_blocked_at=row.card_blocked_at,
                member_active=row.member_active,
            )
        )
    return known


async def record(connection: AsyncConnection, purchases: Sequence[Priced]) -> datetime:
    """Write claimed purchases with all that follows from them; return the instant."""
    if not purchases:
        return datetime.now(UTC)
    items = [purchase.item for purchase in purchases]
    lines = [
        (place, number, line, points)
        for place, purchase in enumerate(purchases, start=1)
        for number, (line, points) in enumerate(
            zip(purchase.item.receipt.lines, purchase.earning.line_points, strict=True), start=1
        )
    ]
    recorded = await connection.execute(
        _RECORD,
        {
            **_receipt_columns(items),
            "cards": [item.receipt.card for item in items],
            "contracts": [purchase.contract.id for purchase in purchases],
            "occurred_ats": [item.receipt.occurred_at for item in items],
            "currencies": [item.receipt.currency for item in items],
            "amounts": [item.receipt.total for item in items],
            "points": [purchase.earning.points for purchase in purchases],
            "tenders": [_tenders(item.receipt.tenders) for item in items],
            "line_places": [place for place, _, _, _ in lines],
            "line_numbers": [number for _, number, _, _ in lines],
            "line_skus": [line.sku for _, _, line, _ in lines],
            "line_names": [line.name for _, _, line, _ in lines],
            "line_categories": [line.category for _, _, line, _ in lines],
            "line_quantities": [line.quantity for _, _, line, _ in lines],
            "line_amounts": [line.amount for _, _, line, _ in lines],
            "line_points": [points for _, _, _, points in lines],
        },
    )
    instant: datetime = recorded.scalar_one()
    return instant


def _tenders(tenders: Sequence[Tender]) -> str | None:
    if not tenders:
        return None
    return orjson.dumps(
        [{"kind": tender.kind, "amount": tender.amount} for tender in tenders]
    ).decode()


async def refuse(connection: AsyncConnection, refusals: Sequence[tuple[Item, Flaw]]) -> None:
    """Remember final refusals under their keys, and free the receipts claimed for them."""
    if not refusals:
        return
    await connection.execute(
        _REFUSE,
        {
            **_receipt_columns([item for item, _ in refusals]),
            "refusals": [flaw.refusal.value for _, flaw in refusals],
            "refused_paths": [flaw.path for _, flaw in refusals],
        },
    )
