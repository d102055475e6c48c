"""Every text of the site is there in each language, and nothing else is."""

from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from coalition.consents import ConsentRefusal
from coalition.identity.codes import CodeRefusal
from coalition.members import EnrolmentRefusal
from service.identity import LogInRefusal
from service.site.languages import LOCALES, catalogue_file, languages, preferred
from service.site.refusing import CONTEXT

Message = tuple[str | None, str]

STAFF_ONLY = {LogInRefusal.LOG_IN_FAILED, LogInRefusal.SESSION_ENDED}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}


def used() -> set[Message]:
    """Every message in templates and code, and every refusal that a page may tell."""
    found = extract_from_dir(
        LOCALES.parent,
        [("**.py", "python"), ("templates/**.html", "jinja2.ext.babel_extract")],
        {"templates/**.html": {"trimmed": "true", "silent": "false"}},
        keywords=KEYWORDS,
    )
    messages: set[Message] = set()
    for _file, _line, message, _comments, context in found:
        messages.add((context, message if isinstance(message, str) else message[0]))
    refusals = {*EnrolmentRefusal, *CodeRefusal, *LogInRefusal, *ConsentRefusal} - STAFF_ONLY
    return messages | {(CONTEXT, refusal.value) for refusal in refusals}


def catalogue(code: str) -> Catalog:
    with catalogue_file(code).open("rb") as file:
        return read_po(file, locale=code)


@pytest.mark.parametrize("code", languages())
def test_a_catalogue_has_every_message_and_no_other(code: str) -> None:
    held = {
        (message.context, message.id if isinstance(message.id, str) else message.id[0])
        for message in catalogue(code)
        if message.id
    }
    assert held == used()


@pytest.mark.parametrize("code", languages())
def test_every_message_is_translated_and_none_is_fuzzy(code: str) -> None:
    for message in catalogue(code):
        forms = [message.string] if isinstance(message.string, str) else message.string
        assert all(forms), message.id
        assert not message.fuzzy, message.id


@pytest.mark.parametrize("code", languages())
def test_a_translation_names_what_its_message_names(code: str) -> None:
    for message in catalogue(code):
        if not message.id or message.context == CONTEXT:
            continue
        original = message.id if isinstance(message.id, str) else message.id[1]
        forms = [message.string] if isinstance(message.string, str) else message.string
        assert {named(form) for form in forms} == {named(original)}, message.id


def named(text: str) -> frozenset[str]:
    """The names of a text's gaps, %(like)s this."""
    braces = text.replace("{", "{{").replace("}", "}}").replace("%(", "{").replace(")s", "}")
    return frozenset(name for _, name, _, _ in Formatter().parse(braces) if name)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "en"),
        ("ru", "ru"),
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("en-GB, ru;q=0.9", "en"),
        ("de, ru;q=0.5, en;q=0.4", "ru"),
        ("de", "en"),
        ("ru;q=0", "en"),
        ("ru;q=nonsense, en;q=0.1", "en"),
        (";;,,=", "en"),
    ],
)
def test_the_language_is_the_one_preferred_of_those_offered(header: str, code: str) -> None:
    assert preferred(header).code == code
