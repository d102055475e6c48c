"""Names that people or firms chose: a text of any script, that may run the other way."""

from collections.abc import Iterable

from markupsafe import Markup

_ISOLATED = Markup("<bdi>{}</bdi>")


def isolated(name: str) -> Markup:
    """Return a name that can't turn the words around it."""
    return _ISOLATED.format(name)


def isolated_all(names: Iterable[str]) -> Markup:
    """Return names one after another."""
    return Markup(", ").join(map(isolated, names))
