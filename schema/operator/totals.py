"""What the coalition sold by partner and month."""

from datetime import date
from typing import Annotated

import strawberry

from ledger.refusals import RefusedError
from partners import totals as stored_totals
from partners.refusals import RegistrationRefusal
from schema.fields import resolved
from schema.money import Money, money
from schema.opaque import PARTNER
from schema.operator.context import Info
from schema.operator.identifiers import named
from schema.operator.partners import Partner, partner
from schema.operator.refusals import Refusal, refusal
from schema.scalars import Points


@strawberry.type(description="What a partner sold to members in a month.")
class MonthlyTotal:
    """A partner's month."""

    month: date = strawberry.field(description="The month's first day.")
    purchases: int = strawberry.field(description="How many purchases.")
    buyers: int = strawberry.field(description="How many different members made them.")
    points: Points = strawberry.field(description="Points earned on them.")
    turnover: list[Money] = strawberry.field(
        description="What was paid in all, for each currency, in the order of its code."
    )
    stored: strawberry.Private[stored_totals.MonthlyTotal]

    @resolved("The partner.")
    async def partner(self, info: Info) -> Partner:
        """Load the partner."""
        found = await info.context.loaders.partners.load(self.stored.partner_id)
        assert found is not None
        return partner(found)


@strawberry.type(description="Totals by month and partner, or why there are none.")
class MonthlyTotalsPayload:
    """The totals."""

    totals: list[MonthlyTotal] = strawberry.field(
        description="By month, the earliest first; a partner's month without purchases is left"
        " out. Up to 5,000; empty when refused."
    )
    errors: list[Refusal] = strawberry.field(description="Why it was refused; else empty.")


@strawberry.type
class TotalsQuery:
    """What the door tells of all purchases together."""

    @resolved(
        "Purchases, buyers, money and points by partner and month, over at most 24 months. A"
        " purchase is of the month of its businessDate, whenever it arrived."
    )
    async def monthly_totals(
        self,
        info: Info,
        first_month: Annotated[
            date, strawberry.argument(name="from", description="Any day of the first month.")
        ],
        last_month: Annotated[
            date, strawberry.argument(name="to", description="Any day of the last month.")
        ],
        partner_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="Only of the partner with this id."),
        ] = None,
    ) -> MonthlyTotalsPayload:
        """Sum the purchases."""
        try:
            only = (
                None
                if partner_id is None
                else named(PARTNER, partner_id, RegistrationRefusal.PARTNER_UNKNOWN, "partnerId")
            )
            if only is not None and await info.context.loaders.partners.load(only) is None:
                raise RefusedError(RegistrationRefusal.PARTNER_UNKNOWN, "partnerId")
            async with info.context.reading() as reader:
                found = await stored_totals.monthly_totals(
                    reader, first_month, last_month, partner_id=only
                )
        except RefusedError as refused:
            return MonthlyTotalsPayload(totals=[], errors=[refusal(refused.refusal, *refused.path)])
        return MonthlyTotalsPayload(totals=[_total(each) for each in found], errors=[])


def _total(stored: stored_totals.MonthlyTotal) -> MonthlyTotal:
    return MonthlyTotal(
        month=stored.month,
        purchases=stored.purchases,
        buyers=stored.buyers,
        points=Points(stored.points),
        turnover=[money(each.amount, each.currency) for each in stored.turnovers],
        stored=stored,
    )
