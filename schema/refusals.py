"""Business refusals as data: what every door's ``Refusal`` has beside its code.

Each door has an enum of the codes that it answers with, and a ``Refusal`` type of its own.
"""

import strawberry


@strawberry.type(description="Why something was refused. It is an answer, not a failure.")
class RefusalFields:
    """A refusal as a payload's ``errors`` carry it; each door's type adds the code."""

    message: str = strawberry.field(description="The reason and what to do next, for a person.")
    path: list[str] = strawberry.field(
        description="The input it is about: names and places from 0, from the argument inwards."
        " Empty when it is about none."
    )
