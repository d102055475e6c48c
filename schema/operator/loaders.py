"""Loaders of one request at the operator's door."""

from partners.purchases import of_coalition
from schema.context import Reading
from schema.operator.books import BookLoaders
from schema.operator.register import RegisterLoaders


class Loaders(RegisterLoaders, BookLoaders):
    """What many fields ask for one by one is read in one statement, over the whole coalition."""

    def __init__(self, reading: Reading) -> None:
        """Read in the request's transaction."""
        super().__init__(reading, of_coalition())
