"""Contracts with partners: agreed, changed from an instant on, ended. The past is never edited."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.refusals import RefusedError
from partners import contracts as agreements
from partners.refusals import ContractRefusal, RegistrationRefusal
from partners.tables import Rounding
from partners.terms import MOST_CATEGORIES, Terms
from schema.connections import Connection, connection
from schema.contracts import Contract, RoundingMode, contract
from schema.fields import resolved
from schema.opaque import CONTRACT, CONTRACT_CURSOR, PARTNER
from schema.operator.context import Info
from schema.operator.identifiers import named
from schema.operator.refusals import Refusal
from schema.scalars import Cursor, Points

_PLACES = "with at most 12 decimal places"


def contract_page(
    rows: list[agreements.Contract], size: int, after: Cursor | None
) -> Connection[Contract]:
    """Return a page of contracts as the door shows it."""
    return connection(
        rows,
        size=size,
        after=after,
        cursor=lambda row: CONTRACT_CURSOR.seal(row.id),
        node=contract,
    )


@strawberry.input(description="How much more, or less, a category earns.")
class CategoryMultiplierInput:
    """A category with its multiplier."""

    category: str = strawberry.field(
        description="The category, as receipt lines name it: 1 to 200 printable characters."
    )
    multiplier: Decimal = strawberry.field(
        description=f"What the points of its lines are multiplied by: 0 to 1,000, {_PLACES}."
    )


@strawberry.input(description="What a partner gives and takes, and at which prices.")
class TermsInput:
    """All terms of a contract."""

    currency: str = strawberry.field(description="The ISO 4217 code of receipts' currency.")
    points_per_unit: Decimal = strawberry.field(
        description="Points earned for one major unit of the currency (a rouble, a dollar): 0 to"
        f" 1,000,000, {_PLACES}."
    )
    rounding: RoundingMode = strawberry.field(
        default=RoundingMode.HALF_UP, description="How a receipt's points are rounded, once."
    )
    excluded_categories: list[str] = strawberry.field(
        default_factory=list,
        description="Categories whose lines earn nothing, as receipt lines name them: up to 1,000.",
    )
    category_multipliers: list[CategoryMultiplierInput] = strawberry.field(
        default_factory=list,
        description="Categories whose lines earn at another rate: up to 1,000.",
    )
    redeem_value: Decimal = strawberry.field(
        description="Minor units of the currency (kopecks, cents) off the price for one point: 0"
        f" to 1,000,000, {_PLACES}."
    )
    redeem_step: Points = strawberry.field(
        default=Points(1),
        description="Points are paid in whole multiples of this many points: 1 to 10^9.",
    )
    redeem_least_balance: Points = strawberry.field(
        default=Points(0),
        description="The balance in points below which a member can't pay with points: 0 to 10^9.",
    )
    redeem_greatest_share: Decimal = strawberry.field(
        description=f"The greatest part of a receipt that points may pay: 0 to 1, {_PLACES}."
    )
    issue_price: Decimal = strawberry.field(
        description="Minor units of the currency that the partner owes for a point it issued: 0"
        f" to 1,000,000, {_PLACES}."
    )
    redeem_price: Decimal = strawberry.field(
        description="Minor units of the currency that the partner is owed for a point it redeemed:"
        f" 0 to 1,000,000, {_PLACES}."
    )
    acceptance_days: int = strawberry.field(
        default=30,
        description="How many days old a purchase may be when it arrives: 0 to 36,500.",
    )


@strawberry.input(description="A contract to agree with a partner.")
class AgreeContractInput:
    """Terms for a period in which the partner has no contract yet."""

    partner_id: strawberry.ID = strawberry.field(description="The partner's id.")
    terms: TermsInput = strawberry.field(description="What is agreed.")
    valid_from: datetime = strawberry.field(
        description="The first instant it is in force at, in the years 2000 to 2199."
    )
    valid_to: datetime | None = strawberry.field(
        default=None,
        description="The first instant it is no longer in force at; else it stays open.",
    )


@strawberry.input(description="A change of a contract.")
class ChangeContractInput:
    """New terms from an instant on."""

    id: strawberry.ID = strawberry.field(description="The id of the partner's open contract.")
    at: datetime = strawberry.field(
        description="The first instant of the new terms: ten minutes from now or later."
    )
    terms: TermsInput = strawberry.field(description="All that is agreed from then on.")


@strawberry.input(description="The end of a contract.")
class EndContractInput:
    """An end that nothing follows."""

    id: strawberry.ID = strawberry.field(description="The id of the partner's open contract.")
    at: datetime = strawberry.field(
        description="The first instant it is no longer in force at: ten minutes from now or later."
    )


@strawberry.type(description="What became of a contract.")
class ContractPayload:
    """The contract, or why nothing was agreed."""

    contract: Contract | None = strawberry.field(
        description="The contract as it stands: a new one after a change. Null when refused."
    )
    errors: list[Refusal] = strawberry.field(description="Why it was refused; else empty.")


@strawberry.type
class ContractMutation:
    """What the door does to contracts."""

    @resolved("Agree on a contract with a partner, for a period in which it has none.")
    async def agree_contract(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 as every mutation's argument is called
            AgreeContractInput, strawberry.argument(description="The contract.")
        ],
    ) -> ContractPayload:
        """Agree on a contract."""

        async def agree(connection: AsyncConnection) -> agreements.Contract:
            return await agreements.agree_contract(
                connection,
                named(PARTNER, input.partner_id, RegistrationRefusal.PARTNER_UNKNOWN, "partnerId"),
                _terms(input.terms),
                valid_from=input.valid_from,
                valid_to=input.valid_to,
            )

        return _payload(await info.context.write(agree))

    @resolved(
        "Agree on other terms from an instant on: the open contract ends there and another begins."
        " Purchases of before go by the old terms for ever."
    )
    async def change_contract(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            ChangeContractInput, strawberry.argument(description="The change.")
        ],
    ) -> ContractPayload:
        """Change a contract."""

        async def change(connection: AsyncConnection) -> agreements.Contract:
            return await agreements.change_contract(
                connection, _contract_id(input.id), _terms(input.terms), at=input.at
            )

        return _payload(await info.context.write(change))

    @resolved("End an open contract at an instant. From then on purchases earn nothing.")
    async def end_contract(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            EndContractInput, strawberry.argument(description="The end.")
        ],
    ) -> ContractPayload:
        """End a contract."""

        async def end(connection: AsyncConnection) -> agreements.Contract:
            return await agreements.end_contract(connection, _contract_id(input.id), at=input.at)

        return _payload(await info.context.write(end))


def _contract_id(identifier: strawberry.ID) -> UUID:
    return named(CONTRACT, identifier, ContractRefusal.CONTRACT_UNKNOWN, "id")


def _payload(written: agreements.Contract | Refusal) -> ContractPayload:
    if isinstance(written, Refusal):
        return ContractPayload(contract=None, errors=[written])
    return ContractPayload(contract=contract(written), errors=[])


def _terms(sent: TermsInput) -> Terms:
    """Return the terms as sent. Raises RefusedError for a category that has two multipliers."""
    if len(sent.category_multipliers) > MOST_CATEGORIES:
        raise RefusedError(ContractRefusal.TOO_MANY_CATEGORIES, "terms", "categoryMultipliers")
    multipliers: dict[str, Decimal] = {}
    for place, each in enumerate(sent.category_multipliers):
        if each.category in multipliers:
            path = ("terms", "categoryMultipliers", str(place), "category")
            raise RefusedError(ContractRefusal.CATEGORY_TWICE, *path)
        multipliers[each.category] = each.multiplier
    return Terms(
        currency=sent.currency,
        points_per_unit=sent.points_per_unit,
        rounding=Rounding(sent.rounding.value),
        excluded_categories=frozenset(sent.excluded_categories),
        category_multipliers=multipliers,
        redeem_value=sent.redeem_value,
        redeem_step=sent.redeem_step,
        redeem_least_balance=sent.redeem_least_balance,
        redeem_greatest_share=sent.redeem_greatest_share,
        issue_price=sent.issue_price,
        redeem_price=sent.redeem_price,
        acceptance_days=sent.acceptance_days,
    )
