"""Consents: what a member allows one partner to do. Every decision is kept; the latest counts.

A blocked member may look, and take consent back, which must always be as easy as giving it; but
give none: nobody greets the holder of a card that is refused.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Uuid, any_, insert, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from coalition.members import Holder
from coalition.tables import ConsentPurpose, MemberStatus, consent, member
from ledger.refusals import Refusal, RefusedError
from partners.tables import partner


class ConsentRefusal(Refusal):
    """Why a decision was not stored."""

    PARTNER_UNKNOWN = (
        "PARTNER_UNKNOWN",
        "No partner has this id. Take an id from the list of partners.",
    )
    MEMBER_BLOCKED = (
        "MEMBER_BLOCKED",
        "The membership is blocked: consent can be taken back, but not given. Ask the"
        " coalition's operator.",
    )


async def decide(
    connection: AsyncConnection,
    holder: Holder,
    partner_id: UUID,
    purpose: ConsentPurpose,
    *,
    given: bool,
) -> None:
    """Store a member's decision; of those that race each other the last by the clock counts.

    Raises RefusedError with a ConsentRefusal.
    """
    status, known = (
        await connection.execute(
            select(
                member.c.status, select(partner.c.id).where(partner.c.id == partner_id).exists()
            ).where(member.c.bucket == holder.bucket, member.c.id == holder.member_id)
        )
    ).one()
    if not known:
        raise RefusedError(ConsentRefusal.PARTNER_UNKNOWN, "partnerId")
    if given and status is not MemberStatus.ACTIVE:
        raise RefusedError(ConsentRefusal.MEMBER_BLOCKED)
    # Always a row, also for the same again: to compare with the latest would miss one that is
    # being written, and lose a consent that is taken back meanwhile.
    await connection.execute(
        insert(consent).values(
            bucket=holder.bucket,
            member_id=holder.member_id,
            partner_id=partner_id,
            purpose=purpose,
            given=given,
        )
    )


async def consents_given(
    connection: AsyncConnection,
    holder: Holder,
    partner_ids: Sequence[UUID],
    purpose: ConsentPurpose,
) -> set[UUID]:
    """Return those of the partners to whom the member's latest decision gives consent."""
    latest = (
        select(consent.c.partner_id, consent.c.given)
        .ext(distinct_on(consent.c.partner_id))
        .where(
            consent.c.bucket == holder.bucket,
            consent.c.member_id == holder.member_id,
            consent.c.partner_id == any_(literal(list(partner_ids), ARRAY(Uuid))),
            consent.c.purpose == purpose,
        )
        .order_by(consent.c.partner_id, consent.c.decided_at.desc())
        .subquery()
    )
    rows = await connection.execute(select(latest.c.partner_id).where(latest.c.given))
    return set(rows.scalars())
