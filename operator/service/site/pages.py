"""The pages of a member: what is asked of the door, and which template shows the answer."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from schema.opaque import OUTLET_CURSOR, PARTNER_CURSOR, Opaque
from service.site.explaining import told, why_none
from service.site.forms import read_form
from service.site.refusing import refused
from service.site.visits import Visit

LATEST = 5
LINES = 25
PARTNERS = 20
OUTLETS = 50


async def home(visit: Visit) -> Response:
    """Tell a stranger what the programme is; a member has a page of their own."""
    if visit.holder is not None:
        return visit.go("/balance")
    return visit.page("home")


async def balance(visit: Visit) -> Response:
    """Show the points, the latest lines, and the way to the card."""
    data = await visit.ask("balance", first=LATEST)
    return visit.page("balance", **data, lines=_nodes(data["history"]))


async def history(visit: Visit) -> Response:
    """Show a page of the statement, the newest lines first, month by month."""
    after = visit.request.query_params.get("after")
    data = await visit.ask("history", first=LINES, after=after)
    months = _months(_nodes(data["history"]), "postedAt", visit)
    return visit.page("history", **data, months=months, after=after)


async def purchases(visit: Visit) -> Response:
    """Show a page of all purchases, also those that the statement has no line of."""
    after = visit.request.query_params.get("after")
    data = await visit.ask("purchases", first=LINES, after=after)
    months = _months(_nodes(data["purchases"]), "occurredAt", visit)
    return visit.page("purchases", **data, months=months, after=after)


async def purchase(visit: Visit) -> Response:
    """Show a receipt with the points of its lines, and why they are what they are."""
    data = await visit.ask("purchase", id=visit.request.path_params["id"])
    found = _found(data, "Purchase")
    steps, currency = found["explanation"], found["total"]["currency"]
    earned_none = found["points"] == 0
    return visit.page(
        "purchase",
        purchase=found,
        steps=list(told(steps, currency, visit.words)),
        reason=why_none(steps, visit.words) if earned_none else None,
        from_purchases=earned_none or visit.request.query_params.get("from") == "purchases",
    )


async def card(visit: Visit) -> Response:
    """Show the card for the till, and the cards that were."""
    data = await visit.ask("card")
    in_force = [each for each in data["cards"] if each["blockedAt"] is None]
    newest = max(in_force, key=lambda each: str(each["validFrom"]), default=None)
    others = [each for each in data["cards"] if each is not newest]
    return visit.page("card", **data, card=newest, other_cards=others)


async def partners(visit: Visit) -> Response:
    """Show who takes part and what they give."""
    after = visit.request.query_params.get("after")
    data = await visit.ask("partners", first=PARTNERS, after=after)
    return visit.page("partners", **data, listed=_nodes(data["partners"]), after=after)


async def partner(visit: Visit) -> Response:
    """Show one partner: all terms, and where it is."""
    after = visit.request.query_params.get("after")
    identifier = visit.request.path_params["id"]
    data = await visit.ask("partner", id=identifier, first=OUTLETS, after=after)
    found = _found(data, "Partner")
    return visit.page("partner", partner=found, outlets=_nodes(found["outlets"]), after=after)


async def set_greeting(visit: Visit) -> Response:
    """Let a partner greet by name, or no longer; then show that partner again."""
    form = await read_form(visit.request)
    identifier = visit.request.path_params["id"]
    allowed = form.get("allowed") == "yes"
    data = await visit.ask("set_greeting", input={"partnerId": identifier, "allowed": allowed})
    for error in data["setGreeting"]["errors"]:
        said = refused(error["code"], error["message"], visit.words)
        return visit.page("failure", status=422, kind="refused", said=said)
    if form.get("from") == "list":
        page = _page_after(form, PARTNER_CURSOR)
        return visit.go(f"/partners{page}#{data['setGreeting']['partner']['code']}")
    return visit.go(f"/partners/{identifier}{_page_after(form, OUTLET_CURSOR)}")


def _page_after(form: Mapping[str, str], kind: Opaque[Any]) -> str:
    """Return the query of the page that a form was on; the first, for what is no cursor."""
    after = form.get("after", "")
    return "" if kind.unseal(after) is None else f"?after={after}"


def _months(
    rows: list[dict[str, Any]], instant: str, visit: Visit
) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return rows by the month of the instant that orders them."""
    months = groupby(rows, key=lambda row: visit.words.month(row[instant]))
    return [(month, list(within)) for month, within in months]


def _nodes(connection: dict[str, Any]) -> list[dict[str, Any]]:
    return [edge["node"] for edge in connection["edges"]]


def _found(data: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return the node that was asked for. Raises HTTPException (404) when it is none of these."""
    node: dict[str, Any] | None = data["node"]
    if node is None or node["__typename"] != kind:
        raise HTTPException(404)
    return node
