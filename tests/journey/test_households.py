"""The made-up people: everyone differs, nobody can be called."""

import phonenumbers
import pytest

from service.journey.households import HIGHEST_ID, person

PEOPLE = [person(household) for household in range(1, HIGHEST_ID + 1)]


def test_no_two_households_share_a_name() -> None:
    assert len({(who.first_name, who.family_name) for who in PEOPLE}) == HIGHEST_ID


def test_no_two_households_share_a_number() -> None:
    assert len({who.phone for who in PEOPLE}) == HIGHEST_ID


def test_every_number_is_well_formed_and_of_the_block_for_fiction() -> None:
    for who in PEOPLE:
        number = phonenumbers.parse(who.phone)
        assert phonenumbers.is_valid_number(number)
        assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == who.phone
        assert who.phone[5:10] == "55501"


def test_a_household_is_the_same_person_every_time() -> None:
    assert person(1) == person(1) != person(2)


@pytest.mark.parametrize("household", [0, -1, HIGHEST_ID + 1])
def test_other_ids_are_refused(household: int) -> None:
    with pytest.raises(ValueError, match="1 to 2500"):
        person(household)
