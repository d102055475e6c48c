"""What a document may ask: one operation, so deep, so many aliases, so many tokens.

The rules are made once: strawberry's own limiters are a new class each time, and a validation
cache never meets the same rules twice. Fragments are measured once each, so that fragments which
spread one another can't make the measuring itself costly.
"""

from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
)

DEEPEST = 12
MOST_ALIASES = 30
MOST_TOKENS = 2_000


class Measure(NamedTuple):
    """How deep selections go, and how many aliases they have with their fragments spread."""

    depth: int
    aliases: int


class OperationLimits(ValidationRule):
    """Refuses a document of several operations, or one that is too deep or has many aliases."""

    def __init__(self, context: ValidationContext) -> None:
        """Measure no fragment yet."""
        super().__init__(context)
        self._fragments: dict[str, Measure] = {}

    def enter_document(self, document: DocumentNode, *_: Any) -> None:
        """Measure the document's operations."""
        operations = [
            definition
            for definition in document.definitions
            if isinstance(definition, OperationDefinitionNode)
        ]
        if len(operations) > 1:
            self.report_error(
                GraphQLError("A request has one operation; this has more.", operations)
            )
        for operation in operations:
            measure = self._measure(operation.selection_set)
            if measure.depth > DEEPEST:
                self.report_error(
                    GraphQLError(
                        f"The operation is {measure.depth} fields deep; {DEEPEST} are allowed.",
                        operation,
                    )
                )
            if measure.aliases > MOST_ALIASES:
                self.report_error(
                    GraphQLError(
                        f"The operation has {measure.aliases} aliases; {MOST_ALIASES} are allowed.",
                        operation,
                    )
                )

    def _measure(self, selections: SelectionSetNode | None) -> Measure:
        if selections is None:
            return Measure(0, 0)
        depth = aliases = 0
        for selection in selections.selections:
            match selection:
                case FieldNode():
                    inner = self._measure_field(selection)
                case InlineFragmentNode():
                    inner = self._measure(selection.selection_set)
                case FragmentSpreadNode(name=name):
                    inner = self._measure_fragment(name.value)
                case _:
                    continue
            depth = max(depth, inner.depth)
            aliases += inner.aliases
        return Measure(depth, aliases)

    def _measure_field(self, field: FieldNode) -> Measure:
        own = int(field.alias is not None)
        if field.name.value.startswith("__"):
            return Measure(0, own)  # the specified rules limit the depth of introspection
        inner = self._measure(field.selection_set)
        return Measure(inner.depth + 1, inner.aliases + own)

    def _measure_fragment(self, name: str) -> Measure:
        if name not in self._fragments:
            self._fragments[name] = Measure(0, 0)  # in a cycle, which another rule refuses
            definition = self.context.get_fragment(name)
            if isinstance(definition, FragmentDefinitionNode):
                self._fragments[name] = self._measure(definition.selection_set)
        return self._fragments[name]
