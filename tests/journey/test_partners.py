"""The eleven partners and their terms, as data."""

from decimal import Decimal

import pytest

from service.journey.partners import PARTNERS, Partner, partner_case


def test_there_are_eleven_and_their_keys_and_names_differ() -> None:
    assert len({partner.key for partner in PARTNERS}) == 11
    assert len({partner.legal_name for partner in PARTNERS}) == 11


def test_only_the_last_partner_takes_all_else() -> None:
    assert [partner.key for partner in PARTNERS if not partner.rules] == ["supermarket"]
    assert PARTNERS[-1].key == "supermarket"


def test_every_rule_asks_something() -> None:
    for partner in PARTNERS:
        for rule in partner.rules:
            assert rule.departments or rule.categories or rule.category_parts or rule.type_prefix


def test_the_mapping_is_one_case_with_a_branch_a_partner() -> None:
    case = partner_case()
    assert case.count("CASE") == 1
    assert case.count("WHEN") == len(PARTNERS) - 1
    assert case.endswith("ELSE 'supermarket'\nEND")


@pytest.mark.parametrize("partner", PARTNERS, ids=lambda partner: partner.key)
def test_terms_are_exact_and_positive(partner: Partner) -> None:
    terms = partner.terms
    numbers = [
        *(terms.points_per_unit, terms.redeem_value, terms.issue_price, terms.redeem_price),
        *terms.category_multipliers.values(),
    ]
    assert all(isinstance(number, Decimal) and number > 0 for number in numbers)
    assert not set(terms.excluded_categories) & set(terms.category_multipliers)


def test_the_operator_loses_on_no_pair_of_issuer_and_acceptor() -> None:
    cheapest = min(partner.terms.issue_price for partner in PARTNERS)
    dearest = max(partner.terms.redeem_price for partner in PARTNERS)
    assert cheapest >= dearest


def test_a_point_is_worth_the_same_everywhere() -> None:
    assert {partner.terms.redeem_value for partner in PARTNERS} == {Decimal(1)}
