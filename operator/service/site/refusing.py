"""Refusals in a member's words: the catalogue's by code, or else what the code means in English."""

from service.site.wording import Wording

CONTEXT = "refusal"


def refused(code: str, meaning: str, words: Wording) -> str:
    """Return what a refusal tells a member."""
    said = words.pgettext(CONTEXT, code)
    return meaning if said == code else said
