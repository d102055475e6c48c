"""What has an id that holds for ever and leads back to it."""

import strawberry


@strawberry.interface(description="Something that `node` finds again by its id.")
class Node:
    """Relay's Node."""

    id: strawberry.ID = strawberry.field(description="Opaque, stable and unique at this door.")
