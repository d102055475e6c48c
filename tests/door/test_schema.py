"""The schemas as documents: committed as they are, and every word of them described."""

import json
import re
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    is_introspection_type,
    is_specified_scalar_type,
    parse,
    validate,
)
from graphql.utilities import validate_input_value

import schema.export
from schema import member, operator, partner
from schema.execution import DoorSchema

FOLDER = Path(schema.export.__file__).parent

DOORS = {"partner": partner.schema, "operator": operator.schema, "member": member.schema}

each_door = pytest.mark.parametrize("door", DOORS.values(), ids=DOORS.keys())


def test_the_committed_schemas_are_these() -> None:
    exported = schema.export.schemas()
    assert exported.keys() == DOORS.keys()
    for door, sdl in exported.items():
        committed = (FOLDER / f"{door}.graphql").read_text()
        assert committed == sdl, "run `coalition schema export`"


def test_what_breaks_clients_is_told() -> None:
    before = schema.export.schemas()["partner"]
    after = re.sub(r'  """[^"]*"""\n  purchaseCount: Int!\n', "", before)
    breaking, dangerous = schema.export.changes(before, after)
    assert breaking == ["Field Customer.purchaseCount was removed."]
    assert dangerous == []
    assert schema.export.changes(before, before) == ([], [])


@each_door
def test_everything_is_described(door: DoorSchema) -> None:
    undescribed = []
    for name, each in door._schema.type_map.items():
        if is_introspection_type(each) or is_specified_scalar_type(each):
            continue
        parts = {name: each.description}
        match each:
            case GraphQLEnumType():
                parts |= {f"{name}.{value}": it.description for value, it in each.values.items()}
            case GraphQLObjectType() | GraphQLInterfaceType() | GraphQLInputObjectType():
                parts |= {f"{name}.{field}": it.description for field, it in each.fields.items()}
        if isinstance(each, GraphQLObjectType):
            parts |= {
                f"{name}.{field}({argument}:)": it.description
                for field, definition in each.fields.items()
                for argument, it in definition.args.items()
            }
        undescribed += [part for part, description in parts.items() if not description]
    assert undescribed == []


@each_door
def test_money_and_points_are_never_floats(door: DoorSchema) -> None:
    assert "Float" not in door._schema.type_map


def test_the_documents_in_the_guide_are_valid() -> None:
    guide = (FOLDER.parent / "docs" / "graphql.md").read_text()
    documents = re.findall(r"```graphql\n(.*?)```", guide, re.DOTALL)
    assert len(documents) == 3
    for document in documents:
        assert validate(partner.schema._schema, parse(document)) == []


def test_the_receipt_in_the_guide_is_one() -> None:
    guide = (FOLDER.parent / "docs" / "graphql.md").read_text()
    [example] = re.findall(r"```json\n(\{\n.*?\n\})\n```", guide, re.DOTALL)
    errors: list[GraphQLError] = []
    validate_input_value(
        json.loads(example),
        partner.schema._schema.type_map["RecordPurchaseInput"],
        lambda error, _path: errors.append(error),
    )
    assert errors == []
