"""The codes of the operator's door: each has one meaning, which says what to do, and is tested."""

from schema.operator import schema
from schema.operator.refusals import CODES


def test_a_code_means_one_thing() -> None:
    meanings: dict[str, set[str]] = {}
    for code in CODES:
        meanings.setdefault(code.value, set()).add(code.meaning)
    assert {code: told for code, told in meanings.items() if len(told) > 1} == {}


def test_every_code_is_in_the_schema() -> None:
    described = schema._schema.type_map["RefusalCode"]
    assert {code.value for code in CODES} == set(described.values)  # type: ignore[attr-defined]
