"""The member's schema as a document: every word described, and nothing in it of other doors."""

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    is_introspection_type,
    is_specified_scalar_type,
)

from schema.member import schema


def _parts() -> dict[str, str | None]:
    """Every type, field, argument and value with its description."""
    parts: dict[str, str | None] = {}
    for name, each in schema._schema.type_map.items():
        if is_introspection_type(each) or is_specified_scalar_type(each):
            continue
        parts[name] = each.description
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
    return parts


def test_everything_is_described() -> None:
    parts = _parts()
    assert "Query.history(first:)" in parts
    assert [part for part, description in parts.items() if not description] == []


def test_money_and_points_are_never_floats() -> None:
    assert "Float" not in schema._schema.type_map


def test_what_is_between_partner_and_operator_is_not_here() -> None:
    fields = {part.partition("(")[0].rpartition(".")[2].lower() for part in _parts()}
    assert "redeemvalue" in fields
    hidden = {
        "issueprice", "redeemprice", "acceptancedays", "legalname", "customer", "customers",
        "contract", "contracts", "terminals", "blockreason", "bucket", "memberid", "account",
    }  # fmt: skip
    assert fields & hidden == set()
