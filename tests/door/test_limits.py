"""What a document may ask, and what a request may send; constant documents are checked once."""

from itertools import pairwise
from typing import Any

import pytest
from strawberry.extensions.parser_cache import _get_parse_cache
from strawberry.extensions.validation_cache import _get_validate_cache

from schema.costs import MOST_OBJECTS, largest_cost
from schema.execution import CACHED_DOCUMENTS, LONGEST_DOCUMENT
from schema.limits import DEEPEST, MOST_ALIASES, MOST_TOKENS
from tests.door.tills import RECORD, Till, sale

pytestmark = pytest.mark.anyio


def in_depth(levels: int) -> str:
    """A document that goes from customers to their purchases to their customers, and so on."""
    names = ["customers", "edges", "node"]
    while len(names) < levels - 1:
        names += ["purchases(first: 1)", "edges", "node", "customer"]
    names = names[: levels - 1]
    leaf = {"edges": "cursor", "node": "id", "customer": "id"}.get(
        names[-1], "edges { __typename }"
    )
    return "{ " + " { ".join([*names, leaf]) + " }" * (len(names) + 1)


async def errors_of(till: Till, document: str, **variables: Any) -> list[dict[str, Any]]:
    errors: list[dict[str, Any]] = (await till.ask(document, **variables)).get("errors", [])
    return errors


@pytest.mark.parametrize("levels", range(DEEPEST - 1, DEEPEST + 3))
async def test_depth(till: Till, levels: int) -> None:
    plain = in_depth(levels).replace("customers", "customers(first: 1)")
    within = plain.replace("{ customers", "{ ...Q } fragment Q on Query { customers")
    inline = plain.replace("{ customers", "{ ... on Query { customers") + " }"
    for document in (plain, within, inline):
        messages = [each["message"] for each in await errors_of(till, document)]
        if levels <= DEEPEST:
            assert messages == []
        else:
            assert messages == [f"The operation is {levels} fields deep; {DEEPEST} are allowed."]


async def test_aliases(till: Till) -> None:
    def aliased(count: int) -> str:
        return "{" + " ".join(f"a{n}: partner {{ code }}" for n in range(count)) + "}"

    assert await errors_of(till, aliased(MOST_ALIASES)) == []
    [error] = await errors_of(till, aliased(MOST_ALIASES + 1))
    assert error["message"] == f"The operation has 31 aliases; {MOST_ALIASES} are allowed."

    spread = "fragment F on Query { one: __typename two: __typename } { ...F x: partner { ...P } }"
    spread += " fragment P on Partner { y: code }"
    assert await errors_of(till, spread) == []


async def test_fragments_that_double_cost_nothing_to_refuse(till: Till) -> None:
    names = [f"F{n}" for n in range(150)]
    document = "{ ...F0 }" + "".join(
        f" fragment {name} on Query {{ ...{after} ...{after} }}" for name, after in pairwise(names)
    )
    document += f" fragment {names[-1]} on Query {{ a: __typename }}"
    [error] = await errors_of(till, document)
    assert error["message"] == f"The operation has {2**149} aliases; {MOST_ALIASES} are allowed."


async def test_fragments_in_a_circle_or_missing(till: Till) -> None:
    circle = "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"
    assert [each["extensions"]["code"] for each in await errors_of(till, circle)] == [
        "GRAPHQL_VALIDATION_FAILED"
    ]
    [error] = await errors_of(till, "{ ...Missing }")
    assert error["message"] == "Unknown fragment 'Missing'."


async def test_tokens(till: Till) -> None:
    [error] = await errors_of(till, "{" + " __typename" * MOST_TOKENS + " }")
    assert error["message"] == (
        f"Syntax Error: Document contains more than {MOST_TOKENS} tokens. Parsing aborted."
    )
    assert error["extensions"] == {"code": "QUERY_TOO_LARGE"}


async def test_the_length_of_a_document(till: Till) -> None:
    def long(length: int) -> str:
        return '{ node(id: "") { id } }'.replace('""', '"' + "x" * (length - 23) + '"')

    assert len(long(LONGEST_DOCUMENT)) == LONGEST_DOCUMENT
    assert await errors_of(till, long(LONGEST_DOCUMENT)) == []
    [error] = await errors_of(till, long(LONGEST_DOCUMENT + 1))
    assert error["message"].endswith("send values as variables.")


async def test_one_operation_a_request(till: Till) -> None:
    document = "query A { __typename } query B { __typename }"
    response = await till.post({"query": document, "operationName": "A"})
    [error] = response.json()["errors"]
    assert error["message"] == "A request has one operation; this has more."


COSTLY = """
  query Costly($first: PageSize) {
    customers(first: 100) { edges { node {
      purchases(first: $first) { edges { node { total { amount } } } }
    } } }
  }
"""


async def test_the_cost_counts_pages_within_pages(till: Till) -> None:
    literal = COSTLY.replace("($first: PageSize)", "").replace("first: $first", "first: 100")
    declared = COSTLY.replace("PageSize)", "PageSize = 100)")
    for refused in (
        await errors_of(till, COSTLY, first=100),
        await errors_of(till, literal),
        await errors_of(till, declared),
    ):
        [error] = refused
        assert error["extensions"] == {"code": "QUERY_TOO_LARGE"}
        # A list of 100 edges with a node, which has a list of 100 edges with a node and a total.
        assert error["message"].startswith("The answer could have 30301 objects; 25000 are")
    assert await errors_of(till, COSTLY, first=20) == []
    assert await errors_of(till, COSTLY) == []
    assert await errors_of(till, COSTLY, first=None) == []
    assert await errors_of(till, declared, first=20) == []
    assert MOST_OBJECTS == 25_000


async def test_a_constant_document_is_parsed_and_validated_once(till: Till, card: str) -> None:
    parsing, validation = (
        _get_parse_cache(CACHED_DOCUMENTS),
        _get_validate_cache(CACHED_DOCUMENTS),
    )
    await till.record(sale(card))
    before = parsing.cache_info(), validation.cache_info(), largest_cost.cache_info()
    for _ in range(5):
        await till.record(sale(card))
    after = parsing.cache_info(), validation.cache_info(), largest_cost.cache_info()
    for was, now in zip(before, after, strict=True):
        assert now.misses == was.misses
        assert now.hits == was.hits + 5
    assert "recordPurchase" in RECORD


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("{ partner { code }", "GRAPHQL_PARSE_FAILED"),
        ("{ partner { secret } }", "GRAPHQL_VALIDATION_FAILED"),
        ("", "GRAPHQL_VALIDATION_FAILED"),
        ("fragment F on Query { partner { code } }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { partner { code } }", "GRAPHQL_VALIDATION_FAILED"),
        ("\0", "GRAPHQL_PARSE_FAILED"),
        ("{" * 1_500, "GRAPHQL_PARSE_FAILED"),
    ],
    ids=lambda value: f"{value!r:.30}",
)
async def test_malformed_graphql(till: Till, content: str, code: str) -> None:
    answer = await till.ask(content)
    assert "data" not in answer
    assert {each["extensions"]["code"] for each in answer["errors"]} == {code}


async def test_a_number_for_money_is_refused(till: Till, card: str) -> None:
    for amount in (12.34, 12, None, "1e3", "12,34", "NaN", "", " 1", "١", "1" * 21):
        answer = await till.ask(
            RECORD, input={"idempotencyKey": "k", "receipt": sale(card, total=amount)}
        )
        assert "data" not in answer
        assert {each["extensions"]["code"] for each in answer["errors"]} == {
            "GRAPHQL_VALIDATION_FAILED"
        }


async def test_a_flood_of_errors_is_cut(till: Till, card: str) -> None:
    receipt = sale(card)
    receipt["lines"] = [{"sku": 1}] * 5_000
    errors = await errors_of(till, RECORD, input={"idempotencyKey": "k", "receipt": receipt})
    assert len(errors) == 50
