"""The schema as a document: committed as it is, and every word of it described."""

import json
import re
from pathlib import Path

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
from schema.partner import schema as partner_schema

COMMITTED = Path(schema.export.__file__).parent / "partner.graphql"


def test_the_committed_schema_is_this_one() -> None:
    assert COMMITTED.read_text() == schema.export.sdl(), "run `coalition schema export`"


def test_everything_is_described() -> None:
    undescribed = []
    for name, each in partner_schema._schema.type_map.items():
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


def test_money_and_points_are_never_floats() -> None:
    assert "Float" not in partner_schema._schema.type_map


def test_the_documents_in_the_guide_are_valid() -> None:
    guide = (COMMITTED.parent.parent / "docs" / "graphql.md").read_text()
    documents = re.findall(r"```graphql\n(.*?)```", guide, re.DOTALL)
    assert len(documents) == 2
    for document in documents:
        assert validate(partner_schema._schema, parse(document)) == []


def test_the_receipt_in_the_guide_is_one() -> None:
    guide = (COMMITTED.parent.parent / "docs" / "graphql.md").read_text()
    [example] = re.findall(r"```json\n(\{\n.*?\n\})\n```", guide, re.DOTALL)
    errors: list[GraphQLError] = []
    validate_input_value(
        json.loads(example),
        partner_schema._schema.type_map["RecordPurchaseInput"],
        lambda error, _path: errors.append(error),
    )
    assert errors == []
