"""What the pages ask of the member's door: stored, valid, and no costlier than it allows."""

import pytest
from graphql import parse, validate

from schema.costs import MOST_OBJECTS, largest_cost
from schema.member import schema
from service.site.member_door import (
    DOCUMENTS,
    DoorFailedError,
    NotAskedError,
    sound,
    stored_document,
)
from service.site.rendering import TEMPLATES

NAMES = sorted(file.stem for file in DOCUMENTS.glob("*.graphql"))
PAGES = {file.stem for file in TEMPLATES.glob("[!_]*.html")}
WITHOUT_DOCUMENT = {"home", "contact", "code", "name", "failure"}
ACTIONS = {"set_greeting"}


@pytest.mark.parametrize("name", NAMES)
def test_a_document_is_valid_and_allowed_whatever_its_variables(name: str) -> None:
    document = parse(stored_document(name))
    assert validate(schema._schema, document) == []
    assert largest_cost(schema._schema, document) <= MOST_OBJECTS


def test_each_personal_page_is_one_document_and_one_template() -> None:
    assert set(NAMES) - ACTIONS == PAGES - WITHOUT_DOCUMENT


def test_an_answer_with_an_incident_is_a_failure_of_ours() -> None:
    wrong = {"message": "Internal error", "extensions": {"code": "INTERNAL", "incident": "abc"}}
    with pytest.raises(DoorFailedError) as failed:
        sound({"data": {"me": None}, "errors": [wrong]})
    assert failed.value.incident == "abc"


def test_an_answer_with_another_error_is_about_the_variables() -> None:
    with pytest.raises(NotAskedError):
        sound({"errors": [{"message": "no cursor", "extensions": {"code": "BAD_USER_INPUT"}}]})
