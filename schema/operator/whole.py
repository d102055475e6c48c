"""The half of the operator's door that sees the whole: members, purchases, ledger and totals."""

import strawberry

from coalition.members import Holder
from schema.nodes import Node
from schema.opaque import ACCOUNT, ISSUED_CARD, MEMBER, POSTING, PURCHASE
from schema.operator.cards import CardMutation
from schema.operator.context import OperatorContext
from schema.operator.holdings import (
    load_account,
    load_card,
    load_member,
    load_posting,
    load_purchase,
)
from schema.operator.ledger import LedgerQuery
from schema.operator.members import MemberMutation, MemberQuery
from schema.operator.purchases import PurchaseQuery
from schema.operator.totals import TotalsQuery


@strawberry.type
class WholeQuery(MemberQuery, PurchaseQuery, LedgerQuery, TotalsQuery):
    """What the door tells of the whole coalition."""


@strawberry.type
class WholeMutation(MemberMutation, CardMutation):
    """What the door does to members and their cards."""


async def find_whole(context: OperatorContext, identifier: str) -> Node | None:
    """Return the member, card, purchase, account or posting with an id, or None."""
    if (key := MEMBER.unseal(identifier)) is not None:
        return await load_member(context, Holder(*key))
    if (key := ISSUED_CARD.unseal(identifier)) is not None:
        return await load_card(context, key)
    if (place := PURCHASE.unseal(identifier)) is not None:
        return await load_purchase(context, place)
    if (key := ACCOUNT.unseal(identifier)) is not None:
        return await load_account(context, key)
    if (posting_id := POSTING.unseal(identifier)) is not None:
        return await load_posting(context, posting_id)
    return None
