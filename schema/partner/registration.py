"""The partner itself, as the partner's door shows it."""

import strawberry


@strawberry.type(description="The business that calls.")
class Partner:
    """The caller's own entry in the register."""

    code: str = strawberry.field(description="Its short name, unique in the coalition.")
    name: str = strawberry.field(description="The name that members know.")
    legal_name: str = strawberry.field(description="The name in its contracts.")
    category: str = strawberry.field(description="What kind of business it is.")
