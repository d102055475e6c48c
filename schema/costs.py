"""What an answer may cost: how many objects it can have, told from the document and its variables.

A list counts as many objects as a page of it was asked for, and whatever is within it that many
times. Documents that stay within the limit even with the largest pages are known by a look-up.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_interface_type,
    is_object_type,
)
from strawberry.extensions import SchemaExtension

from coalition.cards import MOST_CARDS
from coalition.recording import MOST_ITEMS
from partners.totals import MOST_TOTALS
from schema.scalars import LARGEST_PAGE

MOST_OBJECTS = 25_000
LENGTHS = {
    "outcomes": MOST_ITEMS,
    "totals": MOST_TOTALS,
    "rows": 1_000,
    "cards": MOST_CARDS,
    "lines": 10,
    "explanation": 4,
    "steps": 4,
    "tenders": 2,
}
"""What lists without pages count for: whole answers at their longest, a trial balance as of many
partners, a member's cards and what is of a receipt as they usually are; others for 1."""


class CostLimit(SchemaExtension):
    """Refuses an operation whose answer could have more than ``MOST_OBJECTS`` objects."""

    def on_execute(self) -> Iterator[None]:
        """Count before anything is executed."""
        context = self.execution_context
        schema: GraphQLSchema = context.schema._schema
        document = context.graphql_document
        assert document is not None
        if largest_cost(schema, document) > MOST_OBJECTS:
            count = Counting(schema, document, context.variables or {}).cost()
            if count > MOST_OBJECTS:
                raise GraphQLError(
                    f"The answer could have {count} objects; {MOST_OBJECTS} are allowed. Ask for"
                    " smaller pages.",
                    extensions={"code": "QUERY_TOO_LARGE"},
                )
        yield


@lru_cache(maxsize=256)
def largest_cost(schema: GraphQLSchema, document: DocumentNode) -> int:
    """Return how many objects an answer has at most, whatever the variables."""
    return Counting(schema, document, None).cost()


class Counting:
    """Counts the objects of a valid document's answer; without variables, at their largest."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        variables: Mapping[str, object] | None,
    ) -> None:
        """Take a document with one operation."""
        self._schema = schema
        self._variables = variables
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        [self._operation] = [
            definition
            for definition in document.definitions
            if isinstance(definition, OperationDefinitionNode)
        ]
        self._declared = {
            definition.variable.name.value: definition.default_value
            for definition in self._operation.variable_definitions or ()
        }
        self._counted: dict[str, int] = {}

    def cost(self) -> int:
        """Return the count."""
        root = self._schema.get_root_type(self._operation.operation)
        return self._count(self._operation.selection_set, root)

    def _count(self, selections: SelectionSetNode | None, parent: Any) -> int:
        if selections is None or not (is_object_type(parent) or is_interface_type(parent)):
            return 0
        count = 0
        for selection in selections.selections:
            match selection:
                case FieldNode():
                    count += self._count_field(selection, parent.fields)
                case InlineFragmentNode(type_condition=None):
                    count += self._count(selection.selection_set, parent)
                case InlineFragmentNode(type_condition=condition) if condition is not None:
                    within = self._schema.get_type(condition.name.value)
                    count += self._count(selection.selection_set, within)
                case FragmentSpreadNode():
                    count += self._count_fragment(selection.name.value)
        return count

    def _count_fragment(self, name: str) -> int:
        if name not in self._counted:
            fragment = self._fragments[name]
            within = self._schema.get_type(fragment.type_condition.name.value)
            self._counted[name] = self._count(fragment.selection_set, within)
        return self._counted[name]

    def _count_field(self, field: FieldNode, fields: Mapping[str, GraphQLField]) -> int:
        definition = fields.get(field.name.value)
        if definition is None or field.selection_set is None:
            return 0
        within = get_named_type(definition.type)
        inner = self._count(field.selection_set, within)
        length = self._length(field, definition)
        if within.name.endswith("Connection"):
            return 1 + length * inner  # its edges are the list
        return length * (1 + inner)

    def _length(self, field: FieldNode, definition: GraphQLField) -> int:
        paging = definition.args.get("first")
        if paging is None:
            return LENGTHS.get(field.name.value, 1)
        default = paging.default_value if isinstance(paging.default_value, int) else LARGEST_PAGE
        for argument in field.arguments or ():
            if argument.name.value == "first":
                return self._page(argument.value, default)
        return default

    def _page(self, value: ValueNode, default: int) -> int:
        match value:
            case IntValueNode():
                return int(value.value)
            case VariableNode(name=name):
                return self._variable_page(name.value, default)
            case _:
                return default

    def _variable_page(self, name: str, default: int) -> int:
        if self._variables is None:
            return LARGEST_PAGE
        if name in self._variables:
            given = self._variables[name]
            return given if isinstance(given, int) else default  # else null, or refused anyway
        declared = self._declared.get(name)
        return default if declared is None else self._page(declared, default)
