"""Why a purchase earned what it did, step by step in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from service.site.names import isolated, isolated_all
from service.site.wording import Wording


@dataclass(frozen=True, slots=True)
class Told:
    """A step in words, and the points that it adds or, for the last, comes to."""

    kind: str
    sentence: Markup
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


def why_none(steps: Sequence[Mapping[str, Any]], words: Wording) -> Markup:
    """Return why a purchase earned no points, in a sentence."""
    exact = sum((Decimal(step["points"]) for step in steps[:-1]), Decimal(0))
    if exact > 0:
        return _said(
            words.gettext("All together it came to %(points)s, which is 0 when rounded."),
            points=words.points(exact),
        )
    [base] = [step for step in steps if step["kind"] == "BASE_RATE"]
    if Decimal(base["rate"]) == 0:
        return _said(words.gettext("The partner's base rate was 0 when you bought this."))
    excluded = [step["category"] for step in steps if step["kind"] == "CATEGORY_EXCLUDED"]
    if Decimal(base["amount"]["amount"]) > 0:
        return _said(words.gettext("By the partner's terms nothing on this receipt earns points."))
    if excluded:
        return _said(
            words.gettext("The receipt has only what earns no points here: %(categories)s."),
            categories=isolated_all(excluded),
        )
    return _said(words.gettext("The receipt comes to 0, so there is nothing to earn points on."))


def _sentence(step: Mapping[str, Any], currency: str, words: Wording) -> Markup:
    money = words.money(step["amount"])
    if step["kind"] == "BASE_RATE":
        return _said(
            words.gettext("%(money)s at the base rate: %(rate)s."),
            money=money,
            rate=words.rate(step["rate"], currency),
        )
    category = isolated(step["category"])
    if step["kind"] == "CATEGORY_EXCLUDED":
        sentence = words.gettext("%(category)s earns no points here: %(money)s left out.")
        return _said(sentence, category=category, money=money)
    factor = words.factor(step["rate"])
    return _said(
        _change(Decimal(step["points"]), words), category=category, factor=factor, money=money
    )


def _change(points: Decimal, words: Wording) -> str:
    if points == 0:
        return words.gettext("%(category)s counts %(factor)s: nothing changes for %(money)s.")
    if points < 0:
        return words.gettext("%(category)s counts %(factor)s: %(money)s earned fewer points.")
    return words.gettext("%(category)s counts %(factor)s: %(money)s earned more points.")


def _rounding(step: Mapping[str, Any], exact: Decimal, words: Wording) -> Markup:
    if exact == Decimal(step["points"]):
        return _said(words.gettext("All together; nothing was left to round."))
    return _said(
        words.gettext("%(points)s all together, rounded %(way)s."),
        points=words.points(exact),
        way=words.rounding(step["rounding"]),
    )


def _said(sentence: str, **facts: str) -> Markup:
    """Return a sentence of the catalogue with facts; what is no markup yet is escaped."""
    return Markup(sentence) % facts  # noqa: S704  # catalogues are ours
