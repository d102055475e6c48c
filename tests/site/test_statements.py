"""How many SQL statements a page costs: as many with a hundred purchases behind it as with one."""

import pytest

from tests.door.test_statements import counted
from tests.door.tills import Till
from tests.identity.people import Outbox
from tests.site.members import Browser, fresh_sale

pytestmark = pytest.mark.anyio

PAGES = {
    # The session; three to open the member's transaction; then what the page's document asks.
    "balance": 4 + 8,
    "history": 4 + 6,
    "purchases": 4 + 2,
    "card": 4 + 2,
    "partners": 4 + 3,
}


async def test_pages_cost_as_many_however_much_there_is(
    member: Browser, till: Till, outbox: Outbox
) -> None:
    card = await member.card_number()
    await till.record(fresh_sale(card))
    few = await costs(member)
    for start in range(0, 100, 50):
        await till.record_many(
            [
                {"idempotencyKey": f"many-{start + n}", "receipt": fresh_sale(card)}
                for n in range(50)
            ]
        )
    assert few == await costs(member) == PAGES


async def costs(member: Browser) -> dict[str, int]:
    """Open each page; how many statements each ran."""
    found = {}
    await member.open("/en/balance")  # the programme is known from then on
    for page in PAGES:
        with counted() as ran:
            assert (await member.open(f"/en/{page}")).status_code == 200
        found[page] = len(ran)
    return found
