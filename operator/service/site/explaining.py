"""Why a purchase earned what it did, step by step in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from service.site.wording import Wording


@dataclass(frozen=True, slots=True)
class Told:
    """A step in words, and the points that it adds or, for the last, comes to."""

    kind: str
    sentence: str
    figure: str


def told(steps: Sequence[Mapping[str, Any]], currency: str, words: Wording) -> Iterator[Told]:
    """Yield the steps of an explanation as the door answers them, in words."""
    exact = Decimal(0)
    for step in steps:
        if step["kind"] == "ROUNDING":
            yield Told(step["kind"], _rounding(step, exact, words), words.number(step["points"]))
        else:
            exact += Decimal(step["points"])
            yield Told(step["kind"], _sentence(step, currency, words), words.signed(step["points"]))


def _sentence(step: Mapping[str, Any], currency: str, words: Wording) -> str:
    facts = {"money": words.money(step["amount"]), "category": step["category"]}
    if step["kind"] == "CATEGORY_EXCLUDED":
        return words.gettext("%(category)s earns no points here: %(money)s left out.") % facts
    if step["kind"] == "BASE_RATE":
        facts["rate"] = words.rate(step["rate"], currency)
        return words.gettext("%(money)s at the base rate: %(rate)s.") % facts
    facts["factor"] = words.factor(step["rate"])
    if Decimal(step["points"]) < 0:
        return words.gettext("%(category)s counts %(factor)s: less for %(money)s.") % facts
    return words.gettext("%(category)s counts %(factor)s: more for %(money)s.") % facts


def _rounding(step: Mapping[str, Any], exact: Decimal, words: Wording) -> str:
    if exact == Decimal(step["points"]):
        return words.gettext("All together; nothing was left to round.")
    return words.gettext("%(points)s all together, rounded %(way)s.") % {
        "points": words.points(exact),
        "way": words.rounding(step["rounding"]),
    }
