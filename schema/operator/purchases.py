"""Recorded purchases of all partners."""

from datetime import datetime
from typing import Annotated

import strawberry

from partners.purchases import newest_of_coalition, newest_purchases, of_coalition
from schema.connections import DEFAULT_FIRST, After, Connection, First, page_size, start_of
from schema.fields import resolved
from schema.opaque import PARTNER, PURCHASE_CURSOR
from schema.operator.context import Info
from schema.operator.holdings import Purchase, purchase
from schema.purchases import purchase_page


@strawberry.type
class PurchaseQuery:
    """What the door tells of purchases."""

    @resolved("The recorded purchases of all partners or of one, the newest first by occurredAt.")
    async def purchases(
        self,
        info: Info,
        first: First = DEFAULT_FIRST,
        after: After = None,
        occurred_from: Annotated[
            datetime | None,
            strawberry.argument(name="from", description="Only of this instant or later."),
        ] = None,
        occurred_to: Annotated[
            datetime | None,
            strawberry.argument(name="to", description="Only of before this instant."),
        ] = None,
        partner_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="Only of the partner with this id."),
        ] = None,
    ) -> Connection[Purchase]:
        """Read a page of the purchases."""
        size, start = page_size(first), start_of(after, PURCHASE_CURSOR)
        only = None if partner_id is None else PARTNER.unseal(partner_id)
        if partner_id is not None and only is None:
            return purchase_page(purchase, [], size, after)  # as for any unknown partner
        async with info.context.reading() as reader:
            if only is None:
                rows = await newest_of_coalition(
                    reader,
                    before=start,
                    occurred_from=occurred_from,
                    occurred_to=occurred_to,
                    most=size + 1,
                )
            else:
                rows = await newest_purchases(
                    reader,
                    of_coalition(only),
                    before=start,
                    occurred_from=occurred_from,
                    occurred_to=occurred_to,
                    most=size + 1,
                )
        return purchase_page(purchase, rows, size, after)
