"""What a member decides: who may greet them by name."""

from typing import Annotated
from uuid import UUID

import strawberry

from coalition.consents import ConsentRefusal, decide
from coalition.tables import ConsentPurpose
from ledger.refusals import RefusedError
from schema.fields import resolved
from schema.member.context import Info
from schema.member.places import Partner, find_partner
from schema.member.refusals import Refusal, refusal
from schema.opaque import PARTNER


@strawberry.input(description="Whether a partner may greet you by name.")
class SetGreetingInput:
    """A decision about greeting."""

    partner_id: strawberry.ID = strawberry.field(description="The partner's id at this door.")
    allowed: bool = strawberry.field(
        description="True: its tills see your name when they scan your card. False: they don't."
    )


@strawberry.type(description="What became of the decision.")
class SetGreetingPayload:
    """The partner as decided about, or why nothing was stored."""

    errors: list[Refusal] = strawberry.field(description="Why nothing was stored; else empty.")
    partner_id: strawberry.Private[UUID | None]

    @resolved("The partner, as decided; null when nothing was stored.")
    async def partner(self, info: Info) -> Partner | None:
        """Load the partner."""
        return None if self.partner_id is None else await find_partner(info, self.partner_id)


@strawberry.type(description="What you may decide.")
class Mutation:
    """The door's mutations."""

    @resolved(
        "Decide whether a partner may greet you by name. The latest decision counts, from the"
        " next scan on; repeating it changes nothing. While your membership is blocked you can"
        " take the permission back, but not give it."
    )
    async def set_greeting(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 as every mutation's argument is called
            SetGreetingInput, strawberry.argument(description="The decision.")
        ],
    ) -> SetGreetingPayload:
        """Store the decision."""
        context = info.context
        partner_id = PARTNER.unseal(input.partner_id)
        if partner_id is None:
            return _refused(refusal(ConsentRefusal.PARTNER_UNKNOWN, "partnerId"))
        try:
            async with context.deciding() as connection:
                await decide(
                    connection,
                    context.holder,
                    partner_id,
                    ConsentPurpose.GREETING,
                    given=input.allowed,
                )
        except RefusedError as refused:
            return _refused(refusal(refused.refusal, *refused.path))
        return SetGreetingPayload(errors=[], partner_id=partner_id)


def _refused(refused: Refusal) -> SetGreetingPayload:
    return SetGreetingPayload(errors=[refused], partner_id=None)
