"""The site's languages: their catalogues, read from .po files at start, and who prefers which."""

from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

LOCALES = Path(__file__).with_name("locale")
DOMAIN = "messages"


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """A language that every page is offered in; ``name`` is its name for itself."""

    code: str
    name: str
    locale: Locale
    catalogue: Translations


@cache
def languages() -> dict[str, Language]:
    """Return the languages by the code that begins a path; the first is for who prefers none."""
    return {code: _language(code, name) for code, name in (("en", "English"), ("ru", "Русский"))}


def catalogue_file(code: str) -> Path:
    """Return where a language's catalogue lies."""
    return LOCALES / code / "LC_MESSAGES" / f"{DOMAIN}.po"


def _language(code: str, name: str) -> Language:
    with catalogue_file(code).open("rb") as file:
        catalogue = read_po(file, locale=code, domain=DOMAIN)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Language(code, name, Locale.parse(code), Translations(compiled, domain=DOMAIN))


def preferred(accept_language: str) -> Language:
    """Return the language that an Accept-Language header (RFC 9110, 12.5.4) asks for first."""
    offered = languages()
    wanted: list[tuple[float, str]] = []
    for choice in accept_language.split(","):
        tag, _, parameter = choice.partition(";")
        code = tag.strip().partition("-")[0].lower()
        if code in offered:
            wanted.append((_weight(parameter), code))
    best = max(wanted, key=lambda choice: choice[0], default=(0.0, ""))  # the first of equals
    return offered[best[1]] if best[0] > 0 else next(iter(offered.values()))


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
