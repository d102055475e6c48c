"""A partner's contracts never overlap, and are read back to the last decimal."""

import asyncio
import secrets
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ledger.identifiers import new_id
from ledger.refusals import Refusal, RefusedError
from partners.contracts import (
    Contract,
    Terms,
    agree_contract,
    contract_in_force,
    contracts_by_id,
    contracts_of_partners,
    read_contract,
)
from partners.refusals import ContractRefusal, RegistrationRefusal
from partners.registry import Partner, create_partner
from partners.tables import Rounding
from service.database.transactions import Database

pytestmark = pytest.mark.anyio

TERMS = Terms(currency="USD", points_per_unit=Decimal(1))


def day(number: int) -> datetime:
    return datetime(2026, 1, number, tzinfo=UTC)


@pytest.fixture
async def partner(database: Database) -> Partner:
    code = secrets.token_hex(6)
    async with database.operator() as connection:
        return await create_partner(
            connection, code=code, name=code, legal_name=code, category="grocery"
        )


async def _agree(
    database: Database, partner: Partner, since: int | None, until: int | None
) -> Contract:
    async with database.operator() as connection:
        return await agree_contract(
            connection,
            partner.id,
            TERMS,
            valid_from=None if since is None else day(since),
            valid_to=None if until is None else day(until),
        )


@pytest.mark.parametrize(
    ("since", "until"),
    [(10, 20), (11, 19), (5, 11), (19, 25), (5, 25), (10, None), (None, 11), (None, None)],
)
async def test_two_contracts_of_a_partner_do_not_overlap(
    database: Database, partner: Partner, since: int | None, until: int | None
) -> None:
    await _agree(database, partner, 10, 20)
    with pytest.raises(RefusedError) as refused:
        await _agree(database, partner, since, until)
    assert refused.value.refusal is ContractRefusal.CONTRACT_OVERLAPS


@pytest.mark.parametrize(("since", "until"), [(20, None), (20, 21), (None, 10), (9, 10)])
async def test_one_contract_begins_when_another_ends(
    database: Database, partner: Partner, since: int | None, until: int | None
) -> None:
    middle = await _agree(database, partner, 10, 20)
    other = await _agree(database, partner, since, until)
    async with database.operator() as connection:
        for instant, contract in ((day(10), middle), (day(19), middle)):
            assert await contract_in_force(connection, partner.id, instant) == contract
        edge = day(20) if since == 20 else day(9)
        assert await contract_in_force(connection, partner.id, edge) == other


async def test_a_refused_contract_leaves_the_transaction_usable(
    database: Database, partner: Partner
) -> None:
    await _agree(database, partner, 10, 20)
    async with database.operator() as connection:
        with pytest.raises(RefusedError):
            await agree_contract(connection, partner.id, TERMS, valid_from=day(15))
        await agree_contract(connection, partner.id, TERMS, valid_from=day(20))
    async with database.operator() as connection:
        assert await contract_in_force(connection, partner.id) is not None


async def test_contracts_of_two_partners_may_overlap(database: Database, partner: Partner) -> None:
    await _agree(database, partner, 10, 20)
    code = secrets.token_hex(6)
    async with database.operator() as connection:
        other = await create_partner(
            connection, code=code, name=code, legal_name=code, category="grocery"
        )
    await _agree(database, other, 10, 20)


async def test_of_raced_contracts_one_is_agreed(database: Database, partner: Partner) -> None:
    outcomes = await asyncio.gather(
        *(_agree(database, partner, 10, None) for _ in range(6)), return_exceptions=True
    )
    kinds = sorted(type(outcome).__name__ for outcome in outcomes)
    assert kinds == ["Contract"] + ["RefusedError"] * 5


async def test_a_contract_is_read_back_as_it_was_agreed(
    database: Database, partner: Partner
) -> None:
    terms = Terms(
        currency="RUB",
        points_per_unit=Decimal("0.333333333333"),
        rounding=Rounding.HALF_EVEN,
        excluded_categories=frozenset({"TOBACCO", "ЛОТЕРЕЯ"}),
        category_multipliers={"WINE": Decimal("1.10"), "TEA": Decimal("3")},
        redeem_value=Decimal("0.25"),
        redeem_step=50,
        redeem_least_balance=100,
        redeem_greatest_share=Decimal("0.99"),
        issue_price=Decimal("0.700000000001"),
        redeem_price=Decimal("0.69"),
        acceptance_days=7,
    )
    async with database.operator() as connection:
        agreed = await agree_contract(connection, partner.id, terms, valid_from=None)
        assert agreed.terms == terms
        assert (await contracts_by_id(connection, [agreed.id], partner_id=partner.id))[
            agreed.id
        ] == agreed
        assert await contracts_by_id(connection, [agreed.id], partner_id=new_id()) == {}


def test_a_contract_is_read_from_what_sql_describes() -> None:
    contract = Contract(
        id=new_id(), partner_id=new_id(), valid_from=day(1), valid_to=None, terms=TERMS
    )
    described = {
        "id": str(contract.id),
        "partner_id": str(contract.partner_id),
        "valid_from": "2026-01-01T00:00:00+00:00",
        "valid_to": None,
        "currency": "USD",
        "points_per_unit": "1",
        "rounding": "half_up",
        "excluded_categories": [],
        "category_multipliers": {},
        "redeem_value": "1",
        "redeem_step": 1,
        "redeem_least_balance": 0,
        "redeem_greatest_share": "1",
        "issue_price": "1",
        "redeem_price": "1",
        "acceptance_days": 30,
    }
    assert read_contract(described) == contract


TOO_FINE = Decimal("0.0000000000001")


@pytest.mark.parametrize(
    ("changes", "refusal", "path"),
    [
        ({"currency": "XXX"}, ContractRefusal.CURRENCY_UNKNOWN, "currency"),
        ({"points_per_unit": Decimal(-1)}, ContractRefusal.RATE_INVALID, "pointsPerUnit"),
        ({"points_per_unit": Decimal(1_000_001)}, ContractRefusal.RATE_INVALID, "pointsPerUnit"),
        ({"points_per_unit": TOO_FINE}, ContractRefusal.RATE_INVALID, "pointsPerUnit"),
        ({"points_per_unit": Decimal("NaN")}, ContractRefusal.RATE_INVALID, "pointsPerUnit"),
        (
            {"excluded_categories": frozenset({""})},
            RegistrationRefusal.CATEGORY_INVALID,
            "excludedCategories",
        ),
        (
            {"excluded_categories": frozenset(map(str, range(1_001)))},
            ContractRefusal.TOO_MANY_CATEGORIES,
            "excludedCategories",
        ),
        (
            {"category_multipliers": {str(each): Decimal(1) for each in range(1_001)}},
            ContractRefusal.TOO_MANY_CATEGORIES,
            "categoryMultipliers",
        ),
        (
            {"category_multipliers": {"TEA": Decimal(1), "\x00": Decimal(1)}},
            RegistrationRefusal.CATEGORY_INVALID,
            "categoryMultipliers.1.category",
        ),
        (
            {"category_multipliers": {"WINE": Decimal(-1)}},
            ContractRefusal.MULTIPLIER_INVALID,
            "categoryMultipliers.0.multiplier",
        ),
        (
            {"category_multipliers": {"WINE": Decimal("1000.1")}},
            ContractRefusal.MULTIPLIER_INVALID,
            "categoryMultipliers.0.multiplier",
        ),
        ({"redeem_value": Decimal(-1)}, ContractRefusal.REDEEM_VALUE_INVALID, "redeemValue"),
        ({"redeem_step": 0}, ContractRefusal.REDEEM_STEP_INVALID, "redeemStep"),
        ({"redeem_step": 2**31}, ContractRefusal.REDEEM_STEP_INVALID, "redeemStep"),
        (
            {"redeem_least_balance": -1},
            ContractRefusal.REDEEM_BALANCE_INVALID,
            "redeemLeastBalance",
        ),
        (
            {"redeem_least_balance": 2**31},
            ContractRefusal.REDEEM_BALANCE_INVALID,
            "redeemLeastBalance",
        ),
        (
            {"redeem_greatest_share": Decimal("1.01")},
            ContractRefusal.REDEEM_SHARE_INVALID,
            "redeemGreatestShare",
        ),
        ({"issue_price": Decimal(-1)}, ContractRefusal.PRICE_INVALID, "issuePrice"),
        ({"redeem_price": TOO_FINE}, ContractRefusal.PRICE_INVALID, "redeemPrice"),
        ({"acceptance_days": -1}, ContractRefusal.ACCEPTANCE_INVALID, "acceptanceDays"),
        ({"acceptance_days": 36_501}, ContractRefusal.ACCEPTANCE_INVALID, "acceptanceDays"),
    ],
)
async def test_terms_that_no_one_can_mean_are_refused(
    database: Database, partner: Partner, changes: dict[str, Any], refusal: Refusal, path: str
) -> None:
    async with database.operator() as connection:
        with pytest.raises(RefusedError) as refused:
            await agree_contract(connection, partner.id, replace(TERMS, **changes), valid_from=None)
    assert (refused.value.refusal, ".".join(refused.value.path)) == (refusal, f"terms.{path}")


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "path"),
    [
        (datetime(1, 1, 1, tzinfo=UTC), None, "validFrom"),
        (datetime(9999, 12, 31, tzinfo=UTC), None, "validFrom"),
        (day(1), datetime(9999, 12, 31, tzinfo=UTC), "validTo"),
        (day(2), day(2), "validTo"),
        (day(2), day(1), "validTo"),
    ],
)
async def test_a_period_that_no_one_can_mean_is_refused(
    database: Database,
    partner: Partner,
    valid_from: datetime,
    valid_to: datetime | None,
    path: str,
) -> None:
    async with database.operator() as connection:
        with pytest.raises(RefusedError) as refused:
            await agree_contract(
                connection, partner.id, TERMS, valid_from=valid_from, valid_to=valid_to
            )
    assert refused.value.refusal is ContractRefusal.PERIOD_INVALID
    assert refused.value.path == (path,)


async def test_a_contract_is_a_partners(database: Database) -> None:
    async with database.operator() as connection:
        with pytest.raises(RefusedError) as refused:
            await agree_contract(connection, new_id(), TERMS, valid_from=None)
    assert refused.value.refusal is RegistrationRefusal.PARTNER_UNKNOWN


async def test_a_contract_without_beginning_comes_last_in_the_pages(
    database: Database, partner: Partner
) -> None:
    last = await _agree(database, partner, None, 5)
    first = await _agree(database, partner, 5, None)
    async with database.operator() as connection:
        [whole] = (
            await contracts_of_partners(connection, [partner.id], after=None, most=9)
        ).values()
        [rest] = (
            await contracts_of_partners(connection, [partner.id], after=first.id, most=9)
        ).values()
        [none] = (
            await contracts_of_partners(connection, [partner.id], after=last.id, most=9)
        ).values()
    assert (whole, rest, none) == ([first, last], [last], [])
